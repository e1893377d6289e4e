"""Initialisation and variance: which spread of the first weights carries signal and gradient through a deep net, and why."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping

import numpy as np

from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.records import Array, Recording
from cnnviz.engine.words import INITS_WITH_STD
from cnnviz.lessons import Claim, Lesson, Measured, Prediction, Preset, Reference, Remedy, mean_field
from cnnviz.lessons.mean_field_maps import theory as on_maps
from cnnviz.lessons.tasks.initialisation import TASKS
from cnnviz.plots.numbers import number_text, percent_text, times_of, times_text

Recordings = Mapping[str, Recording]
Variants = Mapping[str, Experiment]

LAYERS = 20  # hidden layers over which a variance is called level
LEVEL = 2.0  # the factor within which it is
TANH_GAIN = 5 / 3  # what torch.nn.init.calculate_gain gives for tanh
UNIT = 0.05  # how far from 1 LSUV may leave a variance
GUESSING = math.log(10)  # nats

REMEDIES = {
    "relu": Remedy("ReLU", {"activation": "relu"}, "Passes half of what it gets."),
    "tanh": Remedy("tanh", {"activation": "tanh"}, "Nearly straight for small inputs, flat for large ones."),
    "he": Remedy("He", {"init": "he"}, "Variance 2/fan_in: twice 1/fan_in, since ReLU passes half."),
    "glorot": Remedy("Xavier", {"init": "glorot"}, "Variance 2/(fan_in + fan_out)."),
    "orthogonal": Remedy("Orthogonal", {"init": "orthogonal"}, "Columns of length 1 at right angles to one another."),
    "lsuv": Remedy("LSUV", {"init": "lsuv"}, "Orthogonal, then rescaled by what a batch makes of it."),
    "normal": Remedy("Normal, σ", {"init": "normal"}, "The same spread for every layer, whatever its size."),
    "large": Remedy("σ = 1", {"init_std": 1.0}, "Far too much for a layer that adds up dozens of inputs."),
    "gain": Remedy("× 5/3", {"init_scale": TANH_GAIN}, "tanh's gain: makes up for its bend."),
}

BASE = Experiment.of(
    depth=21, width=128, optimiser="momentum", lr=0.01, steps=100, train_examples=4_000, snapshots=50, histograms=6,
    evaluations=6, signal=True,
)  # fmt: skip


def _against(a: Experiment, remedy: str) -> dict[str, Experiment]:
    return {"A": a, "B": REMEDIES[remedy].applied(a)}


RELU = replace(BASE, width=512, init="glorot", steps=40, snapshots=40, seed=1)
TANH = replace(BASE, activation="tanh", init="glorot")
SHALLOW = replace(TANH, depth=6, width=64, optimiser="sgd", lr=0.1, steps=200)
HE_2015 = replace(BASE, width=64, init="glorot", steps=300)

PRESETS = {
    "relu": Preset(
        "Xavier against He under ReLU",
        _against(RELU, "he"),
        "Twenty hidden layers of ReLU, twice: what differs is how large the weights are at first.",
        "The argument of He et al. 2015, section 2.2.",
    ),
    "tanh": Preset(
        "Xavier under tanh, without and with tanh's gain",
        _against(TANH, "gain"),
        "Xavier takes tanh for a straight line. It bends: A loses variance; B makes up for it, and its gradient pays.",
    ),
    "spread": Preset(
        "One σ for all layers: too small, too large",
        _against(replace(SHALLOW, init="normal", init_std=0.01), "large"),
        "A's signal dies out in a few layers. B's saturates most tanhs; the few that are not flat let the gradient grow.",
    ),
    "symmetry": Preset(
        "All zero against Xavier",
        _against(replace(SHALLOW, init="zero"), "glorot"),
        "Press Train, open Symmetry and move the cursor: A's rows are the same at every step.",
        tab="Symmetry",
    ),
    "constant": Preset(
        "Equal weights against random ones",
        _against(replace(SHALLOW, init="constant", init_std=0.05), "normal"),
        "A does learn, yet its units learn the same thing: each layer is one unit wide, sixty-four times over.",
    ),
    "orthogonal": Preset(
        "Orthogonal against Xavier through fifty straight layers",
        _against(replace(BASE, depth=51, width=64, activation="linear", init="glorot", steps=30, lr=0.001), "orthogonal"),
        "Both have the same σ. Random matrices keep a length on average only, orthogonal ones keep it each time.",
        "After Saxe, McClelland & Ganguli 2014: deep linear nets.",
    ),
    "lsuv": Preset(
        "Orthogonal, then LSUV",
        _against(replace(BASE, init="orthogonal"), "lsuv"),
        "B's loop is played below: a batch goes in, a variance comes out, the weights are rescaled, the next layer follows.",
        "After Mishkin & Matas 2016, algorithm 1.",
    ),
    "he22": Preset(
        "He 2015, figure 2: 22 layers",
        _against(replace(HE_2015, depth=22, steps=600), "he"),
        "Both learn; which begins first?",
        "In the paper's figure 2 a 22-layer ReLU net learns from both starts, from He's sooner.",
    ),
    "he30": Preset(
        "He 2015, figure 3: 30 layers",
        _against(replace(HE_2015, depth=30), "he"),
        "Eight layers more, and one of them does not begin at all.",
        "In the paper's figure 3 a 30-layer ReLU net stalls completely from Xavier's start and learns from He's.",
    ),
}


def he_keeps_level(recordings: Recordings) -> Measured | None:
    """Var z of the first 20 layers against layer 1's, in the variant with ReLU and He's initialisation."""
    found = _variant(recordings, activation="relu", init="he")
    if found is None:
        return None
    letter, recording = found
    ratios = _of_first(recording, "z_var")
    low, high = float(ratios.min()), float(ratios.max())
    width = recording.experiment.net.width
    sentence = (
        f"Over {len(ratios)} layers of {letter}, {width} wide, Var z stays between {number_text(low)} and {number_text(high)} "
        "times layer 1's."
    )
    return Measured(low >= 1 / LEVEL and high <= LEVEL, sentence)


def xavier_halves_under_relu(recordings: Recordings) -> Measured | None:
    """The factor a layer on Var z from layer 2 on, in the variant with ReLU and Xavier's initialisation."""
    found = _variant(recordings, activation="relu", init="glorot")
    if found is None:
        return None
    letter, recording = found
    variances = _start(recording, "z_var")[1:-1]
    if variances[-1] <= 0:
        return None
    exponent = float(np.log2(variances[-1] / variances[0]) / (len(variances) - 1))
    sentence = f"From {recording.layers[1]} to {recording.layers[-2]} of {letter}, Var z changes by 2^{exponent:.2f} a layer."
    return Measured(abs(exponent + 1) <= 0.1, sentence.replace("^-", "^−"))


