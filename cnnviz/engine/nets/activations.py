"""Activations: function, slope, where it is flat, and the formula, by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

LEAK = 0.01
PRELU_START = 0.25  # the slope below 0 that PReLU starts from; `learned.Prelu` is what a net has. He et al. 2015


@dataclass(frozen=True)
class Function:
    """An activation f, applied to each entry.

    slope: f'(z) by formula. flat: at inputs below the first or above the second, f is within 5 % of its output range (0.05
    where that has no end) of a horizontal asymptote: the unit is saturated. gain: the factor on an
    initialisation's standard deviation that keeps E[f(z)²] at 1 for z ~ N(0, 1): 1/√E[f(z)²].
    """

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    flat: tuple[float, float]
    gain: float
    formula: str


def _linear(z: Tensor) -> Tensor:
    return z


def _sigmoid_slope(z: Tensor) -> Tensor:
    value = torch.sigmoid(z)
    return value * (1 - value)


def _tanh_slope(z: Tensor) -> Tensor:
    return 1 - torch.tanh(z) ** 2


def _relu_slope(z: Tensor) -> Tensor:
    return (z > 0).to(z.dtype)


def _prelu(z: Tensor) -> Tensor:
    return F.leaky_relu(z, PRELU_START)


def _prelu_slope(z: Tensor) -> Tensor:
    return torch.where(z > 0, 1.0, PRELU_START)


def _relu6_slope(z: Tensor) -> Tensor:
    return ((z > 0) & (z < 6)).to(z.dtype)


def _leaky_relu(z: Tensor) -> Tensor:
    return F.leaky_relu(z, LEAK)


def _leaky_relu_slope(z: Tensor) -> Tensor:
    return torch.where(z > 0, 1.0, LEAK)


def _elu_slope(z: Tensor) -> Tensor:
    return torch.exp(torch.clamp(z, max=0))


def _gelu_slope(z: Tensor) -> Tensor:
    density = torch.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return torch.special.ndtr(z) + z * density


def _silu_slope(z: Tensor) -> Tensor:
    gate = torch.sigmoid(z)
    return gate * (1 + z * (1 - gate))


NEVER = math.inf

FUNCTIONS = {
    "sigmoid": Function(torch.sigmoid, _sigmoid_slope, (-2.945, 2.945), 1.846, r"\sigma(z) = \frac{1}{1 + e^{-z}}"),
    "tanh": Function(torch.tanh, _tanh_slope, (-1.473, 1.473), 1.592, r"\tanh(z)"),
    "relu": Function(F.relu, _relu_slope, (0.0, NEVER), math.sqrt(2), r"\max(0, z)"),
    "leaky_relu": Function(_leaky_relu, _leaky_relu_slope, (-NEVER, NEVER), 1.414, r"\max(0.01\,z, z)"),
    "elu": Function(F.elu, _elu_slope, (-2.996, NEVER), 1.245, r"z \text{ if } z > 0 \text{, else } e^z - 1"),
    "gelu": Function(F.gelu, _gelu_slope, (-1.949, NEVER), 1.534, r"z\,\Phi(z)"),
    "silu": Function(F.silu, _silu_slope, (-4.486, NEVER), 1.677, r"z\,\sigma(z)"),
    "linear": Function(_linear, torch.ones_like, (-NEVER, NEVER), 1.0, "z"),
    "prelu": Function(_prelu, _prelu_slope, (-NEVER, NEVER), 1.372, r"\max(0, z) + a \min(0, z)"),
    "relu6": Function(F.relu6, _relu6_slope, (0.0, 6.0), math.sqrt(2), r"\min(6, \max(0, z))"),
}
