"""Vanishing and exploding gradients: what a product of one factor a layer does to a deep net, and what helps."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping

import numpy as np

from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.records import Array, Recording
from cnnviz.lessons import Claim, Lesson, Measured, Prediction, Preset, Reference, Remedy
from cnnviz.lessons.gradient_paths import one_path_is_little, paths_add_up
from cnnviz.lessons.tasks.vanishing_gradients import TASKS
from cnnviz.plots.numbers import number_text, percent_text, times_of

Recordings = Mapping[str, Recording]

VANISHED = 1e-3  # the first layer's share of the last layer's gradient, below which we call it vanished
LEVEL = 10.0  # first and last layer within this factor of each other: neither vanished nor exploded
EXPLODED = 1e4  # gradient norm of the whole net
TEN_CLASSES = ("fashion_mnist", "digits")
GUESSING = math.log(10)  # cross-entropy, in nats, of giving each of ten classes the same probability

REMEDIES = {
    "relu": Remedy("ReLU", {"activation": "relu"}, "Its slope is 1 wherever a unit is on; sigmoid's is never above ¼."),
    "shallow": Remedy("3 layers", {"depth": 3}, "Fewer layers, fewer factors."),
    "he": Remedy("He init", {"init": "he", "init_scale": 1.0}, "Weights of variance 2/fan_in keep ReLU's signal level."),
    "glorot": Remedy(
        "Glorot init", {"init": "glorot_uniform", "init_scale": 1.0}, "Variance 2/(fan_in + fan_out), for tanh and its like."
    ),
    "skip": Remedy("Skip connections", {"skip": True}, "Each layer's factor becomes 1 + f′(z)·w: the 1 always gets through."),
    "norm": Remedy("Batch norm", {"norm": "batch"}, "Every layer's inputs are put back to mean 0 and variance 1."),
    "clip_norm": Remedy("Clip by norm", {"clip_norm": 1.0}, "A gradient longer than 1 keeps its direction and gets length 1."),
    "clip_value": Remedy("Clip by value", {"clip_value": 0.03}, "Every entry is cut at ±0.03, so the direction changes too."),
    "clip_weight": Remedy("Clip weights", {"clip_weight": 0.2}, "After each update every weight is cut at ±0.2."),
}


def _against(a: Experiment, *remedies: str) -> dict[str, Experiment]:
    """Variant A, and B: A with remedies, so that the page's switches lead from one to the other."""
    b = a
    for name in remedies:
        b = REMEDIES[name].applied(b)
    return {"A": a, "B": b}


SIGMOID = Experiment.of(depth=8, width=64, activation="sigmoid", init="standard", lr=0.1, steps=600, paths=True)
EXPLODING = Experiment.of(depth=8, width=64, init_scale=1.5, lr=0.1, steps=400, paths=True)
GLOROT = Experiment.of(depth=6, width=100, activation="tanh", init="standard", lr=0.05, steps=400, paths=True)
DEEP = Experiment.of(depth=30, width=64, activation="tanh", init="standard", lr=0.05, steps=300, paths=True)

PRESETS = {
    "sigmoid": Preset(
        "Eight sigmoid layers against ReLU",
        _against(SIGMOID, "relu", "he"),
        "Same depth, seed and batches: watch how far down the gradient reaches, and which loss moves.",
    ),
    "explode": Preset(
        "Exploding, and clipped",
        _against(EXPLODING, "clip_norm"),
        "Weights only 1.5 times He's size: A is lost in a few steps, B differs by nothing but the clipped gradient.",
        "After Pascanu, Mikolov & Bengio 2013, who rescale any gradient whose norm passes a threshold.",
    ),
    "glorot": Preset(
        "Glorot & Bengio's five tanh layers",
        _against(GLOROT, "glorot"),
        "Open Distributions at step 0: A's activations narrow upwards and its gradients shrink downwards, B's stay alike.",
        "After Glorot & Bengio 2010, figs 6 and 7: with the standard start the back-propagated gradients shrink towards the "
        "input, with the normalised one they keep their spread.",
        tab="Distributions",
    ),
    "skip": Preset(
        "Thirty layers, with and without skips",
        _against(DEEP, "skip"),
        "A gives the signal thirty factors to pass, B gives it a way around each of them.",
        "The idea of He et al. 2016, on fully connected layers.",
    ),
    "decay": Preset(
        "Weights that drift to zero",
        _against(replace(SIGMOID, weight_decay=0.02, steps=1_000), "relu", "he"),
        "Both have weight decay; only where no gradient answers it do the weights fade away. See Weight norm under Learning.",
        tab="Learning",
    ),
}