def gain_keeps_tanh_level(recordings: Recordings) -> Measured | None:
    """Variance of the activations over 20 tanh layers from Xavier's start: without gain and with 5/3."""
    plain = _variant(recordings, activation="tanh", init="glorot")
    raised = _variant(recordings, scale=TANH_GAIN, activation="tanh", init="glorot")
    if plain is None or raised is None:
        return None
    lost, kept = (_of_first(recording, "activation_var") for _letter, recording in (plain, raised))
    gradient = _start(raised[1], "activation_grad_var")
    sentence = (
        f"Over {len(kept)} layers the activations' variance falls to {times_of(float(lost[-1]))} layer 1's in "
        f"{plain[0]}, and stays above {times_text(float(kept.min()))} in {raised[0]}, whose gradient variance grows to "
        f"{times_of(float(gradient[0] / gradient[-2]))} its size on its way down."
    )
    level = bool(kept.min() >= 1 / LEVEL and kept.max() <= LEVEL)
    return Measured(level and bool(lost.min() < 1 / LEVEL), sentence)


def one_spread_fits_no_depth(recordings: Recordings) -> Measured | None:
    """Variance left by the small σ, and units saturated by the large one, in a tanh net."""
    small = _variant(recordings, std=(0.0, 0.02), activation="tanh", init="normal")
    large = _variant(recordings, std=(0.5, 10.0), activation="tanh", init="normal")
    if small is None or large is None:
        return None
    left = float(_start(small[1], "activation_var")[-2])
    saturated = float(np.mean(_start(large[1], "fraction_saturated")[:-1]))
    sentence = (
        f"{small[1].layers[-2]} of {small[0]} is left with a variance of {number_text(left)}; "
        f"of {large[0]}'s units {percent_text(saturated)} are saturated."
    )
    return Measured(left < 1e-3 and saturated > 0.5, sentence)


