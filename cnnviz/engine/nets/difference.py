"""maxout_difference: one convex maxout unit minus another, which can be any continuous piecewise-linear function."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from cnnviz.engine.experiment import ExperimentError, Net
from cnnviz.engine.nets.inits import initialise
from cnnviz.engine.nets.layers import Layer
from cnnviz.engine.nets.learned import Maxout
from cnnviz.engine.nets.undrawn import Linear


class MaxoutDifference(nn.Module):
    """(N, …) to (N, 1): max_j (a_j · x + b_j) − max_j (c_j · x + d_j). Layers `up` and `down` hold the pieces."""

    def __init__(self, layers: dict[str, Layer], pieces: int) -> None:
        super().__init__()
        self.pieces = pieces
        self.layers = nn.ModuleDict(layers)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        return self.layers["up"](x) - self.layers["down"](x)


def maxout_difference(net: Net, input_shape: Sequence[int], classes: int, generator: Generator) -> MaxoutDifference:
    """The net that the settings ask for. Piece a · x + b starts with b = −‖a‖²/4, as a tangent of ‖x‖² at x = a/2, both times
    `init_scale`, so that it is the largest somewhere: a piece that never is gets no gradient. Raises ExperimentError where
    there is more than one output."""
    if classes != 1:
        raise ExperimentError("net (=maxout_difference) has one output: it must have the data set curve.")
    return MaxoutDifference({name: _unit(net, math.prod(input_shape), generator) for name in ("up", "down")}, net.pieces)


def _unit(net: Net, features: int, generator: Generator) -> Layer:
    weights = Linear(features, net.pieces)
    initialise(weights, net.init, 1.0, generator, net.init_std)
    with torch.no_grad():
        weights.bias.copy_(-weights.weight.square().sum(1) / 4)
        weights.weight.mul_(net.init_scale)
        weights.bias.mul_(net.init_scale)
    return Layer(weights, Maxout(net.pieces))
