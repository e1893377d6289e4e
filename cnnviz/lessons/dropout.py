"""Dropout and its kin: what is left out at random while a net learns, what a test makes up for, and what it is good for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.records import Recording
from cnnviz.lessons import Claim, Lesson, Measured, Prediction, Preset, Reference
from cnnviz.lessons.tasks.dropout import TASKS
from cnnviz.plots.numbers import number_text, percent_text, times_of

Recordings = Mapping[str, Recording]

SMALLER = 0.8  # of the gap without dropout: what counts as smaller
SAMPLING = 1.5  # times its standard error: what sampling may account for, over a hundred outputs and more
BIASED = 2.0  # times the standard error: what it may not
EXACT = 1e-4  # relative: steps are recorded in float32
SURER = 1.3  # times the spread of learned classes
GONE = 1.5  # times the error of a guess

FEW = Experiment.of(
    depth=3, width=64, optimiser="momentum", lr=0.02, steps=600, batch_size=50, train_examples=300, test_examples=1_000,
    snapshots=60, histograms=0, evaluations=13, training_set=True,
)  # fmt: skip
MASKS = Experiment.of(
    calculation="dropout", dataset="moons", depth=4, width=6, batch_size=32, train_examples=200, test_examples=50,
    lr=0.1, weight_decay=0.01, steps=1_000, snapshots=120, histograms=0, evaluations=0,
)  # fmt: skip
SWEPT = replace(
    FEW, depth=4, lr=0.03, steps=500, sweep_over="keep", sweep_values=(0.4, 0.5, 0.6, 0.8, 1), sweep_seeds=2,
    sweep_measure="loss_gap",
)  # fmt: skip
HELD = replace(FEW, dropout="plain", steps=800, weights=True)
FAST = replace(FEW, depth=4, width=128, lr=0.05, steps=300)
HOLES = Experiment.of(
    net="cnn", depth=4, width=8, optimiser="adam", lr=0.005, steps=150, batch_size=32, train_examples=1_000, test_examples=250,
    keep=0.8, block_size=7, snapshots=40, histograms=10, evaluations=4, maps=True,
)  # fmt: skip
UNKNOWN = Experiment.of(
    depth=3, width=128, optimiser="momentum", lr=0.03, steps=600, batch_size=64, train_examples=4_000, test_examples=500,
    task_classes=5, snapshots=40, histograms=0, evaluations=7, passes=50,
)  # fmt: skip


def _kinds(base: Experiment, *kinds: str) -> dict[str, Experiment]:
    return {letter: replace(base, dropout=kind) for letter, kind in zip("ABCD", kinds, strict=False)}


PRESETS = {
    "gap": Preset(
        "300 images, with dropout and without",
        _kinds(FEW, "none", "plain", "inverted", "drop_connect"),
        "The same net, images and batches. See the loss on training set and test set part, and for whom least.",
        "In Srivastava et al. 2014 a few hundred digits are too few for dropout to lower the test error, too.",
    ),
    "masks": Preset(
        "Mask by mask: a small fresh net",
        _kinds(MASKS, "plain", "inverted", "drop_connect"),
        "Nothing is trained: each step draws another mask. Move the cursor to see it on the net, unit by unit, and what the mean "
        "over all masks so far comes to. A and B draw the same masks, so that relative lines of theirs coincide.",
        "After Srivastava et al. 2014, section 4, and Wan et al. 2013.",
    ),
    "sweep": Preset(
        "The gap against q",
        _kinds(SWEPT, "plain", "drop_connect"),
        "Twenty small runs, a point each: how much the loss on the test set exceeds that on the training set.",
        "After Srivastava et al. 2014, figure 9: errors on both sets over q.",
    ),
    "sweep_test": Preset(
        "What it costs: test accuracy against q",
        _kinds(replace(SWEPT, sweep_measure="test_accuracy"), "plain", "drop_connect"),
        "The same runs, measured by their right answers on the test set: a smaller gap is not worth any price.",
        "In Srivastava et al. 2014, figure 9, the test error is about level for q from 0.4 to 0.8.",
    ),
    "weights": Preset(
        "Dropout, with L2 and with max-norm",
        {
            "A": replace(HELD, dropout="none"),
            "B": HELD,
            "C": replace(HELD, weight_decay=0.01),
            "D": replace(HELD, max_norm=1.0),
        },
        "Dropout does not bound the weights. C adds L2, D cuts each unit's weights back to norm 1. See Weights.",
        "Srivastava et al. 2014 recommend max-norm beside dropout.",
        tab="Weights",
    ),
    "rate": Preset(
        "The same rate, and q times the rate",
        {
            "A": replace(FAST, dropout="plain"),
            "B": replace(FAST, dropout="inverted"),
            "C": replace(FAST, dropout="inverted", lr=0.025),
        },
        "Plain dropout stands this rate. For inverted dropout it is twice as large in effect; C has half of it.",
    ),
    "holes": Preset(
        "Feature maps: dots, blocks, whole channels",
        _kinds(HOLES, "inverted", "drop_block", "spatial"),
        "Dropout, DropBlock and spatial dropout, each set to drop a fifth of every map of a small convolutional net.",
        "After Ghiasi et al. 2018, figure 1: dots leave what neighbours tell, blocks do not.",
    ),
    "unknown": Preset(
        "Masks in the test: images of unknown classes",
        _kinds(UNKNOWN, "plain", "drop_connect"),
        "The nets learn five kinds of clothes. Then images of these and of five other kinds are shown 50 times each, masks on.",
        "After Gal & Ghahramani 2016, figure 4, where a turned digit's answers spread.",
    ),
}


def gap_is_smaller(recordings: Recordings) -> Measured | None:
    """The loss gap at the end without dropout, with plain and with inverted dropout."""
    plain, inverted = (_with(recordings, kind, "loss_gap") for kind in ("plain", "inverted"))
    none = _with(recordings, "none", "loss_gap")
    if none is None or plain is None or inverted is None or not _end(none, "loss_gap") > 0:
        return None
    gaps = [_end(recording, "loss_gap") for recording in (none, plain, inverted)]
    rights = [percent_text(_end(recording, "test_accuracy")) for recording in (none, plain, inverted)]
    sentence = (
        f"Loss gaps: {number_text(gaps[0])} nats without, {number_text(gaps[1])} with plain and {number_text(gaps[2])} with "
        f"inverted dropout; right on the test set: {rights[0]}, {rights[1]} and {rights[2]}."
    )
    return Measured(max(gaps[1:]) < SMALLER * gaps[0], sentence)


def gap_falls_with_q(recordings: Recordings) -> Measured | None:
    """The mean loss gap at each q from 1 down to 0.5, with plain dropout."""
    found = _with(recordings, "plain", "sweep_mean")
    if found is None or (sweep := found.experiment.sweep).sweep_over != "keep" or sweep.sweep_measure != "loss_gap":
        return None
    means = zip(sweep.sweep_values, found.column("sweep_mean")[-1], strict=True)
    gaps = {q: float(gap) for q, gap in means if q >= 0.5}
    if len(gaps) < 2 or not np.isfinite(list(gaps.values())).all():
        return None
    told = ", ".join(f"{number_text(gaps[q])} at q = {number_text(q)}" for q in sorted(gaps, reverse=True))
    rising = bool((np.diff([gaps[q] for q in sorted(gaps)]) > 0).all())
    return Measured(rising and gaps[min(gaps)] < SMALLER * gaps[max(gaps)], f"Loss gap in nats: {told}.")


def mean_is_what_a_test_gives(recordings: Recordings) -> Measured | None:
    """Layer 1 under all masks against the test, with plain and with inverted dropout."""
    found = [r for r in (_with(recordings, kind, "output_gap") for kind in ("plain", "inverted")) if r is not None]
    if not found:
        return None
    gaps, errors = ([float(r.column(name)[-1, 0]) for r in found] for name in ("output_gap", "output_error"))
    told = " and ".join(
        f"{percent_text(gap)} with {r.experiment.dropout.dropout} dropout, sampling alone makes {percent_text(error)}"
        for r, gap, error in zip(found, gaps, errors, strict=True)
    )
    sentence = f"After {int(found[0].steps[-1]):,} masks the mean of layer 1's outputs is off the test's by {told}."
    return Measured(all(gap < SAMPLING * error for gap, error in zip(gaps, errors, strict=True)), sentence)


def exact_for_one_sum_only(recordings: Recordings) -> Measured | None:
    """The sums of layer 2, which are linear in what is dropped, and the last layer's outputs, which are not."""
    found = _with(recordings, "plain", "sum_gap")
    if found is None:
        return None
    ratios = [
        float(found.column(f"{what}_gap")[-1, layer] / found.column(f"{what}_error")[-1, layer])
        for what, layer in (("sum", 1), ("output", -1))
    ]
    sentence = (
        f"Gap between mean and test, in standard errors: {number_text(ratios[0])} for the sums of layer 2, "
        f"{number_text(ratios[1])} for the outputs of the net."
    )
    return Measured(ratios[0] < SAMPLING and ratios[1] > BIASED, sentence)


