"""Probes of an experiment that asks for `signal`: variances on the way up and down, and a corner of one weight matrix."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.linalg import vector_norm

from cnnviz.engine.nets.layers import Layer
from cnnviz.engine.nets.learned import Maxout
from cnnviz.engine.probes import Statistic, once, probe
from cnnviz.engine.watch import Seen

SHOWN = 1  # the layer whose weights are shown: the second, between hidden units
ROWS, COLUMNS = 16, 32  # of its weight matrix

SIGNAL: dict[str, Statistic] = {}  # with every snapshot
PICTURE: dict[str, Statistic] = {}  # at the first and the last step, and with histograms


@probe(SIGNAL)
def z_var(seen: Seen) -> Tensor | None:
    """Variance of a layer's z = w ∗ x + b over all examples and units: Var(y) of the derivation. None for foreign nets."""
    return None if (zs := _zs(seen)) is None else torch.stack([z.var(correction=0) for z in zs])


@probe(SIGNAL)
def activation_square(seen: Seen) -> Tensor:
    """Mean of a layer's squared output: what the layer above multiplies by fan_in · σ²."""
    return torch.stack([_mean_square(passed.output) for passed in seen.passes])


@probe(SIGNAL)
def activation_var(seen: Seen) -> Tensor:
    """Variance of a layer's output over all examples and units."""
    return torch.stack([passed.output.var(correction=0) for passed in seen.passes])


@probe(SIGNAL)
def activation_grad_var(seen: Seen) -> Tensor:
    """Mean of (∂loss/∂a)²: the variance of the gradient that reaches a layer, whose mean is near 0."""
    return torch.stack([_mean_square(gradient) for gradient in seen.gradients])


@probe(SIGNAL)
def z_grad_var(seen: Seen) -> Tensor | None:
    """Mean of (∂loss/∂z)², where ∂loss/∂z = f'(z) · ∂loss/∂a: Var(δ) of the derivation. Of a maxout's sums only the largest gets
    its unit's gradient. None with norms or dropout, in foreign nets."""
    zs = _zs(seen)
    layers = [layer for layer in seen.layers if isinstance(layer, Layer) and layer.norm is None and layer.drop is None]
    if zs is None or len(layers) < len(seen.layers):
        return None
    found = zip(layers, zs, seen.gradients, strict=True)
    return torch.stack([_mean_square(layer.function.slope(z) * _by_sum(layer, gradient)) for layer, z, gradient in found])


def _by_sum(layer: Layer, gradient: Tensor) -> Tensor:
    """A layer's ∂loss/∂a, (N, units, …), with the shape of its z, in which a maxout unit has several sums."""
    function = layer.function
    return gradient.repeat_interleave(function.pieces, 1) if isinstance(function, Maxout) else gradient


@once
def _zs(seen: Seen) -> list[Tensor] | None:
    """z of each layer for the whole batch, computed again: a pass keeps a sample of it only."""
    layers = [layer for layer in seen.layers if isinstance(layer, Layer)]
    if len(layers) < len(seen.layers):
        return None
    return [layer.sums(passed.input) for layer, passed in zip(layers, seen.passes, strict=True)]


def _mean_square(values: Tensor) -> Tensor:
    return vector_norm(values) ** 2 / values.numel()


@probe(SIGNAL)
def row_difference(seen: Seen) -> Tensor:
    """The largest difference between two units' weights for the same input: 0 where all units of a layer are equal."""
    rows = [layer.weight.flatten(1) for layer in seen.layers]  # type: ignore[operator]  # a layer has a weight
    return torch.stack([(w.amax(0) - w.amin(0)).max() for w in rows])


@probe(PICTURE)
def weight_rows(seen: Seen) -> Tensor | None:
    """The first weights of the first units of layer 2, a row a unit: (rows, columns). None for a net of one layer."""
    matrix = _shown(seen)
    return None if matrix is None else matrix[:ROWS, :COLUMNS].clone()  # the update comes before it is read


@probe(PICTURE)
def weight_gram(seen: Seen) -> Tensor | None:
    """WᵀW of layer 2 (WWᵀ where it has fewer outputs than inputs), the first rows and columns: the identity if orthogonal."""
    matrix = _shown(seen)
    if matrix is None:
        return None
    tall = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    return tall[:, :ROWS].T @ tall[:, :ROWS]


@probe(PICTURE)
def gram_error(seen: Seen) -> Tensor | None:
    """The farthest of those entries from the identity's. A scalar."""
    gram = weight_gram(seen)
    return None if gram is None else (gram - torch.eye(len(gram), device=gram.device)).abs().max()


@once
def _shown(seen: Seen) -> Tensor | None:
    if len(seen.layers) <= SHOWN:
        return None
    return seen.layers[SHOWN].weight.detach().flatten(1)  # type: ignore[operator]  # a layer has a weight
