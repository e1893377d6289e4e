"""rnn: a recurrent net that reads an image row by row, from the top; its layers t1 … tH are one layer, a time step each."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from cnnviz.engine.experiment import ExperimentError, Net
from cnnviz.engine.nets.layers import Layer, hidden, output
from cnnviz.engine.nets.learned import pieces
from cnnviz.engine.nets.undrawn import Linear

OUTPUT = "out"


class Rnn(nn.Module):
    """(N, C, H, W) to logits (N, classes): h_t = f(norm([W U] [x_t, h_{t−1}] + b)) with h_0 = 0, and the output layer on h_H.

    x_t is row t, C · W numbers. Each layer t1 … tH has the same weights, biases, scale and shift.
    """

    def __init__(self, layers: dict[str, Layer], width: int) -> None:
        super().__init__()
        self.width = width
        self.layers = nn.ModuleDict(layers)

    def forward(self, x: Tensor) -> Tensor:
        rows = x.movedim(2, 0).flatten(2)
        *steps, last = self.layers.values()
        h = rows.new_zeros(len(x), self.width)
        for step, row in zip(steps, rows, strict=True):
            h = step(torch.cat((row, h), 1))
        logits: Tensor = last(h)
        return logits


def rnn(net: Net, input_shape: Sequence[int], classes: int, generator: Generator) -> Rnn:
    """The net that the settings ask for; [W U] is drawn as one matrix, then the output layer's."""
    if len(input_shape) != 3:
        raise ExperimentError("net (=rnn) must be mlp for points in the plane: a recurrent net reads an image's rows.")
    channels, rows, columns = input_shape
    first = hidden(net, Linear(channels * columns + net.width, net.width * pieces(net)), generator)
    steps = [first, *(_again(first, net) for _row in range(rows - 1))]
    layers = {f"t{number}": step for number, step in enumerate(steps, 1)}
    return Rnn({**layers, OUTPUT: output(net, net.width, classes, generator)}, net.width)


def _again(first: Layer, net: Net) -> Layer:
    """The layer of a later time step: it learns nothing of its own, but may keep its own running statistics."""
    assert isinstance(first.weights, nn.Linear)
    norm = first.norm
    if isinstance(norm, nn.BatchNorm1d) and net.norm_over_time == "each":
        norm = sharing(norm)
    return Layer(first.weights, first.function, norm)


def sharing(norm: nn.BatchNorm1d) -> nn.BatchNorm1d:
    """Another batch norm with the same scale and shift, and running statistics of its own. Cooijmans et al. 2016, section 3."""
    other = nn.BatchNorm1d(norm.num_features)
    other.weight, other.bias = norm.weight, norm.bias
    return other
