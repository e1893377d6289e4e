"""The chain rule along one path of a fully connected net, factor by factor."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.func import functional_call

from cnnviz.engine.nets.drops.masks import Masks
from cnnviz.engine.nets.layers import Layer
from cnnviz.engine.nets.learned import Maxout
from cnnviz.engine.nets.norms.noisy_batch import NoisyBatch
from cnnviz.engine.watch import Pass, Seen


@dataclass(frozen=True)
class Path:
    """One example's strongest path, one entry a layer, input side first; each (layers,).

    unit: k, the unit of the layer that the path runs through. slope: f'(z_k). weight: w_kj from the unit j below.
    factor: ∂a_k/∂a_j, which is slope · weight without skip and normalisation. gradient: ∂loss/∂a_k along this path alone:
    start, which is ∂loss/∂(the true class's logit), times the factors of all layers above.
    """

    unit: Tensor
    slope: Tensor
    weight: Tensor
    factor: Tensor
    gradient: Tensor
    start: Tensor


@torch.no_grad()
def strongest_path(seen: Seen) -> Path | None:
    """The path of the batch's first example from its true class down, each time to the unit below with the largest |factor|,
    times what that unit passes on itself: a path through a ReLU that is off would end there.

    None where the layers are no chain, where there are no classes, or where each member of an ensemble has examples of its own.
    """
    layers = chain_of(seen)
    if layers is None or seen.labels.is_floating_point() or seen.labels.ndim > 1:
        return None
    unit = seen.labels[0]
    start = running = seen.gradients[-1][0, unit]
    hops: list[tuple[Tensor, ...]] = []
    passing = [None, *map(_passes_on, layers[:-1], seen.passes[:-1])]  # of the layer below each
    for layer, passed, lower in zip(reversed(layers), reversed(seen.passes), reversed(passing), strict=True):
        slope = layer.function.slope(passed.z.first[unit])  # type: ignore[union-attr]  # every Layer's z was seen
        plain = layer.norm is None and not layer.skip
        weight = layer.applied_weight
        row = slope * weight[unit] if plain else jacobian_row(layer, passed.input, unit)
        below = (row.abs() if lower is None else row.abs() * lower).argmax()
        hops.append((unit, slope, weight[unit, below], row[below], running))
        running = running * row[below]
        unit = below
    units, slopes, weights, factors, gradients = (torch.stack(column) for column in zip(*reversed(hops), strict=True))
    return Path(units, slopes, weights, factors, gradients, start)


def chain_of(seen: Seen) -> list[Layer] | None:
    """The layers, where each reads the one below and nothing else. None where a layer is not fully connected or reads more, as in
    a recurrent net, where its activation is not a function of one number, or where something is dropped."""
    layers = [layer for layer in seen.layers if isinstance(layer, Layer) and layer.weight.ndim == 2]
    functions = [layer for layer in layers if not isinstance(layer.function, Maxout) and not drops(layer)]
    if len(functions) < len(seen.layers) or any(above.input is not below.output for below, above in pairwise(seen.passes)):
        return None
    return layers


def _passes_on(layer: Layer, passed: Pass) -> Tensor:
    """How much of a gradient each unit of the first example lets through: |f'(z)|, and 1 more where a skip goes around it."""
    slopes = layer.function.slope(passed.z.first).abs()  # type: ignore[union-attr]  # every Layer's z was seen
    return slopes + 1 if layer.skip else slopes


def drops(layer: Layer) -> bool:
    """Whether a layer leaves out some of its units or weights while it trains."""
    return layer.drop is not None or isinstance(layer.reweight, Masks)


def jacobian_row(layer: Layer, inputs: Tensor, unit: Tensor) -> Tensor:
    """∂a[0, unit]/∂inputs[0]: (in,), by autograd through the layer alone, whose running statistics stay as they are, and so
    do the vectors of a spectral norm."""
    together = isinstance(layer.norm, nn.BatchNorm1d | NoisyBatch)
    x = (inputs if together else inputs[:1]).detach().requires_grad_()
    buffers = {name: buffer.clone() for name, buffer in layer.named_buffers()}
    if isinstance(layer.norm, NoisyBatch):
        buffers["norm.batch.num_batches_tracked"] -= 1  # so that it draws the noise of this pass again
    if layer.reweight is not None:
        layer.reweight.eval()
    with torch.enable_grad():
        a = functional_call(layer, buffers, (x,)) if buffers else layer(x)
        (gradient,) = torch.autograd.grad(a[0, unit], x)
    if layer.reweight is not None:
        layer.reweight.train()
    return gradient[0]
