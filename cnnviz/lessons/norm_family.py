"""When batch norm fails, and its family: error against batch size, and what else can be normalised."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.records import Array, Recording
from cnnviz.engine.words import NORMS
from cnnviz.lessons import Claim, Lesson, Measured, Prediction, Preset, Reference, Remedy
from cnnviz.lessons.tasks.norm_family import TASKS
from cnnviz.plots.numbers import number_text, percent_text

Recordings = Mapping[str, Recording]

OFFERED = tuple(norm for norm in NORMS if norm != "noisy_batch")  # that one belongs to lesson 330
COMPARED = ("batch", "layer", "group", "none")
WORDS = {"batch": "batch norm", "layer": "layer norm", "group": "group norm", "none": "no norm"}
SMALL, LARGE = 2, 32
WIN = 0.1  # of the test set: the least lead at the small batch that we call winning
LEVEL = 0.05  # of the test set: how far apart means may be that we call level
SURVIVES = 0.06  # of the test set: the most that batch norm may lose on maps at the small batch
COSTS = 1.25  # times the test loss: the least that sharing statistics over time must cost
ALLOWED = 0.02  # of a top singular value, around 1

DIGITS = Experiment.of(
    dataset="digits", train_examples=1_437, test_examples=360, optimiser="momentum", lr=0.1, batch_size=32, steps=80,
)  # fmt: skip
SWEPT = replace(
    DIGITS,
    depth=3,
    width=64,
    lr=0.05,
    sweep_over="batch_size",
    sweep_values=(2, 4, 8, 16, 32, 64),
    sweep_seeds=3,
    sweep_examples=2_500,
    sweep_scaled=True,
)
MAPS = replace(
    DIGITS, net="cnn", depth=6, width=16, norm="batch", batch_size=2, lr=0.00625, steps=1_500, snapshots=60, histograms=8
)
LIPSCHITZ = replace(
    DIGITS, depth=3, width=64, lr=0.02, steps=200, snapshots=60, histograms=8, spectrum=True, power_steps=50,
)  # fmt: skip
ROWS = replace(
    DIGITS, net="rnn", norm="batch", depth=2, activation="tanh", init="glorot", optimiser="adam", lr=0.003, steps=300,
    snapshots=60, histograms=8, modes=True,
)  # fmt: skip
PAIRS = replace(ROWS, batch_size=SMALL, lr=0.001, steps=1_500)

PRESETS = {
    "batch_size": Preset(
        "Accuracy against batch size",
        {letter: replace(SWEPT, norm=norm) for letter, norm in zip("ABCD", COMPARED, strict=True)},
        "Seventy-two small runs: four norms, six batch sizes, three seeds. Each run sees 2,500 digits; its rate is in proportion "
        "to its batch.",
        "After Wu & He 2018, figure 1.",
    ),
    "maps": Preset(
        "Two digits a batch, with maps",
        {"A": MAPS, "B": replace(MAPS, norm="group")},
        "A convolutional net: each channel's mean also runs over the positions of its map.",
    ),
    "spectral": Preset(
        "Spectral norm, watched",
        {"A": LIPSCHITZ, "B": replace(LIPSCHITZ, norm="spectral")},
        "See Singular values: how much a layer can stretch an input, by a full decomposition. Here σ is followed by 50 steps an "
        "update; with the paper's single step it stayed about a seventh behind at this rate.",
        tab="Singular values",
    ),
    "recurrent": Preset(
        "Row by row: batch norm against layer norm",
        {"A": ROWS, "B": replace(ROWS, norm="layer")},
        "A recurrent net reads the eight rows of a digit in turn, 32 digits a batch. Batch norm keeps running statistics of each "
        "time step.",
        "Batch norm as in Cooijmans et al. 2016, layer norm as in Ba et al. 2016; their sequences are longer.",
    ),
    "recurrent_pairs": Preset(
        "Row by row, two digits a batch",
        {"A": PAIRS, "B": replace(PAIRS, norm="layer")},
        "The same net, each mean of batch norm over two numbers, eight time steps in a row.",
    ),
    "recurrent_shared": Preset(
        "Row by row: whose running statistics?",
        {"A": ROWS, "B": replace(ROWS, norm_over_time="shared")},
        "Both are trained alike, to the last digit: what differs is the mean and variance that the time steps are tested with.",
        "After Cooijmans et al. 2016, section 3: statistics averaged over time serve no time step.",
    ),
}


def small_batches(recordings: Recordings) -> Measured | None:
    """At batch size 2: layer and group norm against batch norm, every seed."""
    found = _at(recordings, SMALL)
    if found is None:
        return None
    batch, others = found["batch"], [found["layer"], found["group"]]
    wins = all(other.mean() - batch.mean() > WIN and other.min() > batch.max() for other in others)
    return Measured(bool(wins), f"Right on the test set at batch size {SMALL}, mean of the seeds: {_means(found)}.")


def large_batches(recordings: Recordings) -> Measured | None:
    """At batch size 32: the means of layer and group norm against that of batch norm."""
    found = _at(recordings, LARGE)
    if found is None:
        return None
    apart = max(abs(found[norm].mean() - found["batch"].mean()) for norm in ("layer", "group"))
    sentence = f"Right on the test set at batch size {LARGE}: {_means(found)}; at most {number_text(100 * apart)} points apart."
    return Measured(bool(apart < LEVEL), sentence)


def maps_help(recordings: Recordings) -> Measured | None:
    """On a convolutional net at batch size 2: the final test accuracy of batch norm against that of group norm."""
    found = {r.experiment.net.norm: r for r in recordings.values() if "test_accuracy" in r.names and not r.experiment.is_sweep}
    first = next(iter(recordings.values()), None)
    if first is None or not {"batch", "group"} <= set(found):
        return None
    if first.experiment.net.net != "cnn" or first.experiment.batch_size != SMALL:
        return None
    batch, group = (float(found[norm].column("test_accuracy")[-1]) for norm in ("batch", "group"))
    return Measured(
        group - batch < SURVIVES, f"Batch norm {percent_text(batch)}, group norm {percent_text(group)} right at the end."
    )


def spectral_holds(recordings: Recordings) -> Measured | None:
    """The top singular value of every hidden layer under spectral norm, at every snapshot; beside it without."""
    found = {r.experiment.net.norm: r.column("top_singular")[:, :-1] for r in recordings.values() if "top_singular" in r.names}
    if "spectral" not in found:
        return None
    low, high = float(found["spectral"].min()), float(found["spectral"].max())
    plain = f"; without it they reach {number_text(float(found['none'].max()))}" if "none" in found else ""
    holds = low >= 1 - ALLOWED and high <= 1 + ALLOWED
    return Measured(holds, f"Over the run, all hidden layers: {low:.4f} to {high:.4f}{plain}.")


def rows_level(recordings: Recordings) -> Measured | None:
    """On rows, at batch size 32: the final test accuracies of batch and layer norm."""
    found = _recurrent(recordings, "norm")
    if found is None or not {"batch", "layer"} <= set(found) or _batch_size(recordings) != LARGE:
        return None
    batch, layer = (float(found[norm].column("test_accuracy")[-1]) for norm in ("batch", "layer"))
    return Measured(
        abs(batch - layer) < LEVEL, f"Batch norm {percent_text(batch)}, layer norm {percent_text(layer)} right at the end."
    )


def pairs_fail(recordings: Recordings) -> Measured | None:
    """On rows, at batch size 2: the final test accuracy of layer norm against that of batch norm."""
    found = _recurrent(recordings, "norm")
    if found is None or not {"batch", "layer"} <= set(found) or _batch_size(recordings) != SMALL:
        return None
    batch, layer = (float(found[norm].column("test_accuracy")[-1]) for norm in ("batch", "layer"))
    return Measured(layer - batch > WIN, f"Batch norm {percent_text(batch)}, layer norm {percent_text(layer)} right at the end.")


def sharing_costs(recordings: Recordings) -> Measured | None:
    """On rows: test losses with running statistics shared over time over those with each step's own, and training losses."""
    found = _recurrent(recordings, "norm_over_time")
    if found is None or not {"each", "shared"} <= set(found) or any(r.experiment.net.norm != "batch" for r in found.values()):
        return None
    each, shared = (float(found[whose].column("test_loss")[-1]) for whose in ("each", "shared"))
    right = [percent_text(float(found[whose].column("test_accuracy")[-1])) for whose in ("each", "shared")]
    same = bool(np.allclose(found["each"].column("loss"), found["shared"].column("loss"), rtol=1e-3))
    training = "the same batch losses all along" if same else "other batch losses on the way"
    sentence = (
        f"Test loss {number_text(each)} with statistics of each time step, {number_text(shared)} with shared ones ({right[0]} "
        f"and {right[1]} right); {training}."
    )
    return Measured(same and shared > COSTS * each, sentence)


