"""Batch normalisation of one feature by hand: the forward pass and the six equations of the backward pass, in float64.

S. Ioffe, C. Szegedy 2015, arXiv 1502.03167, algorithm 1 and section 3. x, y and their gradients are (m,), m examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
EQUATIONS = ("d_x_hat", "d_variance", "d_mean", "d_x", "d_gamma", "d_beta")


@dataclass(frozen=True)
class Forward:
    """What the forward pass makes of a batch: μ, σ² (of all m examples), x̂ and y."""

    mean: float
    variance: float
    x_hat: Numbers
    y: Numbers


def forward(x: Numbers, gamma: float, beta: float, epsilon: float) -> Forward:
    """y_i = γ x̂_i + β with x̂_i = (x_i − μ) / √(σ² + ε)."""
    mean = float(x.mean())
    variance = float(((x - mean) ** 2).mean())
    x_hat = (x - mean) / np.sqrt(variance + epsilon)
    return Forward(mean, variance, x_hat, gamma * x_hat + beta)


@dataclass(frozen=True)
class Gradient:
    """One equation's result, and its size: the same sum with each of its terms taken without sign, the largest over examples."""

    value: Numbers
    size: float

    def apart(self, other: Numbers) -> float:
        """The largest difference from another result, relative to the size of what is added up: where terms cancel, the result
        may be nothing but rounding."""
        return float(np.abs(self.value - other).max() / max(self.size, 1e-300))


def backward(x: Numbers, upstream: Numbers, gamma: float, epsilon: float) -> dict[str, Gradient]:
    """The gradients of ℓ by x̂, σ², μ, x, γ and β, named as in EQUATIONS, from upstream = ∂ℓ/∂y_i."""
    m, mean = len(x), x.mean()
    centred = x - mean
    variance = (centred**2).mean() + epsilon
    x_hat = centred / np.sqrt(variance)
    d_x_hat = upstream * gamma
    var_terms = d_x_hat * centred * -0.5 * variance**-1.5
    d_variance = var_terms.sum()
    mean_terms = np.concatenate([-d_x_hat / np.sqrt(variance), d_variance * -2 * centred / m])
    d_mean = mean_terms.sum()
    x_terms = np.stack([d_x_hat / np.sqrt(variance), d_variance * 2 * centred / m, np.full(m, d_mean / m)])
    gamma_terms = upstream * x_hat
    return {
        "d_x_hat": Gradient(d_x_hat, _largest(d_x_hat)),
        "d_variance": Gradient(np.array([d_variance]), float(np.abs(var_terms).sum())),
        "d_mean": Gradient(np.array([d_mean]), float(np.abs(mean_terms).sum())),
        "d_x": Gradient(x_terms.sum(0), _largest(np.abs(x_terms).sum(0))),
        "d_gamma": Gradient(np.array([gamma_terms.sum()]), float(np.abs(gamma_terms).sum())),
        "d_beta": Gradient(np.array([upstream.sum()]), float(np.abs(upstream).sum())),
    }


def padded(upstream: Sequence[float], count: int) -> Numbers:
    """As many gradients as there are examples: 0 where there are too few, those too many left out."""
    return np.array([*upstream, *[0.0] * count][:count])


def _largest(values: Numbers) -> float:
    return float(np.abs(values).max())
