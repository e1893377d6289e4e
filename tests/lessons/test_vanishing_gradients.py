import math
import re
from functools import cache

import numpy as np
import pytest

import cnnviz
from cnnviz.engine.experiment import Experiment, replace
from cnnviz.lessons import find
from cnnviz.lessons import vanishing_gradients as lesson
from cnnviz.lessons.gradient_paths import counted
from cnnviz.plots.gradients import gradient_by_layer
from cnnviz.plots.live_plot import headline_text
from cnnviz.plots.numbers import number_text, times_text

LESSON = find("vanishing_gradients")
CLAIMS = {claim.measure.__name__: claim for claim in LESSON.claims}


@pytest.fixture(scope="module")
def shortly():
    """A variant of a preset's A, trained for some steps."""
    return cache(_shortly)


def _shortly(name, steps=2, **settings):
    return cnnviz.record(replace(LESSON.presets[name].variants["A"], steps=steps, evaluations=2, **settings))


def first_over_last(recording, column, last=-1):
    """The slow way: two numbers read off the CSV."""
    heads, line, *_ = [line.split(",") for line in recording.to_csv().splitlines()]
    numbers = dict(zip(heads, line, strict=True))
    return float(numbers[f"{column}[{recording.layers[0]}]"]) / float(numbers[f"{column}[{recording.layers[last]}]"])


def test_eight_sigmoid_layers_vanish_and_relu_with_he_does_not(stored):
    a, b = stored("sigmoid").values()
    assert first_over_last(a, "grad_norm") < 1e-3
    assert 0.1 < first_over_last(b, "grad_norm") < 10


def test_what_vanishes_learns_nothing_and_what_does_not_learns(stored):
    a, b = stored("sigmoid").values()
    assert a.column("test_accuracy")[-1] < 0.2
    assert b.column("test_accuracy")[-1] > 0.6
    assert np.median(a.column("loss")[-20:]) == pytest.approx(math.log(10), rel=0.03)


def test_clipping_keeps_finite_and_teaches_what_explodes_without(stored):
    a, b = stored("explode").values()
    assert a.ending.state == "diverged"
    assert a.ending.layer in a.layers
    assert b.ending.state == "done"
    assert np.isfinite(b.column("loss")).all()
    assert b.column("grad_norm_total").max() > 100
    assert b.column("test_accuracy")[-1] > 0.5


def test_glorots_start_keeps_gradients_level_where_the_standard_one_does_not(stored):
    a, b = stored("glorot").values()
    assert first_over_last(a, "activation_grad_norm", last=-2) < 0.2
    assert 1 / 3 < first_over_last(b, "activation_grad_norm", last=-2) < 3
    widths = [recording.column("activation_std")[0] for recording in (a, b)]
    assert widths[0][4] / widths[0][0] < widths[1][4] / widths[1][0]


def test_skips_let_thirty_layers_learn(stored):
    a, b = stored("skip").values()
    assert a.column("test_accuracy")[-1] < 0.2
    assert b.column("test_accuracy")[-1] > 0.5


def test_decay_takes_the_weights_that_no_gradient_holds(stored):
    a, b = stored("decay").values()
    kept = [float(r.column("weight_norm")[-1, 0] / r.column("weight_norm")[0, 0]) for r in (a, b)]
    assert kept[0] == pytest.approx((1 - 0.1 * 0.02) ** 1_000, rel=0.02)
    assert kept[1] > 1.5 * kept[0]


@pytest.mark.parametrize(
    ("claim", "preset", "settings"),
    [
        ("vanishing", "sigmoid", {"activation": "relu", "init": "he"}),
        ("vanishing", "sigmoid", {"depth": 3}),
        ("upper_layers_move", "sigmoid", {"activation": "relu", "init": "he"}),
        ("stagnating", "sigmoid", {"activation": "relu", "init": "he", "steps": 60}),
        ("drifting_to_zero", "decay", {"activation": "relu", "init": "he", "steps": 20}),
        ("level_with_relu", "sigmoid", {"activation": "relu", "init": "he", "depth": 20, "width": 6}),
        ("one_path_is_little", "sigmoid", {"activation": "relu", "init": "he", "depth": 3}),
        ("paths_add_up", "sigmoid", {"width": 4}),
    ],
)
def test_a_claim_fails_with_its_numbers_where_it_is_not_so(shortly, claim, preset, settings):
    measured = CLAIMS[claim].measure({"A": shortly(preset, **settings)})
    assert measured is not None
    assert not measured.holds, measured.sentence
    assert any(letter.isdigit() for letter in measured.sentence)