def _recurrent(recordings: Recordings, setting: str) -> dict[str, Recording] | None:
    """Tested recordings by a setting; None where there are none, or some are of another net."""
    tested = [recording for recording in recordings.values() if "test_loss" in recording.names]
    if not tested or any(recording.experiment.net.net != "rnn" for recording in tested):
        return None
    return {str(recording.experiment.get(setting)): recording for recording in tested}


def _batch_size(recordings: Recordings) -> int:
    return next(iter(recordings.values())).experiment.batch_size


def _at(recordings: Recordings, batch_size: int) -> dict[str, Array] | None:
    """Test accuracies of the seeds by norm; None where this is no whole sweep over batch sizes with the norms compared."""
    found = {}
    for recording in recordings.values():
        sweep = recording.experiment.sweep
        if len(recording) and sweep.sweep_over == "batch_size" and batch_size in sweep.sweep_values:
            cells = recording.column("sweep_cells")[-1].astype(float)
            if np.isfinite(cells).all():
                found[recording.experiment.net.norm] = cells[sweep.sweep_values.index(batch_size)]
    return found if {"batch", "layer", "group"} <= set(found) else None


def _means(found: Mapping[str, Array]) -> str:
    return ", ".join(f"{WORDS[norm]} {percent_text(found[norm].mean())}" for norm in COMPARED if norm in found)


