"""Batch normalisation: each feature gets mean 0 and spread 1 over the mini-batch, and what that does to learning."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from cnnviz.engine import by_hand
from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.records import Array, Recording
from cnnviz.lessons import Claim, Lesson, Measured, Prediction, Preset, Reference, Remedy
from cnnviz.lessons.outcomes import close, standard_error
from cnnviz.lessons.tasks.batch_normalisation import TASKS
from cnnviz.plots.numbers import number_text, percent_text

Recordings = Mapping[str, Recording]

NEAR = 0.15  # of the test set: a rate works where it is at most so much below the variant's best
TIMES = 9.99  # by which the largest rate that works must grow
AGREE = 1e-6  # relative
LEARNED = 1.5  # nats
SMALLER = 0.8  # of the gap without batch norm: what counts as smaller, as with dropout
ROUNDING = 1e-3  # of a logit: far above float32's, far below anything that matters

REMEDIES = {
    "batch": Remedy("Batch norm", {"norm": "batch"}, "After the weights of each hidden layer, before its activation."),
}
BASE = Experiment.of(
    depth=5, width=48, optimiser="sgd", lr=0.1, steps=200, train_examples=4_000, test_examples=500, snapshots=60, histograms=8,
    modes=True,
)  # fmt: skip
MAP = replace(
    BASE,
    modes=False,
    steps=120,
    sweep_over="lr",
    sweep_values=(0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
    sweep_across="init_scale",
    sweep_across_values=(0.1, 0.2, 0.5, 1, 2, 5, 10),
)
FEW = replace(
    BASE, modes=False, histograms=0, steps=600, batch_size=50, train_examples=300, test_examples=1_000, evaluations=13,
    training_set=True,
)  # fmt: skip
AGES = Experiment.of(calculation="batch_norm", steps=1, snapshots=2, histograms=0, evaluations=0)


def _against(a: Experiment) -> dict[str, Experiment]:
    return {"A": a, "B": REMEDIES["batch"].applied(a)}


PRESETS = {
    "rate": Preset(
        "In a net: a rate of 1",
        _against(replace(BASE, lr=1.0)),
        "A diverges from half this rate on, on each of the seeds that were tried. See how it ends for each.",
    ),
    "small": Preset(
        "In a net: weights that start five times too small",
        _against(replace(BASE, init_scale=0.2)),
        "A's signal dies out on its way up. B's is brought back to spread 1 at each layer.",
    ),
    "large": Preset(
        "In a net: weights that start five times too large",
        _against(replace(BASE, init_scale=5.0, lr=0.03)),
        "A is thrown off by its first gradients. B starts with huge logits, since nothing normalises its last layer.",
    ),
    "sigmoid": Preset(
        "In a net: sigmoid layers, as in the paper's first experiment",
        _against(replace(BASE, activation="sigmoid", init="glorot", depth=4, width=100, batch_size=60, lr=0.3, steps=300)),
        "Three hidden layers of 100 sigmoids: how many updates until each has learned something?",
        "In Ioffe & Szegedy 2015, figure 1a, the net with batch norm learns faster and ends higher, on MNIST.",
    ),
    "tiny": Preset(
        "In a net: batches of eight",
        _against(replace(BASE, batch_size=8)),
        "Open Train and eval: with eight examples, a batch's own mean and spread are a rough guess.",
        tab="Train and eval",
    ),
    "gap": Preset(
        "In a net: 300 images and the gap",
        _against(FEW),
        "Both nets soon know their 300 images by heart. See Gap: how much worse is each on images that it never saw?",
        "Ioffe & Szegedy 2015, section 3.4, expect a regularising effect, since an example’s output depends on its mini-batch.",
        tab="Gap",
    ),
    "cnn": Preset(
        "In a convolutional net",
        _against(replace(BASE, net="cnn", depth=5, width=8, batch_size=32, steps=100, evaluations=5, test_examples=250)),
        "Here a channel is normalised over the batch and over all positions of its map.",
    ),
    "map": Preset(
        "Map: learning rate × initial scale",
        _against(MAP),
        "56 small runs each. Every cell appears as its run ends; × is a run that diverged.",
    ),
    "ages": Preset(
        "By hand: eight ages",
        {"A": AGES},
        "Edit the numbers: every step forward and back is computed anew.",
    ),
    "outlier": Preset(
        "By hand: one outlier",
        {"A": replace(AGES, batch=(18, 25, 31, 38, 46, 55, 67, 800))},
        "Somebody typed 800 for 80. What becomes of the seven others?",
    ),
    "constant": Preset(
        "By hand: all alike",
        {"A": replace(AGES, batch=(30,) * 8)},
        "σ² = 0: only ε keeps the division finite. See how large the gradients are.",
    ),
}


def tolerates_larger_rate(recordings: Recordings) -> Measured | None:
    """The largest rate near the best of its row at the scheme's own scale, without batch norm and with it."""
    maps = _maps(recordings)
    if maps is None:
        return None
    largest = []
    for recording, cells in maps:
        sweep = recording.experiment.sweep
        row = cells[sweep.sweep_across_values.index(1.0)]
        largest.append(max(rate for rate, cell in zip(sweep.sweep_values, row, strict=True) if cell >= row.max() - NEAR))
    sentence = (
        f"At the scheme's own scale, the largest rate within {number_text(100 * NEAR)} points of the row's best is "
        f"{number_text(largest[0])} without and {number_text(largest[1])} with batch norm: "
        f"{number_text(largest[1] / largest[0])} times larger."
    )
    return Measured(largest[1] >= TIMES * largest[0], sentence)


