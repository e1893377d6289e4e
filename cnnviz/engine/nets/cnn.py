"""cnn: 3×3 convolutions conv1 …, two 2×2 max-pools on the way, global average pooling, then one fully connected layer fc."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torch.nn.utils import skip_init

from cnnviz.engine.experiment import ExperimentError, Net
from cnnviz.engine.nets.layers import Layer, hidden, output
from cnnviz.engine.nets.learned import pieces

OUTPUT = "fc"


class Cnn(nn.Module):
    """(N, C, H, W) to logits (N, classes): depth − 1 convolutions of `width` channels that keep H and W, and the output layer.

    pooled: the layers whose output is halved in H and W.
    """

    def __init__(self, layers: dict[str, Layer], pooled: frozenset[str]) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(layers)
        self.pooled = pooled

    def forward(self, x: Tensor) -> Tensor:
        for name, layer in self.layers.items():
            if name == OUTPUT:
                x = x.mean((2, 3))
            x = layer(x)
            if name in self.pooled:
                x = F.max_pool2d(x, 2)
        return x


def pooled(convolutions: int) -> frozenset[str]:
    """The layers that a pool follows: about a third and two thirds of the way, none right before the global pooling."""
    places = {ceil(convolutions / 3), ceil(2 * convolutions / 3)} - {convolutions}
    return frozenset(f"conv{place}" for place in places)


def cnn(net: Net, input_shape: Sequence[int], classes: int, generator: Generator) -> Cnn:
    """The net that the settings ask for, in channels_last memory; weights are drawn layer by layer, input side first."""
    if len(input_shape) != 3:
        raise ExperimentError("net (=cnn) must be mlp for points in the plane: a convolution needs images.")
    channels = [input_shape[0], *[net.width] * (net.depth - 1)]
    pairs = enumerate(pairwise(channels), 1)
    layers = {f"conv{number}": hidden(net, _conv3x3(fan_in, units * pieces(net)), generator) for number, (fan_in, units) in pairs}
    layers[OUTPUT] = output(net, net.width, classes, generator)
    built = Cnn(layers, pooled(net.depth - 1))
    return built.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub forgets it


def _conv3x3(channels_in: int, channels_out: int) -> nn.Conv2d:
    return skip_init(nn.Conv2d, channels_in, channels_out, kernel_size=3, padding=1)