def gradient_is_larger_by_q(recordings: Recordings) -> Measured | None:
    """Gradients of the twins, and the step of one weight against the formula."""
    found = _with(recordings, "inverted", "twin_ratio")
    if found is None:
        return None
    q = found.experiment.dropout.keep
    ratios, terms = found.column("twin_ratio")[-1], found.column("step_terms")[-1].astype(float)
    off = float(np.abs(q * ratios[1:] - 1).max())
    apart = max(abs(terms[3] / terms[4] - 1), abs(terms[5] / terms[6] - 1))
    sentence = (
        f"Above layer 1 the gradient is {times_of(float(ratios[-1]))} the twin's, 1/q = {number_text(1 / q)}; the steps "
        f"of one weight differ from the formulas by {percent_text(apart)} at most."
    )
    return Measured(bool(off < EXACT and apart < EXACT), sentence)


def fails_at_the_same_rate(recordings: Recordings) -> Measured | None:
    """Right answers on the training set: plain and inverted at one rate, inverted at q times it."""
    plain = _with(recordings, "plain", "train_accuracy")
    inverted = [r for r in recordings.values() if r.experiment.dropout.dropout == "inverted" and "train_accuracy" in r.names]
    if plain is None or len(inverted) != 2:
        return None
    same, scaled = inverted
    rates = [r.experiment.optimiser.lr for r in (plain, same, scaled)]
    if rates[0] != rates[1] or not np.isclose(rates[2], plain.experiment.dropout.keep * rates[0]):
        return None
    rights = [_end(r, "train_accuracy") for r in (plain, same, scaled)]
    sentence = (
        f"Right on the training set: {percent_text(rights[0])} with plain dropout, {percent_text(rights[1])} with inverted "
        f"dropout at the same rate, {percent_text(rights[2])} at q times the rate."
    )
    return Measured(rights[0] > rights[1] + 0.1 and rights[2] > rights[1] + 0.1, sentence)


