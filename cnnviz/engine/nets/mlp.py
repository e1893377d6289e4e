"""mlp: fully connected layers fc1 … fcN on the flattened input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Generator, Tensor, nn

from cnnviz.engine.experiment import Net
from cnnviz.engine.nets.layers import Layer, hidden, output
from cnnviz.engine.nets.learned import pieces
from cnnviz.engine.nets.undrawn import Linear


class Mlp(nn.Module):
    """(N, …) to logits (N, classes): depth − 1 hidden layers, `width` units each, and the output layer."""

    def __init__(self, layers: dict[str, Layer]) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(layers)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        for layer in self.layers.values():
            x = layer(x)
        return x


def mlp(net: Net, input_shape: Sequence[int], classes: int, generator: Generator) -> Mlp:
    """The net that the settings ask for; weights are drawn layer by layer, input side first."""
    widths = [math.prod(input_shape), *[net.width] * (net.depth - 1)]
    pairs = enumerate(pairwise(widths), 1)
    layers = {f"fc{number}": hidden(net, Linear(fan_in, units * pieces(net)), generator) for number, (fan_in, units) in pairs}
    layers[f"fc{net.depth}"] = output(net, widths[-1], classes, generator)
    return Mlp(layers)