def zero_never_breaks_symmetry(recordings: Recordings) -> Measured | None:
    """Differences between units of one layer, over all hidden layers and the whole run."""
    return _stays_equal(recordings, "zero", "is that of guessing, or of the class frequencies at best")


def constant_never_breaks_symmetry(recordings: Recordings) -> Measured | None:
    """The same for a net whose weights are equal but not zero."""
    return _stays_equal(recordings, "constant", "is what one unit a layer can do")


def _stays_equal(recordings: Recordings, init: str, verdict: str) -> Measured | None:
    equal = _variant(recordings, init=init)
    other = next((name for name, recording in recordings.items() if equal and name != equal[0] and len(recording)), None)
    if equal is None or other is None or len(equal[1]) < 3:
        return None
    letter, recording = equal
    most, theirs = (float(np.abs(found.column("row_difference")[:, :-1]).max()) for found in (recording, recordings[other]))
    loss = float(np.median(recording.column("loss")[-5:]))
    sentence = (
        f"In {len(recording)} measurements over {int(recording.steps[-1]):,} steps, no two units of a hidden layer of {letter} "
        f"differ in a weight by more than {number_text(most)}; {other}'s by up to {number_text(theirs)}. "
        f"{letter}'s loss, {number_text(loss)}, {verdict}."
    )
    return Measured(most <= 1e-6 < theirs, sentence)


def orthogonal_keeps_exactly(recordings: Recordings) -> Measured | None:
    """Var z of the hidden layers of a linear net against layer 1's: orthogonal, and Xavier."""
    exact = _variant(recordings, activation="linear", init="orthogonal")
    random = _variant(recordings, activation="linear", init="glorot")
    if exact is None or random is None:
        return None
    ours, theirs = (_start(found[1], "activation_square")[:-1] for found in (exact, random))
    off, wandered = max(1e-4, float(np.abs(ours / ours[0] - 1).max())), _apart(theirs / theirs[0])
    sentence = (
        f"Through {len(ours)} hidden layers, the mean square of {exact[0]}'s activations changes by {percent_text(off)} at most; "
        f"{random[0]}'s by up to {times_text(wandered)}."
    )
    return Measured(off < 0.01 and wandered > 1.1, sentence)


def lsuv_reaches_one(recordings: Recordings) -> Measured | None:
    """Var z of every layer right after LSUV."""
    found = _variant(recordings, init="lsuv")
    if found is None:
        return None
    letter, recording = found
    variances = _start(recording, "z_var")
    passes = len(recording.about.get("lsuv", ()))
    low, high = float(variances.min()), float(variances.max())
    off = number_text(max(1 - low, high - 1, 1e-4))
    sentence = f"After {passes} passes, Var z of each of {letter}'s {len(variances)} layers is 1 but for {off} at most."
    return Measured(low >= 1 - UNIT and high <= 1 + UNIT, sentence)


def he_learns_sooner(recordings: Recordings) -> Measured | None:
    """22 layers: both below guessing at the end, He's start with the lower mean loss over the run."""
    pair = _he_2015(recordings, 22)
    if pair is None:
        return None
    (means, ends), sentence = pair
    return Measured(means[1] < means[0] and max(ends) < 0.8 * GUESSING, sentence)


def xavier_stalls(recordings: Recordings) -> Measured | None:
    """30 layers: Xavier's start within 3 % of guessing at the end, He's well below."""
    pair = _he_2015(recordings, 30)
    if pair is None:
        return None
    (_means, ends), sentence = pair
    return Measured(abs(ends[0] / GUESSING - 1) < 0.03 and ends[1] < 0.8 * GUESSING, sentence)