def weights_are_not_bounded(recordings: Recordings) -> Measured | None:
    """The largest unit of layer 1 without dropout, with it, and with L2 or max-norm beside it."""
    none = _with(recordings, "none", "largest_unit")
    dropped = [r for r in recordings.values() if r.experiment.dropout.dropout != "none" and "largest_unit" in r.names]
    alone = [r for r in dropped if not (r.experiment.optimiser.weight_decay or r.experiment.get("max_norm"))]
    held = [r for r in dropped if r not in alone]
    if none is None or not alone or not held:
        return None
    sizes = [float(r.column("largest_unit")[-1, 0]) for r in (none, alone[0], *held)]
    told = " and ".join(number_text(size) for size in sizes[2:])
    sentence = (
        f"Norm of layer 1's largest unit: {number_text(sizes[0])} without dropout, {number_text(sizes[1])} with it, {told} with "
        "something beside it."
    )
    return Measured(sizes[1] >= sizes[0] and max(sizes[2:]) < 0.75 * sizes[1], sentence)


def blocks_are_really_gone(recordings: Recordings) -> Measured | None:
    """Error of guessing what is dropped of layer 1, over the run: dots and blocks."""
    dots, blocks = (_with(recordings, kind, "guess_error") for kind in ("inverted", "drop_block"))
    if dots is None or blocks is None:
        return None
    errors = [float(np.median(r.column("guess_error")[:, 0])) for r in (dots, blocks)]
    shares = [percent_text(float(np.mean(r.column("dropped_share")[:, 0]))) for r in (dots, blocks)]
    sentence = (
        f"Guessed from its neighbours, what dropout took of layer 1 ({shares[0]}) has an error of {number_text(errors[0])}, what "
        f"DropBlock took ({shares[1]}) {number_text(errors[1])}; the mean of the map would have 1."
    )
    return Measured(errors[1] > GONE * errors[0], sentence)


