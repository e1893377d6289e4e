"""Mean field on maps: the variances of a very wide, freshly drawn convolutional net without max-pooling, place by place.

A padded edge reads fewer numbers, so that a map's variance differs from place to place: z at p has variance C σ² Σ E[a(p')²] over
the 3×3 window around p; backward the sum runs over the windows that p stands in. The mean over the map is what is measured.
Xiao et al. 2018, arXiv 1806.05393. A maximum over neighbours depends on how alike they are, for which there is no such sum.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.plan import stages
from cnnviz.lessons.mean_field import (
    CLASSES,
    DENSITY,
    FUNCTIONS,
    GRID,
    INPUTS,
    TOO_LARGE,
    Numbers,
    Theory,
    as_curve,
    fans,
    loss_gradient,
    weight_variance,
)

POOLINGS = ("none", "strided")  # that leave a sum over a window a sum
DIGITS = 9  # to which the variances at mirrored places are the same


class Maps(NamedTuple):
    """Of a convolution, place by place: the variance of z, mean and mean square of a, and mean square of f'(z)."""

    z: Numbers
    mean: Numbers
    square: Numbers
    slope: Numbers


@lru_cache(maxsize=64)
def theory(experiment: Experiment) -> Theory | None:
    """The curves of a plain convolutional net on standardised images; None for another net, or without a theory.

    The logits' variance depends on how alike the places of the last maps are: it has no value here, and the gradient's curve
    begins as if they were equal, which they come near to in deep nets.
    """
    net, layers = experiment.net, fans(experiment)
    plain = net.net == "cnn" and net.norm == "none" and not net.skip and net.activation in FUNCTIONS
    if not plain or layers is None or net.pooling not in POOLINGS or net.ending != "global_average":
        return None
    drawn = [weight_variance(experiment, layer) for layer in layers]
    if any(variance is None for variance in drawn):
        return None
    variances = [float(variance or 0) for variance in drawn]
    maps, strides = forward(experiment, variances)
    top = variances[-1] * net.width * float(maps[-1].square.mean())
    loss = loss_gradient(top, experiment.batch_size) if top < TOO_LARGE else math.nan
    spread = variances[-1] * CLASSES * loss / maps[-1].z.size ** 2  # each place's share in the mean over the map
    gradients = backward(maps, strides, [variance * net.width for variance in variances], spread)
    return Theory(
        tuple(layer.layer for layer in layers),
        as_curve([*(float(it.z.mean()) for it in maps), math.nan]),
        as_curve([*(float(it.square.mean() - it.mean.mean() ** 2) for it in maps), math.nan]),
        as_curve([*gradients, loss]),
    )


def forward(experiment: Experiment, variances: list[float]) -> tuple[list[Maps], list[int]]:
    """Each convolution's maps, input side first, and its stride."""
    channels, size = INPUTS[experiment.data.dataset]
    side = math.isqrt(size)
    square, maps, strides = np.ones((side, side)), [], []
    for stage, variance in zip(stages(experiment.net, (channels, side, side)), variances, strict=False):
        stride = 2 if stage.size[0] < len(square) else 1
        z = np.minimum(variance * stage.reads * window_sums(square)[::stride, ::stride], TOO_LARGE)
        maps.append(Maps(z, *expected(experiment.net.activation, z)))
        strides.append(stride)
        square = maps[-1].square
    return maps, strides


def backward(maps: list[Maps], strides: list[int], gains: list[float], top: float) -> list[float]:
    """Mean over the map of Var ∂loss/∂a of each convolution, input side first. gains: each layer's σ² times its units; top: the
    last convolution's, the same at every place."""
    variance: Numbers = np.full(maps[-1].z.shape, top)
    found = [top]
    for below, above, stride, gain in reversed(list(zip(maps, maps[1:], strides[1:], gains[1:], strict=False))):
        passed = np.zeros(below.z.shape)
        passed[::stride, ::stride] = variance * above.slope
        variance = np.minimum(gain * window_sums(passed), TOO_LARGE)
        found.append(float(variance.mean()))
    return found[::-1]


def window_sums(square: Numbers) -> Numbers:
    """The sum over each place's 3×3 window, with zeros around the map: (H, W) to (H, W)."""
    padded = np.pad(square, 1)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    sums: Numbers = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    return sums


def expected(activation: str, variance: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """E[f(z)], E[f(z)²] and E[f'(z)²] for Gaussian z of these variances, each of their shape."""
    with np.errstate(divide="ignore"):
        digits = DIGITS - np.ceil(np.log10(variance.max())) if variance.max() > 0 else DIGITS
    distinct, places = np.unique(variance.round(int(digits)), return_inverse=True)
    z = np.sqrt(distinct)[:, None] * GRID
    f, slope = FUNCTIONS[activation]
    moments = (f(z) @ DENSITY, f(z) ** 2 @ DENSITY, slope(z) ** 2 @ DENSITY)
    mean, square, steep = (moment[places].reshape(variance.shape) for moment in moments)
    return mean, square, steep