def _he_2015(recordings: Recordings, depth: int) -> tuple[tuple[list[float], list[float]], str] | None:
    pair = [_variant(recordings, activation="relu", init=init) for init in ("glorot", "he")]
    if any(found is None or len(found[1]) < 10 or found[1].experiment.net.depth != depth for found in pair):
        return None
    losses = [found[1].column("loss").astype(float) for found in pair if found]
    means, ends = [float(loss.mean()) for loss in losses], [float(np.median(loss[-5:])) for loss in losses]
    told = [
        f"{found[0]} ends at {number_text(end)}, {number_text(mean)} on average"
        for found, end, mean in zip(pair, ends, means, strict=True)
        if found
    ]
    return (means, ends), f"Loss of {' and '.join(told)}; guessing costs ln 10 = {number_text(GUESSING)}."


def _variant(
    recordings: Recordings, scale: float = 1.0, std: tuple[float, float] | None = None, **wanted: str
) -> tuple[str, Recording] | None:
    """The first plain measured variant with these settings: its letter and recording. std: the range of σ."""
    for letter, recording in recordings.items():
        net = recording.experiment.net
        fits = all(getattr(net, name) == value for name, value in wanted.items()) and abs(net.init_scale - scale) < 0.01
        spread = std is None or std[0] <= net.init_std <= std[1]
        plain = net.norm == "none" and not net.skip and net.depth >= 4
        if fits and spread and plain and len(recording) and "z_var" in recording.names:
            return letter, recording
    return None


def _start(recording: Recording, column: str) -> Array:
    """A column before the first update: (layers,)."""
    found: Array = recording.column(column)[0].astype(float)
    return found


def _of_first(recording: Recording, column: str) -> Array:
    """A column of the hidden layers, 20 at most, over layer 1's."""
    found = _start(recording, column)[:-1][:LAYERS]
    ratios: Array = found / found[0]
    return ratios


def _apart(ratios: Array) -> float:
    """The largest factor away from 1, up or down."""
    return float(np.exp(np.abs(np.log(np.maximum(ratios, 1e-300))).max()))


LEFT = (1e-5, 3e-3, 0.2)


def left_at_layer_20(recordings: Recordings) -> int | None:
    """Which option holds for Xavier under ReLU; None for fewer than 20 hidden layers, or other settings."""
    found = _variant(recordings, activation="relu", init="glorot")
    if found is None or len(found[1].layers) <= LAYERS:
        return None
    return 3 - bisect_left(LEFT, float(_of_first(found[1], "z_var")[-1]))


def curves(variants: Variants, column: str) -> tuple[tuple[str, tuple[str, ...], tuple[float | None, ...]], ...]:
    """Theory's curve of a column for each variant that has one: (letter, layers, a value a layer)."""
    found = {letter: mean_field.theory(experiment) or on_maps(experiment) for letter, experiment in variants.items()}
    return tuple((letter, known.layers, getattr(known, column)) for letter, known in found.items() if known)


def uses_std(variants: Variants) -> bool:
    """Whether the setting σ decides anything in one of these variants."""
    return any(experiment.net.init in INITS_WITH_STD for experiment in variants.values())


def newest(fresh: Recordings, trained: Recordings, variants: Variants) -> Recordings:
    """The trained recordings where they are of these variants, else those of the fresh nets."""
    current = {letter: recording.experiment for letter, recording in trained.items()} == dict(variants)
    return trained if current else fresh


def loops(recordings: Recordings) -> Iterator[tuple[str, Recording]]:
    """The variants that LSUV tuned, each with its recording, whose about["lsuv"] has the passes."""
    yield from ((letter, recording) for letter, recording in recordings.items() if recording.about.get("lsuv"))


