"""Mean field: the variances that a very wide, freshly drawn fully connected net has layer by layer; NumPy only.

z of a layer is a sum of many independent terms, so it is Gaussian, and its variance alone passes on: forward
Var z' = fan_in σ² E[f(z)²], backward Var ∂a = fan_out σ'² E[f'(z')²] Var ∂a'. Poole et al. 2016, Schoenholz et al. 2017.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.engine.experiment import Experiment

Numbers = NDArray[np.float64]
Curve = tuple[float | None, ...]

INPUTS = {"fashion_mnist": (1, 784), "digits": (1, 64)}  # channels, and numbers in all, of one standardised example
CLASSES = 10
GRID: Numbers = np.linspace(-8, 8, 401)  # 0 among it, where ReLU bends
DENSITY: Numbers = np.exp(-(GRID**2) / 2) * (GRID[1] - GRID[0]) / math.sqrt(2 * math.pi)
LOGITS: Numbers = np.random.default_rng(0).standard_normal((1_000, CLASSES))  # for the one mean without a formula
TOO_LARGE = 1e37  # about where float32 ends
NORMAL_CDF = np.vectorize(lambda z: (1 + math.erf(z / math.sqrt(2))) / 2)


def _sigmoid(z: Numbers) -> Numbers:
    return 0.5 * (1 + np.tanh(z / 2))


def _gelu_slope(z: Numbers) -> Numbers:
    slope: Numbers = NORMAL_CDF(z) + z * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return slope


FUNCTIONS: Mapping[str, tuple[Callable[[Numbers], Any], Callable[[Numbers], Any]]] = {
    "linear": (lambda z: z, np.ones_like),
    "relu": (lambda z: np.maximum(z, 0), lambda z: np.heaviside(z, 0.5)),
    "leaky_relu": (lambda z: np.maximum(z, 0.01 * z), lambda z: np.where(z > 0, 1.0, np.where(z < 0, 0.01, 0.505))),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (_sigmoid, lambda z: _sigmoid(z) * (1 - _sigmoid(z))),
    "elu": (lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))), lambda z: np.exp(np.minimum(z, 0))),
    "gelu": (lambda z: z * NORMAL_CDF(z), _gelu_slope),
    "silu": (lambda z: z * _sigmoid(z), lambda z: _sigmoid(z) * (1 + z * (1 - _sigmoid(z)))),
}

WEIGHT_VARIANCES: Mapping[str, Callable[[int, int, float], float]] = {
    "he": lambda fan_in, fan_out, std: 2 / fan_in,
    "he_uniform": lambda fan_in, fan_out, std: 2 / fan_in,
    "he_fan_out": lambda fan_in, fan_out, std: 2 / fan_out,
    "he_fan_out_uniform": lambda fan_in, fan_out, std: 2 / fan_out,
    "glorot": lambda fan_in, fan_out, std: 2 / (fan_in + fan_out),
    "glorot_uniform": lambda fan_in, fan_out, std: 2 / (fan_in + fan_out),
    "standard": lambda fan_in, fan_out, std: 1 / (3 * fan_in),
    "normal": lambda fan_in, fan_out, std: std**2,
    "uniform": lambda fan_in, fan_out, std: std**2,
    "zero": lambda fan_in, fan_out, std: 0.0,
}


@dataclass(frozen=True)
class Fans:
    """Of one layer: its name, the numbers that a unit reads, the units that read a number, and its units."""

    layer: str
    fan_in: int
    fan_out: int
    units: int


@dataclass(frozen=True)
class Theory:
    """One number a layer, input side first; None where it is 0 or no longer finite, for an axis of powers of ten."""

    layers: tuple[str, ...]
    z_var: Curve
    activation_var: Curve
    activation_grad_var: Curve


def fans(experiment: Experiment) -> list[Fans] | None:
    """Each layer's fans, input side first; None for data that are no images of one size."""
    if experiment.data.dataset not in INPUTS:
        return None
    channels, size = INPUTS[experiment.data.dataset]
    net = experiment.net
    hidden = [net.width] * (net.depth - 1)
    if net.net == "mlp":
        pairs = pairwise([size, *hidden, CLASSES])
        return [Fans(f"fc{number}", fan_in, units, units) for number, (fan_in, units) in enumerate(pairs, 1)]
    convolutions = [
        Fans(f"conv{number}", 9 * channels_in, 9 * units, units)
        for number, (channels_in, units) in enumerate(pairwise([channels, *hidden]), 1)
    ]
    return [*convolutions, Fans("fc", net.width, CLASSES, CLASSES)]


def weight_variance(experiment: Experiment, layer: Fans) -> float | None:
    """σ² of a layer's weights by its scheme; None where it depends on the data, or weights are not drawn around 0."""
    net = experiment.net
    if net.init == "orthogonal":
        return net.init_scale**2 / max(layer.fan_in, layer.units)
    if net.init not in WEIGHT_VARIANCES:
        return None
    return WEIGHT_VARIANCES[net.init](layer.fan_in, layer.fan_out, net.init_std) * net.init_scale**2


@lru_cache(maxsize=64)
def theory(experiment: Experiment) -> Theory | None:
    """The curves of a plain fully connected net on standardised inputs; None for another net, or without a theory."""
    net = experiment.net
    plain = net.net == "mlp" and net.norm == "none" and not net.skip and net.activation in FUNCTIONS
    layers = fans(experiment)
    if not plain or layers is None:
        return None
    tuned = net.init == "lsuv"
    variances = [0.0 if tuned else weight_variance(experiment, layer) for layer in layers]
    if any(variance is None for variance in variances):
        return None
    square, z_var, activation_var, gains = 1.0, [], [], []
    for layer, drawn in zip(layers, variances, strict=True):
        sigma2 = 1 / (layer.fan_in * square) if tuned else float(drawn or 0)
        z_var.append(min(layer.fan_in * sigma2 * square, TOO_LARGE))
        f, slope = FUNCTIONS["linear" if layer is layers[-1] else net.activation]
        values, slopes = (function(math.sqrt(z_var[-1]) * GRID) for function in (f, slope))
        square = _mean(values**2)
        activation_var.append(square - _mean(values) ** 2)
        gains.append(layer.units * sigma2 * _mean(slopes**2))
    gradients = [loss_gradient(z_var[-1], experiment.batch_size) if z_var[-1] < TOO_LARGE else math.nan]
    for gain in reversed(gains[1:]):
        gradients.append(gradients[-1] * gain)
    names = tuple(layer.layer for layer in layers)
    return Theory(names, as_curve(z_var), as_curve(activation_var), as_curve(gradients[::-1]))


def loss_gradient(logit_variance: float, batch_size: int) -> float:
    """Mean of (∂loss/∂logit)², ∂loss/∂logit = (p − y)/N, with p the softmax of Gaussian logits and y any class as likely."""
    exponents = math.sqrt(logit_variance) * LOGITS
    p = np.exp(exponents - exponents.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    total = float((p**2).sum(1).mean()) + 1 - 2 / CLASSES
    return total / CLASSES / batch_size**2


def _mean(values: Any) -> float:
    return float(np.sum(values * DENSITY))


def as_curve(values: list[float]) -> Curve:
    """The values, with a gap where one is 0, or no longer finite."""
    return tuple(value if 1 / TOO_LARGE < value < TOO_LARGE else None for value in values)