def depends_less_on_scale(recordings: Recordings) -> Measured | None:
    """Highest less lowest accuracy over the initial scales, each variant at the rate with its best mean."""
    maps = _maps(recordings)
    if maps is None:
        return None
    spreads = [float(np.ptp(cells[:, int(cells.mean(0).argmax())])) for _recording, cells in maps]
    sentence = (
        f"Over initial scales from 0.1 to 10, each at its best rate, accuracy spreads by {number_text(100 * spreads[0])} points "
        f"without and {number_text(100 * spreads[1])} with batch norm."
    )
    return Measured(spreads[1] < spreads[0] / 2, sentence)


def _maps(recordings: Recordings) -> list[tuple[Recording, Array]] | None:
    """Recording and cells (scales, rates) without and with batch norm; a diverged run counts as guessing. None before the end."""
    found = {r.experiment.net.norm: r for r in recordings.values() if len(r) and r.experiment.is_map}
    if not {"none", "batch"} <= set(found) or 1.0 not in found["none"].experiment.sweep.sweep_across_values:
        return None
    pair = [found["none"], found["batch"]]
    if any(np.isnan(r.column("sweep_map")[-1] + 0).sum() > np.isfinite(r.column("sweep_lost")[-1]).sum() for r in pair):
        return None
    return [(r, np.nan_to_num(r.column("sweep_map")[-1].astype(float), nan=0.1)) for r in pair]


def hand_equals_autograd(recordings: Recordings) -> Measured | None:
    """The largest of the six relative differences."""
    found = next((r for r in recordings.values() if "relative_error" in r.names), None)
    if found is None:
        return None
    worst = float(found.column("relative_error")[-1].max())
    return Measured(worst <= AGREE, f"The six equations differ from autograd by {number_text(worst)} at most, in float64.")


def learns_sooner(recordings: Recordings) -> Measured | None:
    """Updates until a batch of the sigmoid net costs less than 1.5 nats."""
    pair = _pair(recordings)
    if pair is None or pair[0].experiment.net.activation != "sigmoid":
        return None
    plain, normed = (_updates_to_learn(recording) for recording in pair)
    if not math.isfinite(normed):
        return Measured(False, f"With batch norm no batch costs less than {LEARNED} nats, however long it trains here.")
    later = f"after {number_text(plain)}" if math.isfinite(plain) else f"never in {int(pair[0].steps[-1]):,}"
    sentence = (
        f"A batch first costs less than {LEARNED} nats after {number_text(normed)} updates with batch norm, {later} without."
    )
    return Measured(normed < plain / 2, sentence)


def _updates_to_learn(recording: Recording) -> float:
    below = np.flatnonzero(recording.column("loss") < LEARNED)
    return float(recording.steps_of("loss")[below[0]]) if len(below) else math.inf


def survives_the_rate(recordings: Recordings) -> Measured | None:
    """Test accuracies at a rate of 1: without batch norm at guessing or diverged, with it far above."""
    pair = _pair(recordings)
    if pair is None or pair[0].experiment.optimiser.lr < 0.99 or pair[0].experiment.net.activation != "relu":
        return None
    plain, normed = (float(recording.column("test_accuracy")[-1]) for recording in pair)
    how = "diverged" if pair[0].ending and pair[0].ending.state == "diverged" else f"ended at {percent_text(plain)}"
    return Measured(plain < 0.3 and normed > 0.6, f"Without batch norm the run {how}; with it, {percent_text(normed)} right.")


