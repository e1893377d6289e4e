"""Overfitting: polynomials through ten points, then nets on points in the plane, and what penalties, dropout and more data do."""

from __future__ import annotations

from collections.abc import Mapping
from math import hypot

import numpy as np

from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.records import Recording
from cnnviz.engine.words import COMMITTEES
from cnnviz.lessons import Claim, Lesson, Measured, Prediction, Preset, Reference, TooClose
from cnnviz.lessons.outcomes import largest, standard_error
from cnnviz.lessons.polynomials import (
    a_penalty_shrinks_them,
    coefficients_explode,
    exact_on_ten_and_lost_between,
    lasso_gives_exact_zeros,
    more_points_are_a_cure,
)
from cnnviz.lessons.tasks.overfitting import TASKS
from cnnviz.plots.numbers import number_text, percent_text

Recordings = Mapping[str, Recording]

TEN = Experiment.of(calculation="polynomial", steps=1, snapshots=2, histograms=0, evaluations=0)
PLANE = Experiment.of(
    dataset="border", train_examples=211, test_examples=200, depth=3, width=64, optimiser="adam", lr=0.01, batch_size=211,
    steps=800, snapshots=60, histograms=0, evaluations=30, training_set=True, boundary=True, weights=True,
)  # fmt: skip
SMALL = replace(PLANE, width=32)
VOTING = replace(SMALL, steps=500, members=10)
EXPERT = replace(PLANE, depth=2, width=2, weight_decay=0.001, members=4)
HELD_OUT = replace(PLANE, train_examples=261, validation=50, evaluations=50)

ROUNDING = 1e-3  # recordings keep four digits
TABS = ("Border", "Early stopping", "Members", "Gate", "Training and test", "Weights")


def committees(variants: Mapping[str, Experiment]) -> dict[str, str]:
    """The variants that are several nets: an ensemble or a mixture."""
    return {letter: experiment.net.net for letter, experiment in variants.items() if experiment.net.net in COMMITTEES}


def gated(variants: Mapping[str, Experiment]) -> tuple[str, ...]:
    """The letters of the variants with a gate."""
    return tuple(letter for letter, net in committees(variants).items() if net == "mixture")


def degrees(variants: Mapping[str, Experiment]) -> tuple[int, ...]:
    """The degree of each variant's polynomial."""
    return tuple(experiment.polynomial.degree for experiment in variants.values())


def tabs(variants: Mapping[str, Experiment]) -> list[str]:
    """Those of TABS that have something to show of runs in the plane."""
    absent = set() if next(iter(variants.values())).stopping.validation else {"Early stopping"}
    absent |= set() if committees(variants) else {"Members"}
    absent |= set() if gated(variants) else {"Gate"}
    return [tab for tab in TABS if tab not in absent]