def vanishing(recordings: Recordings) -> Measured | None:
    """Layer 1's weight gradient in A against the last layer's, before the first update."""
    a = _plain(recordings)
    share = _share(a, "grad_norm", 0, -1)
    if a is None or share is None:
        return None
    return Measured(share < VANISHED, _weights_sentence("A", a, share))


def level_with_relu(recordings: Recordings) -> Measured | None:
    """The same share in the last variant that has ReLU and He's initialisation, unscaled."""
    for letter, recording in reversed(list(recordings.items())):
        net = recording.experiment.net
        share = _share(recording, "grad_norm", 0, -1)
        if share is not None and (net.activation, net.init, net.init_scale) == ("relu", "he", 1.0):
            return Measured(1 / LEVEL <= share <= LEVEL, _weights_sentence(letter, recording, share))
    return None


def upper_layers_move(recordings: Recordings) -> Measured | None:
    """Update ratio of A's last layer over that of its first, the median of the run."""
    a = _plain(recordings)
    if a is None or "update_ratio" not in a.names:
        return None
    first, last = np.median(a.column("update_ratio").astype(float)[:, [0, -1]], axis=0)
    if not np.isfinite([first, last]).all() or last == 0:
        return None
    moved = f"moves {a.layers[-1]} of A by {percent_text(last)} of its weights' size, {a.layers[0]} by {percent_text(first)}"
    return Measured(bool(first < last / 100), f"The median update {moved}.")