@pytest.mark.parametrize(
    ("claim", "preset", "a", "b"),
    [
        ("clipping_keeps_finite", "explode", {"init_scale": 1.0}, {"init_scale": 1.0, "clip_norm": 1.0}),
        ("clipping_keeps_finite", "explode", {"steps": 30}, {"steps": 30, "clip_norm": 1e6}),
        ("clipping_keeps_finite", "explode", {"steps": 30}, {"steps": 30, "clip_weight": 1e6}),
        ("normalised_start_keeps_level", "glorot", {}, {"init": "glorot_uniform", "init_scale": 3.0}),
        ("skips_carry_the_gradient", "skip", {"depth": 3}, {"depth": 3, "skip": True}),
    ],
)
def test_a_comparison_fails_with_its_numbers_where_it_is_not_so(shortly, claim, preset, a, b):
    measured = CLAIMS[claim].measure({"A": shortly(preset, **a), "B": shortly(preset, **b)})
    assert measured is not None
    assert not measured.holds, measured.sentence
    assert any(letter.isdigit() for letter in measured.sentence)


@pytest.mark.parametrize("name", ["clipping_keeps_finite", "normalised_start_keeps_level", "skips_carry_the_gradient"])
def test_a_comparison_says_nothing_of_one_variant_or_of_two_alike(shortly, name):
    a = shortly(CLAIMS[name].preset)
    assert CLAIMS[name].measure({"A": a}) is None
    assert CLAIMS[name].measure({"A": a, "B": a}) is None


def test_decay_is_silent_without_decay_and_stagnation_without_ten_classes(shortly):
    assert lesson.drifting_to_zero({"A": shortly("sigmoid")}) is None
    assert lesson.stagnating({"A": shortly("sigmoid", dataset="moons", train_examples=100, test_examples=50)}) is None


def test_what_explodes_is_not_said_to_vanish(stored):
    assert lesson.vanishing(stored("explode")) is None


def test_the_prediction_is_answered_by_the_gradients_themselves(stored):
    answer = LESSON.prediction.answer(stored("sigmoid"))
    factor = 1 / first_over_last(stored("sigmoid")["A"], "grad_norm")
    low, high = [(0, 10), (10, 1e3), (1e3, 1e6), (1e6, math.inf)][answer]
    assert low <= factor < high
    assert LESSON.prediction.options[answer] == "1,000 to a million"


@pytest.mark.parametrize("settings", [{"activation": "relu"}, {"depth": 4}, {"skip": True}, {"norm": "batch"}])
def test_the_prediction_is_not_answered_by_another_net(shortly, settings):
    assert LESSON.prediction.answer({"A": shortly("sigmoid", **settings)}) is None


def test_one_path_of_many_carries_little_and_the_claim_tells_which_one_it_is(stored):
    b = stored("sigmoid")["B"]
    path, together = (np.abs(b.column(name)[0]) for name in ("path_gradient", "gradient_rms"))
    measured = lesson.one_path_is_little(stored("sigmoid"))
    assert path[0] / path[-1] < 0.01 < 0.1 < together[0] / together[-1] < 10
    assert f"one path of 64⁷. It carries {times_text(float(path[0] / path[-1]))} of the output's gradient" in measured.sentence
    told = [int(unit) for unit in re.findall(r"(\d+) of fc", measured.sentence)]
    assert [*reversed(told), int(re.search(r"class (\d)", measured.sentence)[1])] == b.column("path_unit")[0].tolist()


def test_paths_are_counted_by_width_and_hidden_layers():
    eight = Experiment.of(depth=8, width=64)
    assert counted({"A": eight, "B": eight}) == "64⁷"
    assert counted({"A": eight, "B": replace(eight, depth=3)}) == "64⁷ in A, 64² in B"
    assert counted({"A": replace(eight, net="cnn")}) == "many"


def test_no_claim_about_paths_is_made_of_a_net_that_has_none(shortly):
    for settings in ({"net": "cnn", "width": 8, "depth": 3}, {"paths": False}):
        recordings = {"A": shortly("sigmoid", activation="relu", init="he", **settings)}
        assert lesson.one_path_is_little(recordings) is None
        assert lesson.paths_add_up(recordings) is None


def test_a_share_of_almost_nothing_is_told_with_its_size(stored):
    a = stored("skip")["A"].column("grad_norm")[0]
    first, last = (number_text(float(norm)) for norm in a[[0, -1]])
    share = times_text(float(a[0]) / float(a[-1]))
    assert (share, first, last) == ("3.49 times", "5.5 × 10⁻⁷", "1.6 × 10⁻⁷")
    headline = headline_text(gradient_by_layer("AB").headline, stored("skip"), 0)
    assert f"A {share} ({first}), B" in headline
    assert lesson.vanishing(stored("skip")).sentence.endswith(f"{share} the weight gradient of fc30: {first} against {last}.")
