"""cnn: 3×3 convolutions conv1 …, two of them pooled on the way, the end of the maps, then one fully connected layer fc."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import torch
from torch import Generator, Tensor, nn

from cnnviz.engine.experiment import ExperimentError, Net
from cnnviz.engine.nets.layers import Layer, hidden, output
from cnnviz.engine.nets.learned import pieces
from cnnviz.engine.nets.pooling import ENDINGS, POOLS
from cnnviz.engine.nets.pooling.strided import stride
from cnnviz.engine.nets.undrawn import Conv2d
from cnnviz.engine.plan import features, pooled

OUTPUT = "fc"


class Cnn(nn.Module):
    """(N, C, H, W) to logits (N, classes): depth − 1 convolutions of `width` channels that keep H and W, and the output layer.

    pools: what halves H and W behind a layer, by its name. ending: what makes (N, features) of the last maps.
    """

    def __init__(self, layers: dict[str, Layer], pools: Mapping[str, nn.Module], ending: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(layers)
        self.pools = nn.ModuleDict(pools)
        self.ending = ending

    def forward(self, x: Tensor) -> Tensor:
        for name, layer in self.layers.items():
            if name == OUTPUT:
                x = self.ending(x)
            x = layer(x)
            if name in self.pools:
                x = self.pools[name](x)
        return x


def cnn(net: Net, input_shape: Sequence[int], classes: int, generator: Generator) -> Cnn:
    """The net that the settings ask for, in channels_last memory; weights are drawn layer by layer, input side first."""
    if len(input_shape) != 3:
        raise ExperimentError("net (=cnn) must be mlp for points in the plane: a convolution needs images.")
    places = pooled(net.depth - 1)
    channels = [input_shape[0], *[net.width] * (net.depth - 1)]
    layers = {}
    for number, (fan_in, units) in enumerate(pairwise(channels), 1):
        name = f"conv{number}"
        layers[name] = hidden(net, _conv3x3(fan_in, units * pieces(net), stride(net, name in places)), generator)
    layers[OUTPUT] = output(net, features(net, input_shape), classes, generator)
    pools = {name: POOLS[net.pooling](net) for name in sorted(places)}
    built = Cnn(layers, {name: pool for name, pool in pools.items() if pool is not None}, ENDINGS[net.ending])
    return built.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub forgets it


def _conv3x3(channels_in: int, channels_out: int, stride: int) -> nn.Conv2d:
    return Conv2d(channels_in, channels_out, kernel_size=3, padding=1, stride=stride)
