"""Probes of an experiment that asks for `paths`: what all paths together multiply the gradient by, layer by layer.

A unit's gradient is a sum over the units above it. Where weights are drawn around 0 and independently of the rest, the squares
add up: E(∂loss/∂a_l−1)² = n · Var(w) · E(f′(z_l))² · E(∂loss/∂a_l)², with n the units of layer l, Var(w) the mean of its w²,
and 1 added where a skip goes around it. Glorot & Bengio 2010, equation 6.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.linalg import vector_norm

from cnnviz.engine.chain import chain_of
from cnnviz.engine.nets.layers import Layer
from cnnviz.engine.probes import Statistic, once, probe
from cnnviz.engine.watch import Pass, Seen

PATHS: dict[str, Statistic] = {}  # with every histogram, as the single path


@probe(PATHS)
def gradient_rms(seen: Seen) -> Tensor | None:
    """√(mean (∂loss/∂a)²) of a layer over the batch and its units. None for nets without a chain, as `chain_of` says."""
    return None if chain_of(seen) is None else _sizes(seen)


@probe(PATHS)
def gradient_ratio(seen: Seen) -> Tensor | None:
    """`gradient_rms` of the layer below over a layer's own: what the layer does to the gradient. NaN for the first layer, below
    which nothing is measured."""
    return None if chain_of(seen) is None else _from_second(_sizes(seen)[:-1] / _sizes(seen)[1:])


@probe(PATHS)
def expected_ratio(seen: Seen) -> Tensor | None:
    """√(n · Var(w) · E[f′²]) of a layer, what `gradient_ratio` is expected to be: NaN for the first layer. None also with a norm,
    which the formula knows nothing of."""
    factors = _factors(seen)
    return None if factors is None else _from_second(factors)


@probe(PATHS)
def expected_rms(seen: Seen) -> Tensor | None:
    """`gradient_rms` of the last layer times the expected ratios of all layers above each: (layers,)."""
    factors = _factors(seen)
    if factors is None:
        return None
    products = factors.flip(0).cumprod(0).flip(0)
    return _sizes(seen)[-1] * torch.cat([products, torch.ones_like(products[:1])])


@once
def _sizes(seen: Seen) -> Tensor:
    return torch.stack([_rms(gradient) for gradient in seen.gradients])


@once
def _factors(seen: Seen) -> Tensor | None:
    """Of all layers but the first; none for a net of one layer."""
    layers = chain_of(seen)
    if layers is None or len(layers) < 2 or any(layer.norm is not None for layer in layers):
        return None
    return torch.stack([_factor(layer, passed) for layer, passed in zip(layers[1:], seen.passes[1:], strict=True)])


def _factor(layer: Layer, passed: Pass) -> Tensor:
    weight = layer.applied_weight
    slopes = layer.function.slope(passed.z.values)  # type: ignore[union-attr]  # every Layer's z was seen
    square = len(weight) * (_rms(weight) * _rms(slopes)) ** 2
    return (square + 1).sqrt() if layer.skip and passed.input.shape == passed.output.shape else square.sqrt()


def _rms(values: Tensor) -> Tensor:
    return vector_norm(values) / math.sqrt(values.numel())


def _from_second(values: Tensor) -> Tensor:
    return torch.cat([values.new_full((1,), math.nan), values])