PRESETS = {
    "plane": Preset(
        "In the plane: none, L2, dropout",
        {"A": PLANE, "B": replace(PLANE, weight_decay=0.005), "C": replace(PLANE, dropout="inverted", keep=0.5)},
        "211 points to learn from, 200 to be tested on; one label in twenty is wrong. Watch A's border while it learns.",
        "The lecture compares the same three on a set of this size.",
    ),
    "penalties": Preset(
        "In the plane: L1, elastic net, max-norm",
        {
            "A": SMALL,
            "B": replace(SMALL, l1=0.5),
            "C": replace(SMALL, l1=0.3, weight_decay=0.002),
            "D": replace(SMALL, max_norm=1.5),
        },
        "Three ways to keep weights small, next to none. Open Weights.",
        tab="Weights",
    ),
    "stopping": Preset(
        "In the plane: early stopping",
        {"A": HELD_OUT, "B": replace(HELD_OUT, patience=8)},
        "50 more points, held out of the training set, say when B has had enough. Open Early stopping.",
        "After Prechelt 1998.",
        tab="Early stopping",
    ),
    "ensemble": Preset(
        "In the plane: one net and ten that vote",
        {"A": VOTING, "B": replace(VOTING, net="ensemble")},
        "Each of B's ten nets learns from a bootstrap sample: 211 points drawn from the 211 with replacement. Open Members.",
        "After Breiman 1996.",
        tab="Members",
    ),
    "mixture": Preset(
        "In the plane: one tiny net and four with a gate",
        {"A": EXPERT, "B": replace(EXPERT, net="mixture")},
        "A has two hidden units. B has four such nets, and a gate that learns where to ask which. Open Gate.",
        "After Jacobs et al. 1991.",
        tab="Gate",
    ),
    "degrees": Preset(
        "Polynomials: degree 9 and degree 3",
        {"A": TEN, "B": replace(TEN, degree=3)},
        "Ten noisy points of a sine. A has as many coefficients as there are points. Each has a degree of its own.",
        "After Bishop 2006, figures 1.4 and 1.5; the points are his.",
    ),
    "ridge": Preset(
        "Polynomials: a very small penalty",
        {"A": TEN, "B": replace(TEN, strength=1.5e-8)},
        "Both of degree 9. B pays λ/2 = 0.75 × 10⁻⁸ for each unit of w², A nothing.",
        "λ is Bishop's e⁻¹⁸, figure 1.7.",
    ),
    "lasso": Preset(
        "Polynomials: ridge and lasso",
        {"A": replace(TEN, strength=1e-3), "B": replace(TEN, strength=1e-3, shrinkage="lasso")},
        "Open Paths, and move λ: which coefficients are exactly 0?",
        tab="Paths",
    ),
    "data": Preset(
        "Polynomials: ten points and a hundred",
        {"A": TEN, "B": replace(TEN, points=100)},
        "Both of degree 9 and without a penalty.",
        "After Bishop 2006, figure 1.6.",
    ),
}

LECTURE = {"none": (0.9478672985781991, 0.915), "L2": (0.9383886255924171, 0.93), "dropout": (0.9289099526066351, 0.95)}


def beside_the_lecture(recordings: Recordings) -> dict[str, list[str]]:
    """Training and test accuracy without anything, with L2 and with dropout: the lecture's, and those of the runs shown; a dash
    where none of them is such a net."""
    found = _compared(recordings)
    ours = {name: _accuracies(recording) if recording else None for name, recording in found.items()}
    return {
        "net": list(LECTURE),
        "lecture, training": [f"{train:.3f}" for train, _test in LECTURE.values()],
        "lecture, test": [f"{test:.3f}" for _train, test in LECTURE.values()],
        "here, training": [f"{pair[0]:.3f}" if pair else "—" for pair in ours.values()],
        "here, test": [f"{pair[1]:.3f}" if pair else "—" for pair in ours.values()],
    }


def regularised_gap_is_smaller(recordings: Recordings) -> Measured | None:
    """Training accuracy less test accuracy, of the three nets."""
    found = _compared(recordings)
    if None in found.values():
        return None
    gaps = {name: np.subtract(*_accuracies(recording)) for name, recording in found.items() if recording}
    told = ", ".join(f"{number_text(100 * float(gap))} with {name}" for name, gap in gaps.items())
    sentence = f"Percentage points between training and test set: {told.replace('with none', 'without anything')}."
    return Measured(bool(max(gaps["L2"], gaps["dropout"]) < 0.75 * gaps["none"] and gaps["none"] > 0.05), sentence)


def regularised_tests_better(recordings: Recordings) -> Measured | None:
    """Test loss and test accuracy of the three nets."""
    found = _compared(recordings)
    if None in found.values():
        return None
    tested = {name: (float(r.column("test_loss")[-1]), float(r.column("test_accuracy")[-1])) for name, r in found.items() if r}
    told = ", ".join(
        f"{percent_text(right)} right at a loss of {number_text(loss)} with {n}" for n, (loss, right) in tested.items()
    )
    (worst, lowest), *others = tested.values()
    holds = all(loss < 0.6 * worst and right >= lowest for loss, right in others)
    return Measured(holds, f"On the test set: {told.replace('with none', 'without anything')}.")