def folds_away(recordings: Recordings) -> Measured | None:
    """The largest change of a logit by folding, over the whole run."""
    found = next((r for r in recordings.values() if r.experiment.net.norm == "batch" and "fold_difference" in r.names), None)
    if found is None:
        return None
    worst = float(found.column("fold_difference").max())
    sentence = f"Over {len(found.column('fold_difference'))} moments, folding changed no logit by more than {number_text(worst)}."
    return Measured(worst < ROUNDING, sentence)


def depends_on_the_batch(recordings: Recordings) -> Measured | None:
    """Spread of one example's probability over 24 batches in train mode, for small batches."""
    found = next((r for r in recordings.values() if r.experiment.net.norm == "batch" and "mates" in r.names), None)
    if found is None or found.experiment.batch_size > 8:
        return None
    mates, alone = found.column("mates")[-1], float(found.column("mates_alone")[-1, 0])
    low, high = float(mates.min()), float(mates.max())
    sentence = (
        f"In train mode, one example's true class gets between {percent_text(low)} and {percent_text(high)}, depending on the "
        f"seven others; in eval mode always {percent_text(alone)}."
    )
    return Measured(high - low > 0.1, sentence)


def narrows_the_gap(recordings: Recordings) -> Measured | None:
    """Training set against test set at the end, in loss and in right answers, without batch norm and with it."""
    pair = _pair(recordings)
    if pair is None or any("loss_gap" not in recording.names for recording in pair):
        return None
    losses, rights, accuracies = (
        [float(recording.column(name)[-1]) for recording in pair] for name in ("loss_gap", "accuracy_gap", "test_accuracy")
    )
    if not np.isfinite(losses).all() or losses[0] <= 0:
        return None
    errors = [
        standard_error(accuracy, recording.experiment.data.test_examples)
        for accuracy, recording in zip(accuracies, pair, strict=True)
    ]
    sentence = (
        f"Test less training, loss: {number_text(losses[0])} nats without batch norm, {number_text(losses[1])} with it. Training "
        f"less test, right answers: {number_text(100 * rights[0])} points without, {number_text(100 * rights[1])} with it."
    )
    return Measured(losses[1] < SMALLER * losses[0] and close(rights, errors), sentence)


def _pair(recordings: Recordings) -> tuple[Recording, Recording] | None:
    """One training run without norm and one with batch norm, both measured."""
    found = {r.experiment.net.norm: r for r in recordings.values() if len(r) and "test_accuracy" in r.names}
    return (found["none"], found["batch"]) if {"none", "batch"} <= set(found) else None


def accuracy_with_batch_norm(recordings: Recordings) -> int | None:
    """Which option holds at a rate of 1."""
    if survives_the_rate(recordings) is None:
        return None
    pair = _pair(recordings)
    assert pair is not None
    accuracy = float(pair[1].column("test_accuracy")[-1])
    return 0 if accuracy < 0.2 else 1 if accuracy < 0.6 else 2


def forward_table(experiment: Experiment) -> dict[str, list[str]]:
    """The forward pass by hand, a row an example."""
    given = experiment.calculation
    x = np.array(given.batch)
    passed = by_hand.forward(x, given.gamma, given.beta, given.epsilon)
    columns = {"xᵢ": x, "xᵢ − μ": x - passed.mean, "(xᵢ − μ)²": (x - passed.mean) ** 2, "x̂ᵢ": passed.x_hat, "yᵢ": passed.y}
    return {"i": [str(i) for i in range(1, len(x) + 1)], **{name: _told(values) for name, values in columns.items()}}


SYMBOLS = dict(zip(by_hand.EQUATIONS, ("∂ℓ/∂x̂ᵢ", "∂ℓ/∂σ²", "∂ℓ/∂μ", "∂ℓ/∂xᵢ", "∂ℓ/∂γ", "∂ℓ/∂β"), strict=True))


def backward_table(experiment: Experiment, recordings: Recordings) -> dict[str, list[str]]:
    """The six equations: by hand, and by autograd where that has been computed for these numbers."""
    given = experiment.calculation
    x = np.array(given.batch)
    hand = by_hand.backward(x, by_hand.padded(given.upstream, len(x)), given.gamma, given.epsilon)
    auto = next((r for r in recordings.values() if r.experiment.calculation == given and len(r)), None)
    others = [", ".join(_told(auto.column(f"auto_{name}")[-1])) if auto else "…" for name in hand]
    errors = _told(auto.column("relative_error")[-1]) if auto else ["…"] * len(hand)
    by = [", ".join(_told(gradient.value)) for gradient in hand.values()]
    return {"gradient": list(SYMBOLS.values()), "apart, relative": errors, "by hand": by, "by autograd": others}


