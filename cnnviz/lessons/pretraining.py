"""Pre-training: what a net can learn without labels, or from labels of something else, and what that is worth afterwards."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping

import numpy as np

from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.records import Array, Recording
from cnnviz.lessons import Claim, Lesson, Measured, Prediction, Preset, Reference
from cnnviz.lessons.tasks.pretraining import TASKS
from cnnviz.plots.numbers import number_text, percent_text

Recordings = Mapping[str, Recording]

UNSUPERVISED = ("autoencoder", "greedy")
SCHEMES = ("none", *UNSUPERVISED, "transfer")
WORDS = {"none": "from scratch", "autoencoder": "end to end", "greedy": "layer by layer", "transfer": "transfer"}
WIN = 0.05  # of the test set: the least lead that we call winning
CLOSED = 1 / 4  # of the lead with the fewest labels: what may be left with the most
LEARNED = 0.5  # nats: a task whose batches cost less is on its way


def _schemes(base: Experiment) -> dict[str, Experiment]:
    """The same net, data, labels and batches under each scheme: A from scratch, B end to end, C greedy, D transfer."""
    return {letter: replace(base, pretraining=scheme) for letter, scheme in zip("ABCD", SCHEMES, strict=True)}


DIGITS = Experiment.of(
    dataset="digits", train_examples=1_437, test_examples=360, task_classes=7,
    depth=4, width=64, activation="sigmoid", init="standard", optimiser="momentum", lr=0.3, steps=400, batch_size=64,
    pretraining_steps=600, pretraining_lr=0.004, corruption=0.3,
)  # fmt: skip
AGAINST_LABELS = {"sweep_over": "labels", "sweep_values": (10, 30, 100, 300, 1_000), "sweep_seeds": 3}
WATCHED = {"labels": 30, "snapshots": 60, "histograms": 8, "filters": 16}
CLOTHES = replace(
    DIGITS,
    dataset="fashion_mnist",
    train_examples=5_000,
    test_examples=500,
    task_classes=5,
    pretraining_lr=0.002,
    **WATCHED | {"filters": 9},
)
MODERN = replace(DIGITS, activation="relu", init="he", optimiser="adam", lr=0.003, steps=300)

PRESETS = {
    "labels": Preset(
        "Accuracy against labels",
        _schemes(replace(DIGITS, **AGAINST_LABELS)),
        "Sixty small runs: four starts, five numbers of labels, three seeds. Each point appears as its runs end.",
        "After Erhan et al. 2010, who compare pre-trained with random starts over many seeds.",
    ),
    "watch": Preset(
        "One run to watch: handwritten digits",
        _schemes(replace(DIGITS, **WATCHED)),
        "Thirty labels. See Filters: move the cursor from the first step to the last. A waits while the others pre-train.",
        tab="Filters",
    ),
    "clothes": Preset(
        "One run to watch: clothes",
        _schemes(CLOTHES),
        "The same on 28×28 photographs, where the filters have more to show. Set *Corruption* to 0 and compare them.",
        "After Vincent et al. 2008, whose filters grow larger and clearer with the corruption.",
    ),
    "modern": Preset(
        "The same with ReLU, He and Adam",
        _schemes(replace(MODERN, **AGAINST_LABELS)),
        "Only what the net is made of and how it learns has changed. Is pre-training still worth its updates?",
    ),
}


def few_labels_win(recordings: Recordings) -> Measured | None:
    """With the fewest labels: both unsupervised starts' leads over that from scratch, seed by seed."""
    curves = _curves(recordings)
    if curves is None or not set(UNSUPERVISED) <= set(curves):
        return None
    leads = np.array([curves[scheme][0] - curves["none"][0] for scheme in UNSUPERVISED])
    told = ", ".join(f"{WORDS[name]} {percent_text(curves[name][0].mean())}" for name in ("none", *UNSUPERVISED))
    sentence = (
        f"With {_labels(recordings, 0)} labels, right on the test set, mean of the seeds: {told}; the least lead on one seed is "
        f"{_points(float(leads.min()))}."
    )
    return Measured(bool(leads.mean(1).min() > WIN and leads.min() > 0), sentence)


def gap_closes(recordings: Recordings) -> Measured | None:
    """The lead of the better unsupervised start, with the fewest labels and with the most."""
    leads = _leads(recordings)
    if leads is None:
        return None
    few, many = leads[0], leads[-1]
    sentence = (
        f"The lead of the better autoencoder is {_points(few)} with {_labels(recordings, 0)} labels and {_points(many)} with "
        f"{_labels(recordings, -1)}."
    )
    return Measured(bool(few > WIN and abs(many) < CLOSED * few), sentence)