def l1_takes_weights_out(recordings: Recordings) -> Measured | None:
    """The share of weights that are exactly 0 with L1 or the elastic net, and with anything else."""
    known = {letter: r for letter, r in recordings.items() if len(r) and "zero_share" in r.names}
    with_l1 = {letter: float(r.column("zero_share")[-1]) for letter, r in known.items() if r.experiment.penalty.l1}
    others = {letter: float(r.column("zero_share")[-1]) for letter, r in known.items() if not r.experiment.penalty.l1}
    if not with_l1 or not others:
        return None
    told = ", ".join(f"{letter} {percent_text(share)}" for letter, share in sorted((with_l1 | others).items()))
    return Measured(min(with_l1.values()) > 0.5 and max(others.values()) < 0.01, f"Weights that are exactly 0: {told}.")


def max_norm_bounds_every_unit(recordings: Recordings) -> Measured | None:
    """The largest norm of a unit over the whole run, with max-norm and without."""
    known = [r for r in recordings.values() if len(r) and "largest_unit" in r.names]
    bound = next((r for r in known if r.experiment.penalty.max_norm), None)
    free = next((r for r in known if r.experiment.penalty == Experiment().penalty), None)
    if bound is None or free is None:
        return None
    first, second = (float(r.column("largest_unit")[1:].max()) for r in (free, bound))
    limit = bound.experiment.penalty.max_norm
    sentence = (
        f"The largest unit of any layer reached {number_text(first)} without a bound, and {number_text(second)} with one of "
        f"{number_text(limit)}."
    )
    return Measured(second < 1.001 * limit < first, sentence)


def stopping_early_tests_better(recordings: Recordings) -> Measured | None:
    """Where early stopping ended and what it kept, against the same net trained to the end."""
    known = [r for r in recordings.values() if r.ending and "validation_loss" in r.names]
    early = next((r for r in known if "best_step" in r.names), None)
    late = next((r for r in known if "best_step" not in r.names), None)
    if early is None or late is None:
        return None
    kept = int(early.column("best_step")[-1, 0])
    first, second = (float(r.column("test_loss")[-1]) for r in (late, early))
    sentence = (
        f"It ended at step {int(early.steps[-1]):,} of {early.experiment.steps:,} and kept the weights of step {kept:,}: loss on "
        f"the test set {number_text(second)}, against {number_text(first)} at step {int(late.steps[-1]):,}."
    )
    return Measured(int(early.steps[-1]) < early.experiment.steps / 2 and second < 0.6 * first, sentence)


def ensemble_beats_its_mean_member(recordings: Recordings) -> Measured | None:
    """Test loss and accuracy of an ensemble, and of its members on average."""
    found = next((r for r in _committees(recordings) if r.experiment.net.net == "ensemble"), None)
    if found is None:
        return None
    loss, loss_alone, right, right_alone = (
        found.column(column) for column in ("test_loss", "member_loss", "test_accuracy", "member_accuracy")
    )
    below = int((loss <= loss_alone * (1 + ROUNDING)).sum())
    losses = [number_text(float(column[-1])) for column in (loss, loss_alone)]
    shares = [percent_text(float(column[-1])) for column in (right, right_alone)]
    sentence = (
        f"At the end the ensemble costs {losses[0]} nats and its members {losses[1]} on average; it is right on {shares[0]} of "
        f"the test set, they on {shares[1]}. Its loss was the lower one in {below} of {len(loss)} tests."
    )
    return Measured(below == len(loss) and bool(right[-1] >= right_alone[-1]), sentence)


def experts_know_their_own_part(recordings: Recordings) -> Measured | None:
    """Test accuracy of a mixture and of its experts asked alone, and how many of them are in use."""
    found = next((r for r in _committees(recordings) if r.experiment.net.net == "mixture"), None)
    if found is None:
        return None
    together, alone = (float(found.column(column)[-1]) for column in ("test_accuracy", "member_accuracy"))
    used, all_of_them = int(found.column("experts_in_use")[-1]), found.experiment.net.members
    sentence = (
        f"{used} of {all_of_them} experts count most for at least one point in twenty. Asked alone everywhere they are right on "
        f"{percent_text(alone)} of the test set on average; with the gate, on {percent_text(together)}."
    )
    return Measured(used >= 2 and together > alone + 0.05, sentence)


