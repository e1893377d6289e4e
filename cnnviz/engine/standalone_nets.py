"""Further networks of `standalone`: maxout differences, committees and recurrent nets; `export` puts them below the others.

The script has the imports and names of `standalone`: those below are for checkers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Generator, Tensor, nn

from cnnviz.engine.nets.committee import Ensemble, Mixture
from cnnviz.engine.standalone import Layer, Variant, initialised, mlp


# %% Networks
class Difference(nn.Module):
    """(N, features) to (N, 1): the largest of some sums minus the largest of some others."""

    def __init__(self, up: nn.Module, down: nn.Module) -> None:
        super().__init__()
        self.up, self.down = up, down

    def forward(self, x: Tensor) -> Tensor:
        return self.up(x).max(1, keepdim=True).values - self.down(x).max(1, keepdim=True).values


@torch.no_grad()
def tangents(given: Variant, features: int, generator: Generator) -> nn.Linear:
    """The sums of a unit, which start as tangents of ‖x‖²."""
    sums = nn.Linear(features, given.pieces)  # if maxout
    given.init(sums.weight, generator)
    sums.bias.copy_(-sums.weight.square().sum(1) / 4)
    sums.weight.mul_(given.init_scale)  # if init_scale
    sums.bias.mul_(given.init_scale)  # if init_scale
    return sums


def maxout_difference(given: Variant, input_shape: Sequence[int], classes: int, generator: Generator) -> nn.Module:
    """(N, features) to (N, 1): one maxout unit minus another."""
    up, down = (tangents(given, math.prod(input_shape), generator) for _ in range(2))
    return Difference(up, down)


def ensemble(given: Variant, input_shape: Sequence[int], classes: int, generator: Generator) -> nn.Module:
    """Members drawn one after the other."""
    return Ensemble([mlp(given, input_shape, classes, generator) for _ in range(given.members)], len(input_shape))


def mixture(given: Variant, input_shape: Sequence[int], classes: int, generator: Generator) -> nn.Module:
    """Experts drawn one after the other, then the gate."""
    members = [mlp(given, input_shape, classes, generator) for _ in range(given.members)]
    return Mixture(members, initialised(given, nn.Linear(math.prod(input_shape), given.members), generator))


class Rnn(nn.Module):
    """(N, C, H, W) to logits (N, classes): a layer that is told the image's rows in turn, and each time what it made before."""

    def __init__(self, steps: Sequence[Layer], width: int, last: nn.Module) -> None:
        super().__init__()
        self.steps = nn.ModuleList(steps)
        self.width = width
        self.last = last

    def forward(self, x: Tensor) -> Tensor:
        h = x.new_zeros(len(x), self.width)
        for step, row in zip(self.steps, x.movedim(2, 0).flatten(2), strict=True):
            h = step(torch.cat((row, h), 1))
        logits: Tensor = self.last(h)
        return logits


def rnn(given: Variant, input_shape: Sequence[int], classes: int, generator: Generator) -> nn.Module:
    """A layer for the rows of an image; what it learns is the same at every time step."""
    channels, rows, columns = input_shape
    sums = given.width
    sums = given.width * given.pieces  # if maxout
    step = Layer(initialised(given, nn.Linear(channels * columns + given.width, sums), generator), given)
    steps = [step] * rows
    if given.own_statistics:  # if own_statistics
        steps = [step, *(with_own_statistics(step) for _ in range(rows - 1))]  # if own_statistics
    return Rnn(steps, given.width, initialised(given, nn.Linear(given.width, classes), generator))


def with_own_statistics(step: Layer) -> Layer:
    """The layer of a later time step: what is learned is the same, running statistics are its own."""
    return deepcopy(step, {id(parameter): parameter for parameter in step.parameters()})