def transfer_is_narrow(recordings: Recordings) -> Measured | None:
    """With the fewest labels: a start from other classes' labels against the better unsupervised one."""
    curves = _curves(recordings)
    if curves is None or not {"transfer", *UNSUPERVISED} <= set(curves):
        return None
    ours = curves["transfer"][0].mean()
    best = max(curves[scheme][0].mean() for scheme in UNSUPERVISED)
    scratch = curves["none"][0].mean()
    sentence = (
        f"With {_labels(recordings, 0)} labels: transfer {percent_text(ours)}, the better autoencoder {percent_text(best)}, "
        f"from scratch {percent_text(scratch)}."
    )
    return Measured(bool(ours < best), sentence)


def gain_fades(recordings: Recordings) -> Measured | None:
    """For ReLU nets from He's start: whether, with the fewest labels, the band of the better autoencoder meets that from
    scratch."""
    curves, leads = _curves(recordings), _leads(recordings)
    if curves is None or leads is None:
        return None
    experiment = next(iter(recordings.values())).experiment
    if (experiment.net.activation, experiment.net.init) != ("relu", "he"):
        return None
    best = max((curves[scheme][0] for scheme in UNSUPERVISED if scheme in curves), key=np.mean)
    worst, luckiest = float(best.min()), float(curves["none"][0].max())
    sentence = (
        f"With {_labels(recordings, 0)} labels the better autoencoder leads by {_points(leads[0])}; its worst seed gets "
        f"{percent_text(worst)} right, the best one from scratch {percent_text(luckiest)}."
    )
    return Measured(worst <= luckiest, sentence)


def first_layer_learns_without_labels(recordings: Recordings) -> Measured | None:
    """How far layer 1 has moved from its fresh weights: from scratch at the end; by the autoencoder before the task and at the
    end."""
    found = {_scheme(r): r for r in recordings.values() if "first_moved" in r.names and "phase" in r.names}
    if not {"none", "autoencoder"} <= set(found):
        return None
    scratch = float(found["none"].column("first_moved")[-1])
    taught = found["autoencoder"]
    start = taught.experiment.pretraining.pretraining_steps
    before, end = float(taught.at("first_moved", start)), float(taught.column("first_moved")[-1])
    sentence = (
        f"Rebuilding images moved layer 1 by {percent_text(before)} of its fresh size, and at the end of the task it is "
        f"{percent_text(end)} away; from scratch, the labels moved it by {percent_text(scratch)}."
    )
    return Measured(before > 1.5 * scratch and abs(end / before - 1) < 0.1, sentence)


def task_is_learned_sooner(recordings: Recordings) -> Measured | None:
    """Updates of the task until a batch costs less than half a nat: from scratch and from greedy pre-training."""
    sooner = {_scheme(r): _updates_to_learn(r) for r in recordings.values() if "loss" in r.names and "phase" in r.names}
    if not {"none", "greedy"} <= set(sooner):
        return None
    scratch, taught = sooner["none"], sooner["greedy"]
    if not math.isfinite(taught):
        return Measured(False, f"No batch costs less than {LEARNED} nats after the greedy start, however long it trains here.")
    later = f"after {number_text(scratch)}" if math.isfinite(scratch) else "never in this run"
    sentence = (
        f"A batch first costs less than {LEARNED} nats after {number_text(taught)} updates from the greedy start, {later} from "
        "scratch."
    )
    return Measured(taught < scratch / 2, sentence)


def _updates_to_learn(recording: Recording) -> float:
    below = np.flatnonzero(recording.column("loss") < LEARNED)
    first = recording.experiment.pretraining.pretraining_steps
    return float(recording.steps_of("loss")[below[0]] - first) if len(below) else math.inf


def _scheme(recording: Recording) -> str:
    return str(recording.experiment.pretraining.pretraining)


def _curves(recordings: Recordings) -> dict[str, Array] | None:
    """Test accuracies (numbers of labels, seeds) by scheme; None where this is no whole sweep over labels from scratch on."""
    swept = {_scheme(r): r for r in recordings.values() if len(r) and r.experiment.sweep.sweep_over == "labels"}
    if "none" not in swept:
        return None
    cells = {scheme: recording.column("sweep_cells")[-1].astype(float) for scheme, recording in swept.items()}
    whole = all(np.isfinite(found).all() for found in cells.values())
    return cells if whole and len(cells["none"]) > 1 else None


def _leads(recordings: Recordings) -> Array | None:
    """The better unsupervised mean less that from scratch, at each number of labels."""
    curves = _curves(recordings)
    if curves is None or not set(UNSUPERVISED) & set(curves):
        return None
    best = np.max([curves[scheme].mean(1) for scheme in UNSUPERVISED if scheme in curves], axis=0)
    return np.asarray(best - curves["none"].mean(1))