def worst_at_two(recordings: Recordings) -> int | None:
    """The option whose norm has the lowest mean at batch size 2; None where not all four were swept."""
    found = _at(recordings, SMALL)
    if found is None or set(found) != set(COMPARED):
        return None
    return int(np.argmin([found[norm].mean() for norm in COMPARED]))


FAMILY = (
    ("Norm", "Mean and variance run over", "Learned", "Train = test?", "Batch of 1?", "At home in", "Paper"),
    ("Batch", "examples and positions, per channel", "γ, β per channel", "no: running averages", "only with maps",
     "image classifiers", "Ioffe & Szegedy 2015"),
    ("Layer", "channels and positions, per example", "γ, β per channel", "yes", "yes", "recurrent nets, transformers",
     "Ba et al. 2016"),
    ("Instance", "positions, per example and channel", "γ, β per channel", "yes", "yes, needs maps", "style transfer",
     "Ulyanov et al. 2016"),
    ("Group", "positions and a group's channels, per example", "γ, β per channel", "yes", "yes",
     "detection, video: small batches", "Wu & He 2018"),
    ("Weight", "nothing: w = g · v/‖v‖, per unit", "g per unit, v", "yes", "yes", "generative models, reinforcement learning",
     "Salimans & Kingma 2016"),
    ("Spectral", "nothing: W/σ(W), per layer", "W alone", "yes, u and v stand still", "yes", "discriminators of GANs",
     "Miyato et al. 2018"),
)  # fmt: skip