def normed(variants: Mapping[str, Experiment]) -> tuple[str, ...]:
    """The letters of the variants with batch norm."""
    return tuple(letter for letter, experiment in variants.items() if experiment.net.norm == "batch")


def moments(experiment: Experiment) -> str:
    """μ and σ² in words."""
    passed = by_hand.forward(np.array(experiment.calculation.batch), 1.0, 0.0, 1.0)
    return f"μ = {number_text(passed.mean)}, σ² = {number_text(passed.variance)}"


def _told(values: Array) -> list[str]:
    return [number_text(float(value)) for value in values]


LESSON = Lesson(
    number=310,
    slug="batch_normalisation",
    title="Batch normalisation",
    question="If every layer's inputs had mean 0 and spread 1, whatever the weights below do, how much easier would it learn?",
    presets=PRESETS,
    prediction=Prediction(
        "Five layers at a learning rate of 1, twice the rate at which they diverge without batch norm. How often is the net with "
        "batch norm right on the test set after 200 updates?",
        ("As often as guessing: 10 %", "Between 20 % and 60 %", "More than 60 %"),
        accuracy_with_batch_norm,
        (
            "Even with batch norm the net learned nothing here: the steps are too large for the output layer, which has no "
            "norm behind it.",
            "Batch norm kept the run finite, but at this rate every step undoes much of the one before.",
            "Weights that a large step has made larger give the same normalised output and get a smaller gradient, so the "
            "net holds itself in check.",
        ),
    ),
    claims=(
        Claim(
            "At a rate of 1 the plain net fails and the one with batch norm learns.",
            "rate",
            survives_the_rate,
            "Which of the two changed with your settings?",
        ),
        Claim(
            "In eval mode batch norm folds into the weights before it: nothing but rounding changes.",
            "rate",
            folds_away,
            "How large are the logits themselves? Rounding grows with them.",
        ),
        Claim(
            "With batch norm the sigmoid net has learned something in less than half the updates.",
            "sigmoid",
            learns_sooner,
            "Is the plain net's rate too small, or the other's too large?",
        ),
        Claim(
            "In train mode and with batches of eight, an answer depends on the company.",
            "tiny",
            depends_on_the_batch,
            "Is the example so easy that no company can spoil it?",
        ),
        Claim(
            "With 300 images batch norm narrows the gap in loss by a fifth or more, on each of the four seeds that were tried. "
            "The gap in right answers stays.",
            "gap",
            narrows_the_gap,
            "Does the net without batch norm know its images by heart? As long as it does not, its own gap is small.",
        ),
        Claim(
            "Batch norm tolerates a rate at least 10 times larger.",
            "map",
            tolerates_larger_rate,
            "Where does the plain net's row break off?",
        ),
        Claim(
            "With batch norm the final accuracy depends less than half as much on the initial scale.",
            "map",
            depends_less_on_scale,
            "With normalised layers, a larger scale works as a smaller rate: the pattern runs along the diagonal.",
        ),
        Claim(
            "The six equations by hand equal autograd's gradients to 10⁻⁶.",
            "ages",
            hand_equals_autograd,
            "Which equation is off, and which numbers cancel in it?",
        ),
    ),
    try_this=TASKS,
    references=(
        Reference(
            "S. Ioffe, C. Szegedy",
            2015,
            "Batch normalization: accelerating deep network training by reducing internal covariate shift",
            "https://arxiv.org/abs/1502.03167",
            "The forward pass, the six equations, and figure 1.",
        ),
        Reference(
            "Y. LeCun, L. Bottou, G. B. Orr, K.-R. Müller",
            1998,
            "Efficient BackProp",
            "https://link.springer.com/chapter/10.1007/3-540-49430-8_2",
            "Why inputs are standardised, section 4.3.",
        ),
    ),
    remedies=REMEDIES,
    summary="Batch norm gives each feature mean 0 and spread 1 over the mini-batch, then a learned scale and shift. Rates may be "
    "several times larger and the first weights far off; in return an answer depends on the batch, so that tests use running "
    "statistics, which fold into the weights.",
)