def _labels(recordings: Recordings, place: int) -> str:
    return next(iter(recordings.values())).layers[place]


def _points(lead: float) -> str:
    return f"{number_text(100 * lead)} points"


EDGES = (0.0, 0.05, 0.15)


def lead_with_few_labels(recordings: Recordings) -> int | None:
    """Which option holds for ten labels under the classical net; None for anything else."""
    leads = _leads(recordings)
    if leads is None or _labels(recordings, 0) != "10":
        return None
    experiment = next(iter(recordings.values())).experiment
    return bisect_right(EDGES, float(leads[0])) if experiment.net.activation == "sigmoid" else None


LESSON = Lesson(
    number=240,
    slug="pretraining",
    title="Pre-training",
    question="Labels are dear and pictures are cheap: what can a net learn before it sees its first label?",
    presets=PRESETS,
    prediction=Prediction(
        "Ten labelled digits, seven classes, 1,437 digits without labels. Of 100 test digits, how many more does the better "
        "autoencoder get right than the same net from scratch?",
        ("None, or fewer", "Up to 5", "5 to 15", "More than 15"),
        lead_with_few_labels,
        (
            "With these settings what the autoencoder learned to keep is not what tells the classes apart, or the labels "
            "alone suffice.",
            "Rebuilding images helped a little: most of what the labels teach, the net learns from them alone here.",
            "To rebuild an image its layers must keep what digits differ in; that is worth something here, though the "
            "labels alone do much of the work.",
            "To rebuild an image its layers must keep what digits differ in; ten labels then only have to name what is "
            "already told apart.",
        ),
    ),
    claims=(
        Claim(
            "With few labels unsupervised pre-training wins: both autoencoders lead by more than 5 points on average, and "
            "lead on every seed.",
            "labels",
            few_labels_win,
            "Is the net so well started that ten labels suffice, or is there too little pre-training?",
        ),
        Claim(
            "With many labels the gap closes to less than a quarter.",
            "labels",
            gap_closes,
            "Was there a gap to close? Or does the start from scratch need more updates than it gets here?",
        ),
        Claim(
            "Labels of other classes are a narrow teacher: with the fewest labels, transfer loses to the better autoencoder.",
            "labels",
            transfer_is_narrow,
            "What would more classes to learn from change? Large sets with a thousand classes made transfer the custom.",
        ),
        Claim(
            "With ReLU, He's initialisation and Adam, what is left of the lead is within the luck of the seed.",
            "modern",
            gain_fades,
            "What is left to gain where the optimiser gets everywhere by itself?",
        ),
        Claim(
            "Rebuilding images moves layer 1 half as far again as few labels do, and the task leaves it nearly there.",
            "watch",
            first_layer_learns_without_labels,
            "Does the gradient reach layer 1 here by itself? See lesson 210.",
        ),
        Claim(
            "From pre-trained weights the task itself is learned in less than half the updates.",
            "watch",
            task_is_learned_sooner,
            "Count the pre-training too: when is it paid back?",
        ),
    ),
    try_this=TASKS,
    references=(
        Reference(
            "Y. Bengio, P. Lamblin, D. Popovici, H. Larochelle",
            2007,
            "Greedy layer-wise training of deep networks",
            "https://papers.nips.cc/paper/3048-greedy-layer-wise-training-of-deep-networks",
            "One autoencoder after the other, then fine-tuning.",
        ),
        Reference(
            "P. Vincent, H. Larochelle, Y. Bengio, P.-A. Manzagol",
            2008,
            "Extracting and composing robust features with denoising autoencoders",
            "https://dl.acm.org/doi/10.1145/1390156.1390294",
            "Rebuild the image from a corrupted copy.",
        ),
        Reference(
            "D. Erhan, Y. Bengio, A. Courville, P.-A. Manzagol, P. Vincent, S. Bengio",
            2010,
            "Why does unsupervised pre-training help deep learning?",
            "https://jmlr.org/papers/v11/erhan10a.html",
            "Mostly as a regulariser that finds better basins, over hundreds of seeds.",
        ),
        Reference(
            "J. Yosinski, J. Clune, Y. Bengio, H. Lipson",
            2014,
            "How transferable are features in deep neural networks?",
            "https://arxiv.org/abs/1411.1792",
            "What labels of other classes teach, layer by layer.",
        ),
    ),
    summary="A net can learn to rebuild images before it sees a label, or learn other classes first. Where labels are few and "
    "the net is hard to train, rebuilding is worth most; with many labels, or a net that trains easily, little of it is left.",
)
