import math
from functools import cache

import numpy as np
import pytest

import cnnviz
from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.words import INITS
from cnnviz.lessons import find
from cnnviz.lessons import initialisation as lesson
from cnnviz.lessons.derivation import derivation, numbers_of
from cnnviz.lessons.frameworks import FORMULAS, in_frameworks

LESSON = find("initialisation")
CLAIMS = {claim.measure.__name__: claim for claim in LESSON.claims}
FRESH = {"steps": 1, "snapshots": 2, "histograms": 0, "evaluations": 0}


@pytest.fixture(scope="module")
def fresh():
    """A preset's nets before any update, measured anew: fresh("relu", seed=3)."""
    return cache(_fresh)


def _fresh(name, **settings):
    return cnnviz.record_together({v: replace(e, **FRESH, **settings) for v, e in LESSON.presets[name].variants.items()})


def test_over_many_draws_he_is_level_and_xavier_halves(fresh):
    """The claim's own seed is no lucky one: the typical draw of eight, half as wide."""
    worst, exponents = [], []
    for seed in range(8):
        xavier, he = fresh("relu", width=256, seed=seed).values()
        ratios = he.column("z_var")[0][:20] / he.column("z_var")[0][0]
        worst.append(max(ratios.max(), 1 / ratios.min()))
        z = xavier.column("z_var")[0]
        exponents.append(math.log2(z[19] / z[1]) / 18)
    assert np.median(worst) < 2
    assert np.mean(exponents) == pytest.approx(-1, abs=0.05)


def test_xavier_loses_variance_under_tanh_far_more_slowly_than_under_relu(fresh):
    tanh = fresh("tanh")["A"].column("activation_var")[0]
    relu = fresh("relu")["A"].column("activation_var")[0]
    assert tanh[19] / tanh[0] > 1e3 * relu[19] / relu[0]


def test_he_2015_figures_2_and_3(stored):
    """Accuracies over the run against one another, and at its end against the one that guessing reaches."""
    for name, stalls in (("he22", False), ("he30", True)):
        xavier, he = stored(name).values()
        assert he.column("test_accuracy").mean() > xavier.column("test_accuracy").mean() + 0.1
        assert (xavier.column("test_accuracy")[-1] < 0.15) == stalls


@pytest.mark.parametrize(
    ("claim", "preset", "settings"),
    [
        ("he_keeps_level", "relu", {"width": 8}),
        ("xavier_halves_under_relu", "relu", {"width": 8}),
        ("gain_keeps_tanh_level", "tanh", {"width": 4}),
        ("one_spread_fits_no_depth", "spread", {"width": 4}),
        ("orthogonal_keeps_exactly", "orthogonal", {"depth": 4, "width": 512}),
    ],
)
def test_a_claim_fails_with_its_numbers_where_it_is_not_so(fresh, claim, preset, settings):
    measured = CLAIMS[claim].measure(fresh(preset, **settings))
    assert measured is not None
    assert not measured.holds, measured.sentence
    assert any(letter.isdigit() for letter in measured.sentence)


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_is_silent_where_its_nets_are_not_there(fresh, name):
    other = "lsuv" if CLAIMS[name].preset != "lsuv" else "relu"
    assert CLAIMS[name].measure(fresh(other)) is None


def test_the_prediction_is_answered_by_the_variances_themselves(fresh):
    z = fresh("relu")["A"].column("z_var")[0]
    assert LESSON.prediction.options[LESSON.prediction.answer(fresh("relu"))] == "About a millionth"
    assert 1e-7 < z[19] / z[0] < 1e-5
    assert LESSON.prediction.answer(fresh("relu", depth=6)) is None
    assert LESSON.prediction.answer(fresh("tanh")) is None


@pytest.mark.parametrize("preset", ["relu", "tanh", "lsuv"])
def test_the_derivations_lines_agree_with_what_was_measured(fresh, preset):
    told = " ".join(words for _formula, words in derivation(fresh(preset)))
    assert "measured" in told
    assert "{" not in told
    numbers = numbers_of(fresh(preset)["A"])
    assert plain(numbers["forward"]) == pytest.approx(plain(numbers["z"]), rel=0.35)
    assert plain(numbers["backward"]) == pytest.approx(plain(numbers["below"]), rel=0.35)


def plain(text):
    mantissa, _, power = text.partition(" × 10")
    return float(mantissa) * 10.0 ** int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)


def test_the_derivation_stands_without_numbers_where_nothing_was_measured(fresh):
    assert [formula for formula, _ in derivation({})] == [formula for formula, _ in derivation(fresh("relu"))]
    assert "measured" not in " ".join(words for _, words in derivation({}))


@pytest.mark.parametrize("init", INITS)
def test_every_scheme_has_its_formula_and_its_words_in_three_frameworks(init):
    words = in_frameworks(Experiment.of(init=init, init_std=0.5))
    assert list(words) == ["PyTorch", "Keras", "TensorFlow"]
    for text in words.values():
        compile(text, init, "exec")
    assert init in FORMULAS


@pytest.mark.parametrize("init", [init for init in INITS if init != "lsuv"])
def test_the_words_for_pytorch_draw_what_the_engine_draws(init):
    import torch
    from torch import nn

    from cnnviz.engine.nets.inits import initialise

    torch.manual_seed(0)
    space = {"nn": nn}
    exec(in_frameworks(Experiment.of(init=init, init_std=0.5))["PyTorch"], space)
    ours = nn.Linear(784, 256)
    initialise(ours, init, 1.0, torch.Generator().manual_seed(0), std=0.5)
    theirs = space["layer"].weight
    assert float(theirs.detach().var()) == pytest.approx(float(ours.weight.detach().var()), rel=0.03, abs=1e-12)
    assert float(theirs.detach().abs().max()) == pytest.approx(float(ours.weight.detach().abs().max()), rel=0.2)


def test_findings_are_about_the_trained_nets_where_these_are_of_the_current_settings(fresh):
    variants = {v: r.experiment for v, r in fresh("lsuv").items()}
    assert lesson.newest({}, fresh("lsuv"), variants) is fresh("lsuv")
    assert lesson.newest(fresh("tanh"), fresh("lsuv"), {"A": variants["A"]}) is fresh("tanh")


def test_only_what_lsuv_tuned_has_a_loop_to_play(fresh):
    assert [letter for letter, _ in lesson.loops(fresh("lsuv"))] == ["B"]
    assert list(lesson.loops(fresh("tanh"))) == []