def _committees(recordings: Recordings) -> list[Recording]:
    return [recording for recording in recordings.values() if len(recording) and "member_loss" in recording.names]


def _compared(recordings: Recordings) -> dict[str, Recording | None]:
    """The run of a single net without anything, of one with weight decay alone, and of one with dropout alone."""
    kinds = {name: [r for r in recordings.values() if _kind(r) == name] for name in LECTURE}
    return {name: runs[0] if runs else None for name, runs in kinds.items()}


def _kind(recording: Recording) -> str:
    """Which of the lecture's nets a run is of, "" of none: one of several nets, say, or one that was stopped early."""
    experiment = recording.experiment
    if not len(recording) or "train_accuracy" not in recording.names or experiment.net.net != "mlp":
        return ""
    decays, drops = experiment.optimiser.weight_decay > 0, experiment.dropout.dropout != "none"
    if experiment.penalty != Experiment().penalty or experiment.stopping.patience or (decays and drops):
        return ""
    return "L2" if decays else "dropout" if drops else "none"


def _accuracies(recording: Recording) -> tuple[float, float]:
    """On the training set and on the test set, at the end."""
    return float(recording.column("train_accuracy")[-1]), float(recording.column("test_accuracy")[-1])


def falls_furthest(recordings: Recordings) -> int | TooClose | None:
    """Which of the three nets loses most from training to test accuracy."""
    compared = _compared(recordings)
    if None in compared.values():
        return None
    pairs = [_accuracies(recording) for recording in compared.values() if recording]
    data = next(iter(recordings.values())).experiment.data
    falls = [training - test for training, test in pairs]
    errors = [
        hypot(standard_error(training, data.train_examples), standard_error(test, data.test_examples)) for training, test in pairs
    ]
    return largest(falls, errors, ("the net as it is", "the one with L2", "the one with dropout"), percent_text)


