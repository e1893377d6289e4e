"""Lesson 450: what its presets show beside the claims, and what the claims say where pools make no difference."""

import numpy as np
import pytest

from cnnviz.engine.records import Recording, Snapshot
from cnnviz.engine.words import POOLINGS, SHIFTS, UNPOOLINGS
from cnnviz.lessons import find
from cnnviz.lessons.pooling import KINDS, WORDS, costs
from cnnviz.ui.controls import describe

LESSON = find("pooling")
CLAIMS = {claim.measure.__name__: claim for claim in LESSON.claims}
SAME = {
    "shift_consistency": np.linspace(1, 0.5, len(SHIFTS)),
    "unpooled_once": np.full(len(UNPOOLINGS), 0.5),
    "test_accuracy": 0.8,
    "train_loss": 0.1,
    "test_loss": 0.9,
}


def alike(name, **better):
    """A preset's recordings in which all variants end with the same numbers, but those of one pooling with `better` ones."""
    found = {}
    for letter, experiment in LESSON.presets[name].variants.items():
        own = better if experiment.net.pooling == "none" else {}
        found[letter] = Recording(experiment, ()).extend([Snapshot(0, {**SAME, **own})])
    return found


@pytest.mark.parametrize("name", [name for name in CLAIMS if name != "pooling_saves_work"])
def test_a_claim_fails_with_its_numbers_where_pools_make_no_difference(name):
    measured = CLAIMS[name].measure(alike(CLAIMS[name].preset))
    assert not measured.holds
    assert any(letter.isdigit() for letter in measured.sentence)


def test_the_claim_on_work_fails_where_whole_maps_are_worth_it():
    assert CLAIMS["pooling_saves_work"].measure(alike("whole")).holds
    assert not CLAIMS["pooling_saves_work"].measure(alike("whole", test_accuracy=0.95)).holds


def test_the_prediction_is_answered_by_the_kind_that_keeps_the_fewest_answers_at_one_pixel(stored):
    kept = {r.experiment.net.pooling: r.column("shift_consistency")[-1, 1] for r in stored("moved").values()}
    asked = ((kept["max"] + kept["strided"]) / 2, kept["average"], kept["blur"])
    assert LESSON.prediction.answer(stored("moved")) == min(range(3), key=lambda place: asked[place])
    assert LESSON.prediction.answer(stored("ends")) is None


def test_nets_of_the_first_preset_differ_in_their_pooling_alone_and_start_alike(stored):
    norms = [recording.column("weight_norm")[0] for recording in stored("moved").values()]
    assert all(np.array_equal(norms[0], other) for other in norms)
    assert len({(r.about["params"], r.experiment.net.ending) for r in stored("moved").values()}) == 1


def test_every_net_of_the_first_preset_has_learned(stored):
    assert min(r.column("test_accuracy")[-1] for r in stored("moved").values()) > 0.6


@pytest.mark.parametrize("name", LESSON.presets)
def test_the_table_of_costs_has_a_row_a_variant_under_a_name_of_its_own_and_shares_of_the_first(name):
    variants = LESSON.presets[name].variants
    table = costs(variants, describe(variants))
    assert table["of A's"][0] == "100 %"
    assert [row.partition(", ")[0] for row in table["variant"]] == list(variants)
    assert len({row.partition(", ")[2] for row in table["variant"]}) == len(variants)
    assert len({len(column) for column in table.values()}) == 1
    assert set(table["last maps"]) <= {"7 × 7", "28 × 28"}


def test_every_pooling_has_a_word_and_a_row_of_its_own():
    assert set(WORDS) == set(POOLINGS)
    assert len({len(row) for row in KINDS}) == 1
    assert len(KINDS) == 1 + len(POOLINGS) + 1  # the heads, and global average pooling
