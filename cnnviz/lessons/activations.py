"""Activations: the curve, where a live net's inputs fall on it, and what happens to units that end up where it is flat."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Recording
from cnnviz.lessons import Claim, Lesson, Measured, Prediction, Preset, Reference, Remedy
from cnnviz.lessons.tasks.activations import TASKS
from cnnviz.plots.numbers import number_text, percent_text

Recordings = Mapping[str, Recording]
Numbers = NDArray[np.float64]

SATURATED = 0.5  # share of a layer's inputs on a flat part, above which we call the layer saturated
BELOW = 0.1  # share that the layers below may have at that moment
NEVER_DEAD = ("leaky_relu", "prelu")

REMEDIES = {
    "norm": Remedy("Batch norm", {"norm": "batch"}, "Puts every layer's inputs back to the middle of the curve."),
    "relu": Remedy("ReLU", {"activation": "relu"}, "Flat on one side only."),
    "leaky": Remedy("Leaky ReLU", {"activation": "leaky_relu"}, "Its slope is 0.01 below 0: small, but never 0."),
    "prelu": Remedy("PReLU", {"activation": "prelu"}, "Leaky, with a slope below 0 that each layer learns."),
    "elu": Remedy("ELU", {"activation": "elu"}, "Its slope dies away smoothly below 0, and is 0 only far out."),
    "maxout": Remedy("Maxout", {"activation": "maxout"}, "One of a unit's pieces always passes the gradient on."),
    "pieces": Remedy("8 pieces", {"pieces": 8}, "More lines for each maxout unit to be the largest of."),
    "rate": Remedy("Rate 0.003", {"lr": 0.003}, "Steps too small to throw a unit off."),
}

INSIDE = {"units": True, "train_examples": 2_000, "snapshots": 80, "histograms": 24, "evaluations": 16}
SIGMOID = Experiment.of(
    depth=5, width=100, activation="sigmoid", init="standard", init_scale=0.5, lr=1.5, steps=900, **INSIDE
)  # fmt: skip
DYING = Experiment.of(depth=4, activation="relu", optimiser="adam", lr=0.1, steps=300, **INSIDE)
BORN_OFF = Experiment.of(depth=4, activation="relu", optimiser="adam", lr=0.003, bias_init=-3.0, steps=300, **INSIDE)
LEARNED = Experiment.of(depth=4, activation="prelu", lr=0.03, steps=400, **INSIDE)
FIT = Experiment.of(
    dataset="curve", curve="w", net="maxout_difference", pieces=2, init_scale=4.0, optimiser="adam", lr=0.02, steps=600,
    train_examples=200, test_examples=199, batch_size=200, snapshots=80, histograms=4, evaluations=40,
)  # fmt: skip


def _against(a: Experiment, remedy: str) -> dict[str, Experiment]:
    return {"A": a, "B": REMEDIES[remedy].applied(a)}


PRESETS = {
    "saturation": Preset(
        "Four sigmoid layers begin to learn",
        _against(SIGMOID, "norm"),
        "Scrub through the first 300 steps: where on its curve does each of A's layers sit, and when does it let go?",
        "After Glorot & Bengio 2010, figure 2.",
    ),
    "dying": Preset(
        "Dying ReLU: a rate that is too large",
        _against(DYING, "leaky"),
        "The first large steps throw most ReLU units off, nearly all for good; see Dead units. Leaky ones are thrown off too, "
        "and come back; but at this rate that net learns little, too.",
        tab="Dead units",
    ),
    "born_off": Preset(
        "Dying ReLU: born off, by the bias",
        _against(BORN_OFF, "leaky"),
        "Every unit starts with bias −3. What is off under ReLU stays off; under leaky ReLU it is switched on within the run.",
    ),
    "learned": Preset(
        "Rectifiers that learn: PReLU and maxout",
        _against(LEARNED, "maxout"),
        "A learns one slope a layer, B the whole shape: the largest of two sums. See PReLU's slope.",
        "He et al. 2015, table 1, find larger slopes in the first layer than above. Is it so here?",
        tab="PReLU's slope",
    ),
    "fit": Preset(
        "Any curve: maxout minus maxout",
        _against(FIT, "pieces"),
        "A has 2 pieces a unit, B 8. Pick another curve, or draw one, and press Train.",
        "After Goodfellow et al. 2013, fig. 1 and section 3.",
    ),
}


def saturates_at_the_top(recordings: Recordings) -> Measured | None:
    """The moment when A's last hidden sigmoid layer is most saturated, against the layers below at that moment."""
    a = recordings.get("A")
    shares = _hidden(a, "fraction_saturated")
    if a is None or shares is None or a.experiment.net.activation != "sigmoid" or shares.shape[1] < 3:
        return None
    at = int(shares[:, -1].argmax())
    step, top, below = int(a.steps_of("fraction_saturated")[at]), shares[at, -1], shares[at, :-1].max()
    mean = float(a.column("activation_mean")[at, -2])
    found = (
        f"At step {step:,}, {percent_text(top)} of the inputs of {a.layers[-2]} in A lie on a flat part, at a mean output of "
        f"{number_text(mean)}; of the layers below, no more than {percent_text(below)}."
    )
    return Measured(bool(top > SATURATED and below < BELOW and mean < BELOW), found)


