"""The chain rule along one path of a fully connected net, factor by factor."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from cnnviz.engine.nets.layers import Layer
from cnnviz.engine.watch import Seen


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
    """The path of the batch's first example from its true class down, each time to the unit with the largest |factor|.

    None where a layer is not fully connected.
    """
    layers = [layer for layer in seen.layers if isinstance(layer, Layer) and layer.weight.ndim == 2]
    if len(layers) < len(seen.layers):
        return None
    unit = seen.labels[0]
    start = running = seen.gradients[-1][0, unit]
    hops: list[tuple[Tensor, ...]] = []
    for layer, inputs, z in zip(reversed(layers), reversed(seen.inputs), reversed(seen.sums), strict=True):
        row = jacobian_row(layer, inputs, unit)
        below = row.abs().argmax()
        slope = layer.activation.function.slope(z[0, unit])  # type: ignore[index]  # every Layer's z was seen
        hops.append((unit, slope, layer.weight[unit, below], row[below], running))
        running = running * row[below]
        unit = below
    units, slopes, weights, factors, gradients = (torch.stack(column) for column in zip(*reversed(hops), strict=True))
    return Path(units, slopes, weights, factors, gradients, start)


def jacobian_row(layer: Layer, inputs: Tensor, unit: Tensor) -> Tensor:
    """∂a[0, unit]/∂inputs[0]: (in,), by autograd through the layer alone, whose running statistics stay as they are."""
    together = isinstance(layer.norm, nn.BatchNorm1d)
    x = (inputs if together else inputs[:1]).detach().requires_grad_()
    buffers = {name: buffer.clone() for name, buffer in layer.named_buffers()}
    with torch.enable_grad():
        a = functional_call(layer, buffers, (x,)) if buffers else layer(x)
        (gradient,) = torch.autograd.grad(a[0, unit], x)
    return gradient[0]