LESSON = Lesson(
    number=320,
    slug="norm_family",
    title="When batch norm fails, and its family",
    question="What is left of batch norm when a batch is two examples, and what could be averaged over instead?",
    presets=PRESETS,
    prediction=Prediction(
        "The same fully connected net on digits, two examples a batch, each run sees equally many examples. Which of these is "
        "worst on the test set?",
        ("Batch norm", "Layer norm", "Group norm", "No normalisation"),
        worst_at_two,
        (
            "The mean and variance of two numbers only say which is larger: ±1 is all that is left of them.",
            "Layer norm takes its mean and variance over the units of one example, so a small batch does not harm it; "
            "something else did here.",
            "Group norm takes its mean and variance within one example, so a small batch does not harm it; something else "
            "did here.",
            "Without a norm nothing holds the layers' outputs in their range; at this rate that cost more than batch "
            "norm's noise.",
        ),
    ),
    claims=(
        Claim(
            "At batch size 2 layer and group norm beat batch norm by more than 10 points, every seed of theirs above all of its.",
            "batch_size",
            small_batches,
            "Do runs of so many updates suffice for any of them? See what Learning says of a single one.",
        ),
        Claim(
            "At batch size 32 the three are level, to within 5 points.",
            "batch_size",
            large_batches,
            "Which of them needs more updates than 2,500 examples allow here?",
        ),
        Claim(
            "With maps, batch norm survives two examples: it loses less than 6 points to group norm.",
            "maps",
            maps_help,
            "How many values does one mean run over in the last maps of this net?",
        ),
        Claim(
            "Spectral norm keeps each hidden layer's top singular value at 1 ± 0.02 over the whole run.",
            "spectral",
            spectral_holds,
            "Do the weights move faster than the power iteration can follow?",
        ),
        Claim(
            "A recurrent net on rows, 32 digits a batch: batch norm with statistics of each time step and layer norm are level, "
            "to within 5 points.",
            "recurrent",
            rows_level,
            "Is the rate too high for one of the two?",
        ),
        Claim(
            "Two digits a batch: layer norm is ahead by more than 10 points.",
            "recurrent_pairs",
            pairs_fail,
            "How many steps does the run have, and how many did layer norm need?",
        ),
        Claim(
            "Running statistics shared over time cost at least a quarter more test loss, though training is the same.",
            "recurrent_shared",
            sharing_costs,
            "How far is the running mean from that of each time step?",
        ),
    ),
    try_this=TASKS,
    references=(
        Reference(
            "Y. Wu, K. He", 2018, "Group normalization", "https://arxiv.org/abs/1803.08494", "Figure 1 is the first start."
        ),
        Reference("J. L. Ba, J. R. Kiros, G. E. Hinton", 2016, "Layer normalization", "https://arxiv.org/abs/1607.06450"),
        Reference(
            "D. Ulyanov, A. Vedaldi, V. Lempitsky",
            2016,
            "Instance normalization: the missing ingredient for fast stylization",
            "https://arxiv.org/abs/1607.08022",
        ),
        Reference(
            "T. Salimans, D. P. Kingma",
            2016,
            "Weight normalization: a simple reparameterization to accelerate training of deep neural networks",
            "https://arxiv.org/abs/1602.07868",
        ),
        Reference(
            "T. Miyato, T. Kataoka, M. Koyama, Y. Yoshida",
            2018,
            "Spectral normalization for generative adversarial networks",
            "https://arxiv.org/abs/1802.05957",
        ),
        Reference(
            "T. Cooijmans, N. Ballas, C. Laurent, Ç. Gülçehre, A. Courville",
            2016,
            "Recurrent batch normalization",
            "https://arxiv.org/abs/1603.09025",
            "Batch norm with statistics of each time step, in an LSTM.",
        ),
        Reference(
            "P. Goyal and others",
            2017,
            "Accurate, large minibatch SGD: training ImageNet in 1 hour",
            "https://arxiv.org/abs/1706.02677",
            "Why the rate goes in proportion to the batch.",
        ),
    ),
    remedies={norm: Remedy(norm.capitalize() if norm != "none" else "None", {"norm": norm}) for norm in OFFERED}
    | {"shared": Remedy("Statistics shared over time", {"norm_over_time": "shared"})},
    summary="Batch norm borrows its mean and variance from the other examples of the batch, and fails when there are few. Layer, "
    "instance and group norm average within one example; weight and spectral norm leave the outputs alone.",
)