def unknown_spreads_more(recordings: Recordings) -> Measured | None:
    """Spread of the answers to images of learned and of unknown classes."""
    found = [r for r in recordings.values() if "mc_spread" in r.names and r.column("mc_spread").shape[1] == 2]
    if not found or all(r.experiment.dropout.dropout == "none" for r in found):
        return None
    letters = [letter for letter, r in recordings.items() if r in found]
    spreads = [r.column("mc_spread")[-1] for r in found]
    told = "; ".join(
        f"{letter}: {number_text(float(spread[0]))} for learned classes, {number_text(float(spread[1]))} for unknown ones"
        for letter, spread in zip(letters, spreads, strict=True)
    )
    return Measured(all(bool(spread[1] > SURER * spread[0]) for spread in spreads), f"Standard deviation over the masks. {told}.")


def _with(recordings: Recordings, kind: str, column: str) -> Recording | None:
    """The first variant with this dropout that has measured the column."""
    return next((r for r in recordings.values() if r.experiment.dropout.dropout == kind and column in r.names), None)


def _end(recording: Recording, column: str) -> float:
    return float(recording.column(column)[-1])


def gap_with_dropout(recordings: Recordings) -> int | None:
    """Which option the gaps bear out."""
    none, plain = (_with(recordings, kind, "loss_gap") for kind in ("none", "plain"))
    if none is None or plain is None or not _end(none, "loss_gap") > 0:
        return None
    ratio = _end(plain, "loss_gap") / _end(none, "loss_gap")
    return 0 if ratio < SMALLER else 1 if ratio <= 1 / SMALLER else 2


def widths(experiment: Experiment) -> tuple[int, ...]:
    """Units of each row of a net on points in the plane, from the inputs to the outputs."""
    return (2, *[experiment.net.width] * (experiment.net.depth - 1), 2)


def inverted(variants: Mapping[str, Experiment]) -> tuple[str, ...]:
    """The letters of the variants with inverted dropout."""
    return tuple(letter for letter, experiment in variants.items() if experiment.dropout.dropout == "inverted")


def step_table(recordings: Recordings) -> dict[str, list[str]] | None:
    """One weight of layer 2 and its step, of both twins; None where they were not computed."""
    found = _with(recordings, "inverted", "step_terms")
    if found is None:
        return None
    w, v, slope, *steps = (float(value) for value in found.column("step_terms")[-1])
    q, decay = found.experiment.dropout.keep, found.experiment.optimiser.weight_decay
    rows = {
        "plain: w": (w, slope, decay * w, steps[1], steps[0]),
        "inverted: v = q w": (v, slope / q, decay * v, steps[3], steps[2]),
    }
    heads = ("weight", "gradient: ∂F/∂w, and ∂F/∂w / q", "λ · weight", "step by formula", "step that SGD made")
    columns = [[number_text(value) for value in column] for column in zip(*rows.values(), strict=True)]
    return {"rule": list(rows), **dict(zip(heads, columns, strict=True))}