LESSON = Lesson(
    number=230,
    slug="initialisation",
    title="Initialisation and variance",
    question="How large should the first weights be, so that signal and gradient get through a hundred layers alive?",
    presets=PRESETS,
    prediction=Prediction(
        "Xavier's weights under twenty layers of ReLU: of layer 1's variance before the activation, how much has layer 20?",
        ("Nearly all of it", "About a twentieth", "About a thousandth", "About a millionth"),
        left_at_layer_20,
        (
            "With these weights a layer passes on about as much as it gets.",
            "A layer passes on less than it gets, but not by half each time.",
            "A layer passes on about two thirds of what it gets.",
            "Xavier's 1/n keeps a straight line's level; ReLU passes on half, so nineteen layers leave 2⁻¹⁹, two millionths.",
        ),
        at_start=True,
    ),
    claims=(
        Claim(
            "He's initialisation keeps Var z within a factor of 2 of layer 1's over 20 layers of ReLU.",
            "relu",
            he_keeps_level,
            "A draw wanders by chance, about √(5L/n) in its logarithm: what do other seeds and a wider or convolutional net do?",
        ),
        Claim(
            "Xavier's initialisation loses half of the variance at each layer of ReLU: it decays like 2^−L.",
            "relu",
            xavier_halves_under_relu,
            "Is the net wide enough for an average to mean much? Do pools help the signal up?",
        ),
        Claim(
            "Under tanh, Xavier keeps the activations' variance within a factor of 2 over 20 layers, if with the gain 5/3.",
            "tanh",
            gain_keeps_tanh_level,
            "Is the net wide enough for theory to hold? What do the dashed curves say?",
        ),
        Claim(
            "One σ for all layers: 0.01 lets the signal die out within five layers, 1 saturates most of the units.",
            "spread",
            one_spread_fits_no_depth,
            "Which σ would be right for this width?",
        ),
        Claim(
            "Zero initialisation never breaks symmetry: all units of a layer stay equal, however long it trains.",
            "symmetry",
            zero_never_breaks_symmetry,
            "What else could have made the units differ?",
        ),
        Claim(
            "Equal weights that are not zero do learn, but stay equal within each layer.",
            "constant",
            constant_never_breaks_symmetry,
            "Sums in another order round differently: do tiny differences grow here?",
        ),
        Claim(
            "Orthogonal weights carry a signal through fifty straight layers within 1 %, where Xavier's wanders.",
            "orthogonal",
            orthogonal_keeps_exactly,
            "Is every layer square? Is the activation straight?",
        ),
        Claim(
            "After LSUV, the variance of every layer is 1 ± 0.05.",
            "lsuv",
            lsuv_reaches_one,
            "Which layer did it give up on, and after how many passes?",
        ),
        Claim(
            "22 ReLU layers learn from both starts, from He's sooner.",
            "he22",
            he_learns_sooner,
            "Is the learning rate too high for He, or too low for Xavier?",
        ),
        Claim(
            "30 ReLU layers stall from Xavier's start, at the loss of guessing, and learn from He's.",
            "he30",
            xavier_stalls,
            "Does Xavier stall for good, or only longer than this run? Try Adam, which rescales each gradient.",
        ),
    ),
    try_this=TASKS,
    references=(
        Reference(
            "X. Glorot, Y. Bengio",
            2010,
            "Understanding the difficulty of training deep feedforward neural networks",
            "https://proceedings.mlr.press/v9/glorot10a.html",
            "The derivation on this page.",
        ),
        Reference(
            "K. He, X. Zhang, S. Ren, J. Sun",
            2015,
            "Delving deep into rectifiers: surpassing human-level performance on ImageNet classification",
            "https://arxiv.org/abs/1502.01852",
            "The factor 2 for ReLU; figures 2 and 3.",
        ),
        Reference(
            "A. M. Saxe, J. L. McClelland, S. Ganguli",
            2014,
            "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks",
            "https://arxiv.org/abs/1312.6120",
            "Orthogonal initialisation.",
        ),
        Reference(
            "D. Mishkin, J. Matas",
            2016,
            "All you need is a good init",
            "https://arxiv.org/abs/1511.06422",
            "LSUV.",
        ),
        Reference(
            "B. Poole, S. Lahiri, M. Raghu, J. Sohl-Dickstein, S. Ganguli",
            2016,
            "Exponential expressivity in deep neural networks through transient chaos",
            "https://arxiv.org/abs/1606.05340",
            "The mean field behind the dashed curves.",
        ),
    ),
    remedies=REMEDIES,
    summary="A sum of n products multiplies a variance by n σ². Xavier makes that 1 on average of both ways, He makes up for "
    "ReLU's half, orthogonal weights keep lengths exactly, LSUV measures and rescales. Equal weights stay equal.",
)
