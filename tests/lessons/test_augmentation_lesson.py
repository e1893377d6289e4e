"""Lesson 430: what its claims say where they do not hold, and what the page's controls make of its presets."""

import numpy as np
import pytest

from cnnviz.engine.experiment import replace
from cnnviz.engine.records import Recording
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
