"""Lesson 420: what its presets show beside the claims, what the claims say where they do not hold, and its table of one step."""

import numpy as np
import pytest

from cnnviz.engine.records import Recording, Snapshot
from cnnviz.lessons import dropout, find

LESSON = find("dropout")
CLAIMS = {claim.measure.__name__: claim for claim in LESSON.claims}
SAME = {  # columns by claim, equal in all variants
    "gap_is_smaller": {"loss_gap": 1.0, "test_accuracy": 0.7},
    "gap_falls_with_q": {"sweep_mean": [1.0] * 5},
    "mean_is_what_a_test_gives": {"output_gap": [0.3] * 4, "output_error": [0.03] * 4},
    "exact_for_one_sum_only": {f"{what}_{end}": [0.03] * 4 for what in ("sum", "output") for end in ("gap", "error")},
    "gradient_is_larger_by_q": {"twin_ratio": [1.0] * 4, "step_terms": [1.0] * 7},
    "fails_at_the_same_rate": {"train_accuracy": 0.9},
    "weights_are_not_bounded": {"largest_unit": [1.5] * 3},
    "blocks_are_really_gone": {"guess_error": [0.5] * 4, "dropped_share": [0.2] * 4},
    "unknown_spreads_more": {"mc_spread": [0.1, 0.1]},
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_fails_with_its_numbers_where_nothing_differs(name):
    variants = LESSON.presets[CLAIMS[name].preset].variants
    snapshot = Snapshot(0, {column: np.array(value) for column, value in SAME[name].items()})
    measured = CLAIMS[name].measure({letter: Recording(e, ()).extend([snapshot]) for letter, e in variants.items()})
    assert not measured.holds
    assert any(letter.isdigit() for letter in measured.sentence)


def test_the_prediction_is_answered_by_the_gaps(stored):
    gaps = {letter: recording.column("loss_gap")[-1] for letter, recording in stored("gap").items()}
    assert gaps["B"] < 0.8 * gaps["A"]
    assert LESSON.prediction.options[LESSON.prediction.answer(stored("gap"))].startswith("It shrinks")
    assert LESSON.prediction.answer(stored("masks")) is None


def test_the_smaller_gap_is_not_bought_with_right_answers(stored):
    rights = {letter: recording.column("test_accuracy")[-1] for letter, recording in stored("gap").items()}
    assert min(rights.values()) > rights["A"] - 0.03


def test_far_below_a_half_the_gap_costs_right_answers(stored):
    rights = stored("sweep_test")["A"].column("sweep_mean")[-1]
    assert rights[0] < rights[1:].min() - 0.03


def test_a_hole_that_is_a_whole_channel_is_guessed_worst(stored):
    errors = [np.median(recording.column("guess_error")[:, 0]) for recording in stored("holes").values()]
    assert errors == sorted(errors)


def test_drop_connect_is_off_in_layer_1_where_dropout_is_not(stored):
    gap, error = (stored("masks")["C"].column(f"output_{what}")[-1, 0] for what in ("gap", "error"))
    assert gap > 3 * error


def test_the_table_of_one_step_has_both_twins_in_words(stored):
    table = dropout.step_table(stored("masks"))
    assert table["rule"] == ["plain: w", "inverted: v = q w"]
    assert table["step by formula"] == table["step that SGD made"]
    assert dropout.step_table(stored("gap")) is None


def test_a_drawn_net_has_the_rows_that_its_settings_say():
    assert dropout.widths(LESSON.presets["masks"].variants["A"]) == (2, 6, 6, 6, 2)
