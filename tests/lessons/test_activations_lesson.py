"""Lesson 220: what its presets show beside the claims, and that a claim fails with its numbers where it is not so."""

import numpy as np
import pytest

import cnnviz
from cnnviz.engine.experiment import replace
from cnnviz.lessons import find

LESSON = find("activations")
CLAIMS = {claim.measure.__name__: claim for claim in LESSON.claims}


def shortly(preset, letter="A", **settings):
    """A variant of a preset, trained for some steps."""
    experiment = replace(LESSON.presets[preset].variants[letter], **{"steps": 12, "evaluations": 3, **settings})
    return cnnviz.record(experiment)


def test_the_top_sigmoid_layer_saturates_first_and_lets_go_as_the_net_learns(stored):
    a = stored("saturation")["A"]
    shares, losses = a.column("fraction_saturated")[:, :4], a.column("loss")
    peak = int(shares[:, 3].argmax())
    assert shares[peak].round(1).tolist() == pytest.approx([0, 0, 0, 1.0], abs=0.05)
    assert a.column("activation_mean")[peak, 3] < 0.1, "at 0, not at 1"
    assert losses[:peak].min() > 2.1, "nothing is learned before"
    assert losses[-10:].mean() < 1.9
    assert shares[-10:, 3].mean() < 0.8


def test_more_than_half_of_the_relus_die_and_take_the_net_with_them(stored):
    a, b = stored("dying").values()
    assert a.column("dead_map")[-1, :3].mean() > 0.5
    assert a.column("test_accuracy")[-1] == pytest.approx(0.1, abs=0.02)
    assert b.column("dead_map")[-1, :3].mean() < 0.05
    assert b.column("off_fraction")[:, :3].mean(1).max() > 0.5, "thrown off as well"
    assert b.column("test_accuracy").max() > 0.2


@pytest.mark.parametrize("activation", ["prelu", "elu"])
def test_other_functions_revive_what_starts_off_too(stored, activation):
    a = stored("born_off")["A"]
    other = cnnviz.record(replace(a.experiment, activation=activation))
    measured = CLAIMS["off_comes_back"].measure({"A": a, "B": other})
    assert measured.holds, measured.sentence
    assert other.column("test_accuracy")[-1] > 0.7


def test_prelu_and_maxout_learn_their_shapes(stored):
    a, b = stored("learned").values()
    slopes = a.column("prelu_slope")[-1, :3]
    assert np.abs(slopes - 0.25).max() > 0.05
    assert min(r.column("test_accuracy")[-1] for r in (a, b)) > 0.7


def test_two_pieces_miss_the_w_and_eight_follow_it(stored):
    a, b = stored("fit").values()
    error = [np.abs(r.column("fit_output")[-1] - r.column("fit_target")[-1]).max() for r in (a, b)]
    assert error[0] > 0.3
    assert error[1] < 0.05


@pytest.mark.parametrize(
    ("claim", "preset", "settings"),
    [
        ("saturates_at_the_top", "saturation", {}),
        ("relu_dies", "dying", {"lr": 1e-3}),
    ],
)
def test_a_claim_fails_with_its_numbers_where_it_is_not_so(claim, preset, settings):
    measured = CLAIMS[claim].measure({"A": shortly(preset, **settings)})
    assert not measured.holds, measured.sentence
    assert any(letter.isdigit() for letter in measured.sentence)


@pytest.mark.parametrize(
    ("claim", "preset", "b"),
    [("off_comes_back", "born_off", {"letter": "B"}), ("more_pieces_fit", "fit", {"letter": "B", "steps": 1})],
)
def test_a_comparison_fails_with_its_numbers_where_the_run_is_too_short(claim, preset, b):
    measured = CLAIMS[claim].measure({"A": shortly(preset, steps=2), "B": shortly(preset, **{"steps": 2, **b})})
    assert not measured.holds, measured.sentence


def test_the_prediction_is_answered_by_the_saturated_shares(stored):
    assert LESSON.prediction.options[LESSON.prediction.answer(stored("saturation"))].startswith("The last")
    assert LESSON.prediction.options[LESSON.prediction.answer({"A": shortly("saturation")})] == "In none"
    assert LESSON.prediction.answer(stored("dying")) is None