def normalised_stays_in_the_middle(recordings: Recordings) -> Measured | None:
    """The largest saturated share of any hidden sigmoid layer at any moment, in the variant with batch norm."""
    for letter, recording in recordings.items():
        net, shares = recording.experiment.net, _hidden(recording, "fraction_saturated")
        if shares is not None and (net.activation, net.norm) == ("sigmoid", "batch"):
            early = shares[: max(1, len(shares) // 2)]
            found = (
                f"In the first half of the run no hidden layer of {letter} has more than {percent_text(early.max())} saturated."
            )
            return Measured(bool(early.max() < SATURATED), found)
    return None


def relu_dies(recordings: Recordings) -> Measured | None:
    """Dead share of all hidden ReLU units at the end, where the rate is large or the bias negative."""
    for letter, recording in recordings.items():
        if recording.experiment.net.activation == "relu" and (dead := _hidden(recording, "dead_fraction")) is not None:
            return Measured(bool(dead[-1].mean() > 0.5), _dead_sentence(letter, recording, dead))
    return None


def leaky_lives(recordings: Recordings) -> Measured | None:
    """Dead share of all hidden leaky or PReLU units at the end, where ReLU is beside it."""
    if all(recording.experiment.net.activation != "relu" for recording in recordings.values()):
        return None
    for letter, recording in recordings.items():
        dead = _hidden(recording, "dead_fraction")
        if recording.experiment.net.activation in NEVER_DEAD and dead is not None:
            return Measured(bool(dead[-1].mean() < 0.05), _dead_sentence(letter, recording, dead))
    return None


def _dead_sentence(letter: str, recording: Recording, dead: Numbers) -> str:
    off = _hidden(recording, "off_fraction")
    most = "" if off is None else f"; at one moment {percent_text(off.mean(1).max())} were off on the whole test set"
    accuracy = percent_text(float(recording.column("test_accuracy")[-1]))
    return f"{letter} ends with {percent_text(dead[-1].mean())} of its hidden units dead{most}; its test accuracy is {accuracy}."


def off_comes_back(recordings: Recordings) -> Measured | None:
    """Units off on the whole test set at the start and at the end: ReLU (A) against what is never flat (B)."""
    a, b = recordings.get("A"), recordings.get("B")
    first, second = _hidden(a, "off_fraction"), _hidden(b, "off_fraction")
    if a is None or b is None or first is None or second is None or a.experiment.net.bias_init >= 0:
        return None
    if a.experiment.net.activation != "relu" or b.experiment.net.activation == "relu" or first[0].mean() == 0:
        return None
    ends = [float(off[place].mean()) for off in (first, second) for place in (0, -1)]
    told = [percent_text(end) for end in ends]
    found = f"Off on the whole test set: in A {told[0]} at the start and {told[1]} at the end, in B {told[2]} and {told[3]}."
    return Measured(ends[1] > 0.95 * ends[0] and ends[3] < 0.5 * ends[2], found)


def more_pieces_fit(recordings: Recordings) -> Measured | None:
    """The largest error on the W with 2 pieces a unit (A) and with at least 3 (B)."""
    pair = [recordings.get(letter) for letter in "AB"]
    if any(r is None or "test_largest_error" not in r.names or r.experiment.data.curve != "w" for r in pair):
        return None
    a, b = (recording for recording in pair if recording is not None)
    if a.experiment.net.pieces != 2 or b.experiment.net.pieces < 3:
        return None
    first, second = (float(recording.column("test_largest_error")[-1]) for recording in (a, b))
    found = f"At its end A is at most {number_text(first)} from the W, B {number_text(second)}."
    return Measured(first > 0.3 and second < 0.1, found)


def halves_are_convex(recordings: Recordings) -> Measured | None:
    """Second differences of both halves at the end, and how far up − down is from the answer."""
    found = [r for r in recordings.values() if {"fit_up", "fit_down"} <= set(r.names)]
    if not found:
        return None
    halves = [(r.column(name)[-1, 0].astype(float)) for r in found for name in ("fit_up", "fit_down")]
    bend = min(float(np.diff(half, 2).min()) for half in halves)
    answers = [r.column("fit_output")[-1, 0].astype(float) for r in found]
    gap = max(float(np.abs(up - down - out).max()) for up, down, out in zip(halves[::2], halves[1::2], answers, strict=True))
    scale = max(1.0, *(float(np.abs(half).max()) for half in halves))
    sentence = (
        f"The smallest second difference of any half is {number_text(bend)}, so none bends down; up − down is the answer within "
        f"{number_text(gap)}."
    )
    return Measured(bend > -2e-3 * scale and gap < 2e-3 * scale, sentence)


def _hidden(recording: Recording | None, column: str) -> Numbers | None:
    """A per-layer column without the output layer: (rows, hidden layers); None where it was not recorded."""
    if recording is None or column not in recording.names or len(recording.layers) < 2:
        return None
    found: Numbers = recording.column(column).astype(float)[:, :-1]
    return found


def first_to_saturate(recordings: Recordings) -> int | None:
    """Which option the plain sigmoid run bears out: the hidden layer that first has half of its inputs on a flat part."""
    a = recordings.get("A")
    shares = _hidden(a, "fraction_saturated")
    if a is None or shares is None or shares.shape[1] < 3:
        return None
    if (a.experiment.net.activation, a.experiment.net.norm) != ("sigmoid", "none"):
        return None
    saturated = np.argwhere(shares > SATURATED)
    if not len(saturated):
        return 3
    layer = int(saturated[0, 1])
    return 0 if layer == 0 else 2 if layer == shares.shape[1] - 1 else 1


LESSON = Lesson(
    number=220,
    slug="activations",
    title="Activations",
    question="What does the shape of the activation function decide, and what becomes of units where it is flat?",
    presets=PRESETS,
    prediction=Prediction(
        "Four hidden layers of sigmoids start to learn. In which one do the units first saturate, half of them or more?",
        ("The first, next to the input", "One in the middle", "The last, next to the output", "In none"),
        first_to_saturate,
        (
            "The first layer's sums grew before the others': its inputs are images, which are larger than what sigmoids pass on.",
            "A layer in the middle was pushed to the flat ends first, though at the usual start it is the last one.",
            "At first the lower layers pass on little that is of use, so the output layer learns its biases and shuts the "
            "rest out: the cheapest way is to push the units below it to 0, the flat end of a sigmoid. Glorot & Bengio saw "
            "theirs stay there for a long while.",
            "No layer had half of its units at a flat end in these steps: either the start keeps their inputs small, or "
            "the run is too short to push them there.",
        ),
    ),
    claims=(
        Claim(
            "Early on the last hidden layer of a deep sigmoid net saturates at 0, while the layers below do not.",
            "saturation",
            saturates_at_the_top,
            "Is the learning rate too small to get there in this run, or did the net learn before it happened?",
        ),
        Claim(
            "With batch normalisation no sigmoid layer saturates in the first half of the run.",
            "saturation",
            normalised_stays_in_the_middle,
            "Which layer's inputs have grown, and which of its parameters widened them?",
        ),
        Claim(
            "At a large rate, or with a bias far below 0, more than half of the ReLU units are dead.",
            "dying",
            relu_dies,
            "Is the rate small enough for the units to stay where some example still switches them on?",
        ),
        Claim(
            "Leaky ReLU and PReLU beside it have less than 5 % of their units dead.",
            "dying",
            leaky_lives,
            "Has a learned slope come down to 0?",
        ),
        Claim(
            "Units that start off stay off under ReLU; at least half of them come back where the slope below 0 is not 0.",
            "born_off",
            off_comes_back,
            "How far below 0 do they start, and how long is the run?",
        ),
        Claim(
            "Two pieces a unit can't follow the W, whose three bends ask for three; eight can.",
            "fit",
            more_pieces_fit,
            "Which piece is nowhere the largest, so that no gradient reaches it?",
        ),
        Claim(
            "Each half is convex, and their difference is the answer.",
            "fit",
            halves_are_convex,
            "Is a half's height so large that float32 rounds its bends away?",
        ),
    ),
    try_this=TASKS,
    references=(
        Reference(
            "X. Glorot, Y. Bengio",
            2010,
            "Understanding the difficulty of training deep feedforward neural networks",
            "https://proceedings.mlr.press/v9/glorot10a.html",
            "Figures 2 to 4: which layers saturate, and when.",
        ),
        Reference(
            "V. Nair, G. Hinton",
            2010,
            "Rectified linear units improve restricted Boltzmann machines",
            "https://www.cs.toronto.edu/~fritz/absps/reluICML.pdf",
            "ReLU.",
        ),
        Reference(
            "I. Goodfellow, D. Warde-Farley, M. Mirza, A. Courville, Y. Bengio",
            2013,
            "Maxout networks",
            "https://arxiv.org/abs/1302.4389",
            "Maxout, and why two of its units are enough for any continuous function.",
        ),
        Reference(
            "K. He, X. Zhang, S. Ren, J. Sun",
            2015,
            "Delving deep into rectifiers: surpassing human-level performance on ImageNet classification",
            "https://arxiv.org/abs/1502.01852",
            "PReLU.",
        ),
        Reference(
            "D.-A. Clevert, T. Unterthiner, S. Hochreiter",
            2016,
            "Fast and accurate deep network learning by exponential linear units (ELUs)",
            "https://arxiv.org/abs/1511.07289",
            "ELU.",
        ),
        Reference(
            "D. Hendrycks, K. Gimpel",
            2016,
            "Gaussian error linear units (GELUs)",
            "https://arxiv.org/abs/1606.08415",
            "GELU and SiLU.",
        ),
    ),
    remedies=REMEDIES,
    summary="A unit learns only where its activation has a slope. Sigmoids saturate from the top layer down, ReLU units die, "
    "most for good, leaky ones come back; maxout learns its own shape, and two of them can make any continuous curve.",
)
