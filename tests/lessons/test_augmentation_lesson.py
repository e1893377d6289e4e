"""Lesson 430: what its claims say where they do not hold, and what the page's controls make of its presets."""

import numpy as np
import pytest

from cnnviz.engine.experiment import replace
from cnnviz.engine.records import Recording, Snapshot
from cnnviz.engine.words import AUGMENTATIONS, MIXINGS
from cnnviz.lessons import find
from cnnviz.ui.link import preset_value

LESSON = find("augmentation")
CLAIMS = {claim.measure.__name__: claim for claim in LESSON.claims}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_fails_with_its_numbers_where_the_nets_do_not_differ(stored, name):
    preset = CLAIMS[name].preset
    plain = stored(preset)["A"]
    variants = LESSON.presets[preset].variants
    same = {v: Recording(e, plain.layers, plain.about, plain.ending).extend(plain.snapshots()) for v, e in variants.items()}
    measured = CLAIMS[name].measure(same)
    assert not measured.holds
    assert any(letter.isdigit() for letter in measured.sentence)


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_says_nothing_of_a_run_without_its_augmentation(stored, name):
    found = stored(CLAIMS[name].preset)
    bare = Recording(found["A"].experiment, found["B"].layers, found["B"].about).extend(found["B"].snapshots())
    assert CLAIMS[name].measure({"A": found["A"], "B": bare}) is None
    assert CLAIMS[name].measure({"A": found["A"]}) is None


def test_the_prediction_is_answered_by_both_accuracies(stored):
    batch, test = ([stored("few")[v].column(c)[-1] for v in "AB"] for c in ("accuracy", "test_accuracy"))
    assert batch[1] < batch[0]
    assert test[1] > test[0]
    assert LESSON.prediction.options[LESSON.prediction.answer(stored("few"))].startswith("Right less often on its batches, more")
    assert LESSON.prediction.answer(stored("meaning")) is None


@pytest.mark.parametrize("preset", LESSON.presets)
def test_the_controls_of_a_preset_show_what_is_done_to_bs_images_and_nothing_else_of_b(preset):
    a, b = LESSON.presets[preset].variants.values()
    settings = {name: preset_value(LESSON.presets[preset], name) for name in (*AUGMENTATIONS, *MIXINGS, "lr", "steps")}
    assert replace(a, **settings) == b
    assert not a.augmentation.used


def test_both_nets_of_a_preset_begin_alike_and_are_tested_alike(stored):
    for preset in ("few", "meaning"):
        first, second = (recording.column("test_loss")[0] for recording in stored(preset).values())
        assert first == second
        assert np.isfinite(first)


def test_how_often_6_and_9_are_mixed_up_is_counted_cell_by_cell(stored):
    recordings = stored("meaning")
    table = recordings["B"].column("confusion")[-1]
    pairs = {(a, b): table[a][b] + table[b][a] for a in range(10) for b in range(a)}
    turned = pairs.pop((9, 6))
    usual = sum(pairs.values()) / len(pairs)
    measured = CLAIMS["turning_mixes_up"].measure(recordings)
    assert measured.holds == (turned > 3 * usual)
    assert f"B {turned:.0f}; any other two digits it mixes up {usual:.2f} times on average" in measured.sentence
    right = [
        sum(table[d][d] for d in digits) / sum(table[d].sum() for d in digits) for digits in ([6, 9], [0, 1, 2, 3, 4, 5, 7, 8])
    ]
    assert f"{100 * right[0]:.1f} % with; " in measured.sentence
    assert np.isclose(table.trace() / table.sum(), recordings["B"].column("test_accuracy")[-1], rtol=1e-3)


def turned_into(stored, change):
    """The recordings of "meaning" with B's last confusion matrix changed."""
    a, b = stored("meaning").values()
    *before, last = b.snapshots()
    table = change(np.diag([36.0] * 10))
    changed = Recording(b.experiment, b.layers, b.about).extend(
        [*before, Snapshot(last.step, {**last.values, "confusion": table})]
    )
    return {"A": a, "B": changed}


@pytest.mark.parametrize(("sixes", "eights", "holds"), [(4, 0, True), (0, 9, False), (4, 60, False)])
def test_6_and_9_count_only_where_they_stand_out_from_the_other_pairs(stored, sixes, eights, holds):
    def change(table):
        table[6, 9], table[8, 7] = sixes, eights
        return table

    measured = CLAIMS["turning_mixes_up"].measure(turned_into(stored, change))
    assert measured.holds == holds
    assert f"B {sixes};" in measured.sentence


def test_the_preset_says_what_it_turns_and_opens_the_counts():
    preset = LESSON.presets["meaning"]
    assert preset.variants["B"].augmentation.used == {"rotate": 180.0}
    assert preset.title == "Digits turned by any angle"
    assert "up to 180 degrees" in preset.why
    assert preset.tab == "Confusion matrix"
    assert all(experiment.measure.confusion for experiment in preset.variants.values())