def stagnating(recordings: Recordings) -> Measured | None:
    """A's loss over the last quarter of the run against that of guessing among ten classes."""
    a = _plain(recordings)
    if a is None or a.experiment.data.dataset not in TEN_CLASSES:
        return None
    losses = a.column("loss").astype(float)
    end = float(np.median(losses[-max(1, len(losses) // 4) :]))
    if not math.isfinite(end):
        return None
    sentence = (
        f"A's loss over the last quarter is {number_text(end)}; guessing among ten classes costs ln 10 = {number_text(GUESSING)}."
    )
    return Measured(abs(end / GUESSING - 1) < 0.03, sentence)


def drifting_to_zero(recordings: Recordings) -> Measured | None:
    """What is left of layer 1's weight norm at the end of A, against what weight decay alone would leave."""
    a = recordings.get("A")
    if a is None or not len(a) or a.experiment.optimiser.weight_decay == 0:
        return None
    left = _left(a)
    if left is None:
        return None
    alone, b = _left_by_decay_alone(a), recordings.get("B")
    sentence = f"In A, {a.layers[0]} keeps {percent_text(left)} of its weight norm"
    sentence += f"; decay with no gradient at all would leave {percent_text(alone)}" if alone is not None else ""
    other = _left(b) if b is not None and len(b) and b.experiment.optimiser.weight_decay else None
    sentence += f". In B it keeps {percent_text(other)}." if other is not None else "."
    unanswered = alone is None or left < 1.1 * alone
    return Measured(left < 0.5 and unanswered, sentence)


def clipping_keeps_finite(recordings: Recordings) -> Measured | None:
    """Whether A explodes without clipping, and B, with it, stays finite and ends at a lower loss than it began with."""
    pair = _pair(recordings)
    if pair is None or _clips(pair[0]) or not _clips(pair[1]):
        return None
    a, b = pair
    if not _explodes(a):
        largest = number_text(_largest_gradient(a))
        return Measured(False, f"A stays finite without clipping: its largest gradient norm is {largest}.")
    falls = bool(b.column("loss")[-1] < b.column("loss")[0])
    return Measured(falls and not _diverged(b), f"Without clipping: {_fate('A', a)} With it: {_fate('B', b)}")


def _fate(letter: str, recording: Recording) -> str:
    """How an exploding or clipped run went, in one sentence."""
    if recording.ending is not None and _diverged(recording):
        return recording.ending.sentence
    loss = number_text(float(recording.column("loss")[-1]))
    largest = number_text(_largest_gradient(recording))
    right = percent_text(float(recording.column("test_accuracy")[-1]))
    return f"{letter} ends at a loss of {loss}, {right} of the test set right; its largest gradient norm was {largest}."


def normalised_start_keeps_level(recordings: Recordings) -> Measured | None:
    """Activation gradients of the first against the last hidden layer at step 0: standard start (A) against Glorot's (B)."""
    pair = _pair(recordings)
    if pair is None or pair[0].experiment.net.init != "standard" or not pair[1].experiment.net.init.startswith("glorot"):
        return None
    shares = _hidden_shares(*pair)
    if shares is None:
        return None
    a, b = shares
    return Measured(a < 0.2 and 1 / 3 <= b <= 3, _hidden_sentence(*pair, a, b))


def skips_carry_the_gradient(recordings: Recordings) -> Measured | None:
    """Activation gradients of the first against the last hidden layer at step 0: plain (A) against skip connections (B)."""
    pair = _pair(recordings)
    if pair is None or pair[0].experiment.net.skip or not pair[1].experiment.net.skip:
        return None
    shares = _hidden_shares(*pair)
    if shares is None:
        return None
    a, b = shares
    return Measured(a < VANISHED and 0.01 <= b <= 100, _hidden_sentence(*pair, a, b))


def _plain(recordings: Recordings) -> Recording | None:
    """A, where nothing but depth, activation and initialisation decides how its gradient spreads, and it has not exploded."""
    a = recordings.get("A")
    if a is None or not len(a):
        return None
    net = a.experiment.net
    return a if net.norm == "none" and not net.skip and not _explodes(a) else None


def _pair(recordings: Recordings) -> tuple[Recording, Recording] | None:
    a, b = recordings.get("A"), recordings.get("B")
    return (a, b) if a is not None and b is not None and len(a) and len(b) else None


def _share(recording: Recording | None, column: str, layer: int, of: int) -> float | None:
    """A column at one layer over the same at another, at step 0; None where it can't be told."""
    if recording is None or not len(recording) or column not in recording.names:
        return None
    start: Array = recording.column(column)[0].astype(float)
    if start[of] == 0 or not np.isfinite(start).all():
        return None
    return float(start[layer] / start[of])


def _hidden_shares(a: Recording, b: Recording) -> tuple[float, float] | None:
    """∂loss/∂activation of the first hidden layer over that of the last one, in A and in B; None for one hidden layer."""
    if min(len(a.layers), len(b.layers)) < 3:
        return None
    first, second = (_share(recording, "activation_grad_norm", 0, -2) for recording in (a, b))
    return None if first is None or second is None else (first, second)


def _weights_sentence(letter: str, recording: Recording, share: float) -> str:
    first, last = recording.layers[0], recording.layers[-1]
    sizes = [number_text(float(size)) for size in recording.column("grad_norm")[0, [0, -1]]]
    return (
        f"Before the first update, {first} of {letter} gets {times_of(share)} the weight gradient of {last}: {sizes[0]} against "
        f"{sizes[1]}."
    )


def _hidden_sentence(a: Recording, b: Recording, in_a: float, in_b: float) -> str:
    of_last = [number_text(float(recording.column("activation_grad_norm")[0, -2])) for recording in (a, b)]
    return (
        f"Before the first update, the gradient in {a.layers[0]}'s activations is {times_of(in_a)} that of the last hidden layer "
        f"in A, which is {of_last[0]}, and {times_of(in_b)} that of B's, {of_last[1]}."
    )


def _clips(recording: Recording) -> bool:
    clipping = recording.experiment.clipping
    return any((clipping.clip_norm, clipping.clip_value, clipping.clip_weight))


def _diverged(recording: Recording) -> bool:
    return recording.diverged_at is not None


def _largest_gradient(recording: Recording) -> float:
    """The largest gradient norm of the whole net that was recorded, infinite where one was not finite."""
    norms = recording.column("grad_norm_total").astype(float)
    return float(norms.max()) if np.isfinite(norms).all() else math.inf


def _explodes(recording: Recording) -> bool:
    return _diverged(recording) or _largest_gradient(recording) > EXPLODED


def _left(recording: Recording) -> float | None:
    """The share of layer 1's weight norm that is left at the end."""
    norms = recording.column("weight_norm").astype(float)[:, 0]
    return float(norms[-1] / norms[0]) if norms[0] > 0 and np.isfinite(norms[-1]) else None


def _left_by_decay_alone(recording: Recording) -> float | None:
    """exp(−λ Σ lr): what plain gradient descent leaves of a weight that has no gradient; None for other optimisers."""
    optimiser = recording.experiment.optimiser
    if optimiser.optimiser != "sgd":
        return None
    rates = recording.column("lr").astype(float)[:-1] @ np.diff(recording.steps_of("lr"))
    return float(np.exp(-optimiser.weight_decay * rates))


FACTORS = (10.0, 1e3, 1e6)


def smaller_by(recordings: Recordings) -> int | None:
    """Which option holds for eight plain sigmoid layers; None for anything else."""
    a = _plain(recordings)
    share = _share(a, "grad_norm", 0, -1)
    if a is None or share is None or a.experiment.net.activation != "sigmoid" or a.experiment.net.depth != 8:
        return None
    return bisect_right(FACTORS, 1 / share if share > 0 else math.inf)


LESSON = Lesson(
    number=210,
    slug="vanishing_gradients",
    title="Vanishing and exploding gradients",
    question="Why may the layers next to a deep net's input learn nothing at all, or blow up, and what helps?",
    presets=PRESETS,
    prediction=Prediction(
        "Eight sigmoid layers, fresh weights: how many times smaller is the weight gradient of layer 1 than that of layer 8?",
        ("Less than 10", "10 to 1,000", "1,000 to a million", "More than a million"),
        smaller_by,
        (
            "With these settings each layer's factor, weights times slope, is close to 1, so little is lost on the way down.",
            "Each layer multiplies the gradient by its weights and by the activation's slope; a factor a little below 1 is "
            "enough, over as many layers.",
            "On the way down each layer multiplies the gradient by its weights and by a slope that for sigmoid is never "
            "above ¼; seven such factors in a row leave almost nothing.",
            "The factors here are smaller still than those of eight sigmoid layers at their usual start: small weights and "
            "small slopes multiply.",
        ),
        at_start=True,
    ),
    claims=(
        Claim(
            "Through eight sigmoid layers the gradient vanishes: layer 1's is less than a thousandth of the last layer's.",
            "sigmoid",
            vanishing,
            "What keeps it up here: a steeper slope, fewer layers, or larger weights? Or do the activations shrink on "
            "their way up as the gradient does on its way down, so that every layer's weights get the same, next to nothing?",
        ),
        Claim(
            "ReLU with He's initialisation keeps the gradients of the first and the last layer within a factor of 10.",
            "sigmoid",
            level_with_relu,
            "How does the factor grow with depth and shrink with width?",
        ),
        Claim(
            "A single path carries less than a hundredth of the gradient down through the ReLU net; all of them together keep it "
            "within a factor of 10.",
            "sigmoid",
            one_path_is_little,
            "Is the net shallow, so that a path has few factors? Or too narrow, so that there are few paths?",
        ),
        Claim(
            "Summed over all paths, a layer multiplies the gradient by √(n·Var(w)·E[f′²]), within a fifth.",
            "sigmoid",
            paths_add_up,
            "Is a layer so narrow that chance does not even out? Are the weights drawn around 0, each by itself?",
        ),
        Claim(
            "Where the gradient vanishes, the last layer moves at least a hundred times as far as the first, for its size.",
            "sigmoid",
            upper_layers_move,
            "Which setting lets the first layer move here?",
        ),
        Claim(
            "Where the gradient vanishes, training stagnates: the loss stays within 3 % of guessing.",
            "sigmoid",
            stagnating,
            "Does it leave that level at once, or after a plateau? Move the cursor to see which layer woke first.",
        ),
        Claim(
            "Where the gradient vanishes, weight decay wins: layer 1's weights fade as if there were no loss at all.",
            "decay",
            drifting_to_zero,
            "Is it that the gradient answers the decay, or that the run is too short for it?",
        ),
        Claim(
            "Clipping keeps finite a run that explodes without it, and its loss falls.",
            "explode",
            clipping_keeps_finite,
            "Is there nothing to clip, or is the threshold too high for this learning rate?",
        ),
        Claim(
            "From the standard start, tanh's gradient shrinks below a fifth on its way down; from Glorot's it stays within "
            "a factor of 3.",
            "glorot",
            normalised_start_keeps_level,
            "What do depth and width change, and what an activation whose slope at 0 is not 1?",
        ),
        Claim(
            "Plain and deep, the activations at the input get less than a thousandth of the gradient at the top; "
            "with skip connections they get as much within a factor of 100.",
            "skip",
            skips_carry_the_gradient,
            "Is A deep enough to vanish? Does B now explode instead?",
        ),
    ),
    try_this=TASKS,
    references=(
        Reference(
            "S. Hochreiter",
            1991,
            "Untersuchungen zu dynamischen neuronalen Netzen",
            "https://people.idsia.ch/~juergen/SeppHochreiter1991ThesisAdvisorSchmidhuber.pdf",
            "The first analysis of the vanishing gradient, a diploma thesis in German.",
        ),
        Reference(
            "S. Hochreiter, Y. Bengio, P. Frasconi, J. Schmidhuber",
            2001,
            "Gradient flow in recurrent nets: the difficulty of learning long-term dependencies",
            "https://www.bioinf.jku.at/publications/older/ch7.pdf",
            "The same in English, with what could be done about it.",
        ),
        Reference(
            "X. Glorot, Y. Bengio",
            2010,
            "Understanding the difficulty of training deep feedforward neural networks",
            "https://proceedings.mlr.press/v9/glorot10a.html",
            "Activations and gradients layer by layer; the normalised initialisation.",
        ),
        Reference(
            "R. Pascanu, T. Mikolov, Y. Bengio",
            2013,
            "On the difficulty of training recurrent neural networks",
            "https://arxiv.org/abs/1211.5063",
            "Why gradients explode, and clipping by norm.",
        ),
        Reference(
            "K. He, X. Zhang, S. Ren, J. Sun",
            2015,
            "Delving deep into rectifiers: surpassing human-level performance on ImageNet classification",
            "https://arxiv.org/abs/1502.01852",
            "The initialisation for ReLU.",
        ),
        Reference(
            "K. He, X. Zhang, S. Ren, J. Sun",
            2016,
            "Deep residual learning for image recognition",
            "https://arxiv.org/abs/1512.03385",
            "Skip connections.",
        ),
    ),
    remedies=REMEDIES,
    summary="A gradient reaches layer 1 as a product of one factor a layer. Factors below 1 vanish and factors above 1 explode, "
    "both exponentially in depth. Activation, initialisation, skips and normalisation keep them near 1, clipping bounds them.",
)
