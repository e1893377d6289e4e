"""LSUV, layer-sequential unit variance: each layer's weights rescaled until its output on a batch has variance 1.

D. Mishkin, J. Matas 2016, arXiv 1511.06422, algorithm 1. Differs here: tolerance 0.01 instead of 0.1.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

TOLERANCE = 0.01  # of the variance, around 1
MOST_PASSES = 10  # of one layer

Tuning = list[tuple[int, int, float, float]]  # layer, pass, variance, factor on the weights


@torch.no_grad()
def tune(net: nn.Module, inputs: Tensor) -> Tuning:
    """Rescale the weights of a freshly drawn net, input side first, on one batch of inputs (N, …). Nothing else of it moves: no
    running statistics, and no count of what was drawn.

    What was done, in order: the layer (from 0), its pass (from 1), the variance of its output z = w ∗ x over examples and
    units in that pass, and the factor that its weights were multiplied by: 1 once the variance is close enough to 1.
    """
    done: Tuning = []
    kept = [buffer.clone() for buffer in net.buffers()]
    layers = [module for module in net.modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    hooks = [layer.register_forward_hook(partial(_tuned, done, number)) for number, layer in enumerate(layers)]
    net(inputs)
    for hook in hooks:
        hook.remove()
    for buffer, value in zip(net.buffers(), kept, strict=True):
        buffer.copy_(value)
    return done


def _tuned(done: Tuning, number: int, layer: nn.Linear | nn.Conv2d, inputs: tuple[Tensor, ...], z: Tensor) -> Any:
    """Passes a layer's inputs through it until the variance is close to 1; the output that the layers above then get."""
    for turn in range(1, MOST_PASSES + 1):
        variance = float(z.var(correction=0))
        close = abs(variance - 1) <= TOLERANCE or not 0 < variance < float("inf")
        factor = 1.0 if close else variance**-0.5
        done.append((number, turn, variance, factor))
        if close:
            break
        layer.weight.mul_(factor)
        z = layer.forward(*inputs)
    return z