LESSON = Lesson(
    number=410,
    slug="overfitting",
    title="Overfitting and weight penalties",
    question="A model that makes no mistake on what it learned from: is that the best one to have?",
    presets=PRESETS,
    prediction=Prediction(
        "Three nets learn the same 211 points, of which one in twenty has the wrong label: one as it is, one with L2, one with "
        "dropout. Whose share of right answers falls furthest from its own points to 200 new ones?",
        ("The net as it is", "The one with L2", "The one with dropout"),
        falls_furthest,
        (
            "It has learned more of the wrong labels than the others, and bends its border around them: worth nothing elsewhere.",
            "The penalty was too weak here to keep the weights small, or the others did not have the time to learn wrong labels.",
            "With as many units left, dropout did not keep the net from learning its points by heart; the penalty did.",
        ),
    ),
    claims=(
        Claim(
            "With L2 or dropout, training and test accuracy lie closer together.",
            "plane",
            regularised_gap_is_smaller,
            "Is the net too small to learn its points by heart, or the data too much?",
        ),
        Claim(
            "With L2 or dropout the loss on new points is lower, and as many or more are right.",
            "plane",
            regularised_tests_better,
            "On 200 points, one point is half a per cent: how sure can you be of a small difference?",
        ),
        Claim(
            "With L1 more than half of the weights are exactly 0; without it, none.",
            "penalties",
            l1_takes_weights_out,
            "How far does a weight move towards 0 in an update, and how far does the gradient push it back?",
        ),
        Claim(
            "Max-norm bounds every unit, whatever the gradient wants.",
            "penalties",
            max_norm_bounds_every_unit,
            "Is the bound larger than any unit gets by itself?",
        ),
        Claim(
            "Early stopping ends in the first half, and the weights that it kept do better on new points.",
            "stopping",
            stopping_early_tests_better,
            "How many looks in a row may be worse by chance?",
        ),
        Claim(
            "An ensemble beats its mean member: in loss always, as −log is convex, and here in accuracy, too.",
            "ensemble",
            ensemble_beats_its_mean_member,
            "How different are the members? Ten equal nets would be as good as one.",
        ),
        Claim(
            "A mixture's experts share the plane: each is far worse alone than all of them with the gate.",
            "mixture",
            experts_know_their_own_part,
            "Is one expert large enough to do it all?",
        ),
        Claim(
            "Degree 9 makes no error on its ten points, and more than three times the noise on new ones.",
            "degrees",
            exact_on_ten_and_lost_between,
            "Which of the two changed: the degree, λ, or the points?",
        ),
        Claim(
            "The coefficients explode at degree 9.",
            "degrees",
            coefficients_explode,
            "How large must a coefficient be to bend the curve between two points?",
        ),
        Claim(
            "They shrink with λ, and a very small λ is enough.",
            "ridge",
            a_penalty_shrinks_them,
            "Is λ so large that the curve can't bend any more?",
        ),
        Claim(
            "Lasso gives exact zeros, and ridge does not.",
            "lasso",
            lasso_gives_exact_zeros,
            "Is λ so small that nothing has to go?",
        ),
        Claim(
            "More data cures it, too: with a hundred points, degree 9 is harmless.",
            "data",
            more_points_are_a_cure,
            "How many points does it take for each coefficient?",
        ),
    ),
    try_this=TASKS,
    references=(
        Reference(
            "C. M. Bishop",
            2006,
            "Pattern recognition and machine learning",
            "https://www.microsoft.com/en-us/research/publication/pattern-recognition-machine-learning/",
            "Section 1.1: the ten points, the table of coefficients, and more data.",
        ),
        Reference(
            "A. E. Hoerl, R. W. Kennard",
            1970,
            "Ridge regression: biased estimation for nonorthogonal problems",
            "https://doi.org/10.1080/00401706.1970.10488634",
            "The penalty on squares.",
        ),
        Reference(
            "R. Tibshirani",
            1996,
            "Regression shrinkage and selection via the lasso",
            "https://doi.org/10.1111/j.2517-6161.1996.tb02080.x",
            "The penalty on absolute values, and why it makes zeros.",
        ),
        Reference(
            "B. Efron, T. Hastie, I. Johnstone, R. Tibshirani",
            2004,
            "Least angle regression",
            "https://doi.org/10.1214/009053604000000067",
            "How lasso's path is followed from corner to corner.",
        ),
        Reference(
            "H. Zou, T. Hastie",
            2005,
            "Regularization and variable selection via the elastic net",
            "https://doi.org/10.1111/j.1467-9868.2005.00503.x",
            "Both penalties at once.",
        ),
        Reference(
            "N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov",
            2014,
            "Dropout: a simple way to prevent neural networks from overfitting",
            "https://jmlr.org/papers/v15/srivastava14a.html",
            "Dropout, which lesson 420 is about, and max-norm.",
        ),
        Reference(
            "L. Breiman",
            1996,
            "Bagging predictors",
            "https://doi.org/10.1007/BF00058655",
            "Bootstrap samples, and why voting helps.",
        ),
        Reference(
            "R. A. Jacobs, M. I. Jordan, S. J. Nowlan, G. E. Hinton",
            1991,
            "Adaptive mixtures of local experts",
            "https://doi.org/10.1162/neco.1991.3.1.79",
            "Experts and their gate.",
        ),
        Reference(
            "L. Prechelt",
            1998,
            "Early stopping - but when?",
            "https://doi.org/10.1007/3-540-49430-8_3",
            "How long to wait for a new best.",
        ),
    ),
    summary="A model with room enough learns the noise of its training set too: no error there, much on anything new. Penalties, "
    "dropout and more data leave it less room; L1 makes weights exactly 0, L2 makes them small, max-norm bounds each unit.",
)