LESSON = Lesson(
    number=420,
    slug="dropout",
    title="Dropout and its kin",
    question="If every unit may be missing at any step, none can rely on another. What does a net learn then?",
    presets=PRESETS,
    prediction=Prediction(
        "A net learns 300 images by heart: its loss ends near 0 on them and above 1 nat on the test set. Now every hidden unit "
        "is dropped half of the time. What becomes of that gap?",
        ("It shrinks by more than a fifth", "It stays about as it is", "It grows by more than a quarter"),
        gap_with_dropout,
        (
            "No fixed set of units can learn an image by heart: at each step another half of them is there. What remains "
            "is worth knowing to many of them.",
            "Dropout changed little here: either the net had not begun to learn by heart, or what it had learned survives "
            "the loss of units.",
            "Dropout made the gap larger here: too few units were left to learn what the images have in common, or the run "
            "is too short for them.",
        ),
    ),
    claims=(
        Claim(
            "Plain and inverted dropout shrink the loss gap by more than a fifth.",
            "gap",
            gap_is_smaller,
            "Are there enough images for the net not to overfit, or too few updates for it to begin?",
        ),
        Claim(
            "From q = 1 to q = 0.5 the gap falls at each value.",
            "sweep",
            gap_falls_with_q,
            "Where the net can hardly learn, both losses are high and the gap says nothing.",
        ),
        Claim(
            "Plain and inverted dropout: the mean of layer 1 over masks is its output in a test, within sampling error.",
            "masks",
            mean_is_what_a_test_gives,
            "How many masks were drawn? The error falls with their square root.",
        ),
        Claim(
            "The next layer's sums are right on average, too; the outputs of the net are not.",
            "masks",
            exact_for_one_sum_only,
            "Is the activation linear, or the net so shallow that nothing bent lies between?",
        ),
        Claim(
            "Inverted dropout's gradient is 1/q times that of its twin: it learns at a rate of η/q.",
            "masks",
            gradient_is_larger_by_q,
            "Is a gradient 0?",
        ),
        Claim(
            "At a rate that plain dropout stands, inverted dropout does worse; at q times that rate it does not.",
            "rate",
            fails_at_the_same_rate,
            "Is the rate so small that both learn well?",
        ),
        Claim(
            "Dropout leaves the weights as large as they were, or larger; L2 and max-norm hold them.",
            "weights",
            weights_are_not_bounded,
            "Has it trained long enough for weights to grow?",
        ),
        Claim(
            "What DropBlock takes can't be guessed as what dropout takes: the error is more than half as large again.",
            "holes",
            blocks_are_really_gone,
            "How large are the blocks? One position is dropout.",
        ),
        Claim(
            "With masks on in the test, answers to unknown classes spread at least 1.3 times as far.",
            "unknown",
            unknown_spreads_more,
            "Has the net learned its own classes yet? A net that knows nothing is unsure of everything.",
        ),
    ),
    try_this=TASKS,
    references=(
        Reference(
            "G. Hinton, N. Srivastava, A. Krizhevsky, I. Sutskever, R. Salakhutdinov",
            2012,
            "Improving neural networks by preventing co-adaptation of feature detectors",
            "https://arxiv.org/abs/1207.0580",
            "The idea.",
        ),
        Reference(
            "N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov",
            2014,
            "Dropout: a simple way to prevent neural networks from overfitting",
            "https://jmlr.org/papers/v15/srivastava14a.html",
            "Test scaling, max-norm beside it, and the experiments over q.",
        ),
        Reference(
            "L. Wan, M. Zeiler, S. Zhang, Y. LeCun, R. Fergus",
            2013,
            "Regularization of neural networks using DropConnect",
            "https://proceedings.mlr.press/v28/wan13.html",
            "Weights instead of units.",
        ),
        Reference(
            "J. Tompson, R. Goroshin, A. Jain, Y. LeCun, C. Bregler",
            2015,
            "Efficient object localization using convolutional networks",
            "https://arxiv.org/abs/1411.4280",
            "Spatial dropout: whole channels, section 3.2.",
        ),
        Reference(
            "G. Ghiasi, T.-Y. Lin, Q. V. Le",
            2018,
            "DropBlock: a regularization method for convolutional networks",
            "https://arxiv.org/abs/1810.12890",
            "Blocks, and the formula for γ.",
        ),
        Reference(
            "Y. Gal, Z. Ghahramani",
            2016,
            "Dropout as a Bayesian approximation: representing model uncertainty in deep learning",
            "https://arxiv.org/abs/1506.02142",
            "Masks in the test.",
        ),
        Reference(
            "P. Baldi, P. Sadowski",
            2013,
            "Understanding dropout",
            "https://papers.nips.cc/paper/2013/hash/71f6278d140af599e06ad9bf1ba03cb0-Abstract.html",
            "What the mean over all masks is behind bent functions.",
        ),
    ),
    summary="While a net learns, each hidden unit is left out at random, so that none may rely on another; a test uses them all, "
    "scaled to what they were worth on average. The gap between training set and test set shrinks. Kin drop weights, channels or "
    "squares of maps, and masks left on in the test tell how sure an answer is.",
)
