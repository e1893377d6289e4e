"""What to try in lesson 230."""

from __future__ import annotations

import math

from cnnviz.engine.records import Array, Recording
from cnnviz.lessons import Setup, Task
from cnnviz.lessons.tasks import each
from cnnviz.plots.numbers import number_text, times_of


def _both_ways(_letter: str, recording: Recording) -> str | None:
    """What the variances forward and backward come to through the hidden layers of a fresh net."""
    forward, backward = (_fresh(recording, column) for column in ("z_var", "activation_grad_var"))
    if forward is None or backward is None:
        return None
    up, down = times_of(forward[-1] / forward[0]), times_of(backward[0] / backward[-1])
    return f"Var z comes to {up} its size, and on the way back the gradient's variance to {down} its size"


def _spread(_letter: str, recording: Recording) -> str | None:
    """n σ² of the weights as they were drawn, mean of the layers between the first and the output, and what it makes of Var z."""
    forward, norms = _fresh(recording, "z_var"), _fresh(recording, "weight_norm")
    net = recording.experiment.net
    if forward is None or norms is None or net.net != "mlp":
        return None
    measured = float((norms[1:] ** 2).mean()) / net.width  # a layer's weights: n² of them, with σ² each
    return f"n σ² = {number_text(measured)}, Var z of {recording.layers[-2]} is {times_of(forward[-1] / forward[0])} layer 1's"


def _decay(_letter: str, recording: Recording) -> str | None:
    """The activations' variance halfway up and at the last hidden layer of a fresh net."""
    variances = _fresh(recording, "activation_var")
    if variances is None:
        return None
    last = len(variances) - 1
    half, top = (f"{recording.layers[place]} has {times_of(variances[place] / variances[0])} it" for place in (last // 2, last))
    return f"{half}, {top}"


def _fresh(recording: Recording, column: str) -> Array | None:
    """A column of the hidden layers before the first update; None for fewer than three of them, or where one has nothing."""
    if column not in recording.names or len(recording.layers) < 4:
        return None
    found: Array = recording.column(column)[0].astype(float)[:-1]
    return found if found.all() else None


def _normal(width: int, std: float) -> Setup:
    return Setup(f"Width {width}, σ = {std}", settings={"init": "normal", "width": width, "init_std": std})


TASKS = (
    Task(
        "From the start, choose *He fan_out* for A. Which of the two curves does it level, forward or backward? Now think of a "
        "net whose layers halve in width each time.",
        (Setup("Xavier in A"), Setup("He fan_out in A", settings={"init": "he_fan_out"})),
        each("On fresh weights, from the first hidden layer to the last", _both_ways),
    ),
    Task(
        "Choose *normal* and move σ until the curve is level at width 128, then at 512. What is n σ² at both?",
        tuple(_normal(width, std) for width, std in ((128, 0.1), (128, 0.125), (512, 0.05), (512, 0.0625))),
        each("On fresh weights", _spread),
    ),
    Task(
        "From *Xavier under tanh*, set *Depth* to 100. Does the variance fall like 2^−L, or far more slowly? Compare with ReLU, "
        "at Xavier's size and at √2 times it.",
        (
            Setup("Depth 100", "tanh", {"depth": 100}),
            Setup("Depth 100, ReLU in B", "tanh", {"depth": 100}, ("relu",)),
            Setup("ReLU in B, √2 times Xavier", "tanh", {"depth": 100, "init_scale": math.sqrt(2)}, ("relu",)),
        ),
        each("On fresh weights, beside the variance of layer 1's activations", _decay),
    ),
)
