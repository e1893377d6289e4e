"""Activations with more to them than a function of one number: PReLU, which learns its slope, and maxout."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnviz.engine.experiment import Net
from cnnviz.engine.nets.activations import FUNCTIONS, NEVER, PRELU_START, Function


class Prelu(nn.Module):
    """max(0, z) + a · min(0, z), entry by entry; a is learned, one for the layer, from 0.25. He et al. 2015, eq. 1."""

    flat = (-NEVER, NEVER)

    def __init__(self) -> None:
        super().__init__()
        self.leak = nn.Parameter(torch.tensor([PRELU_START]))

    def value(self, z: Tensor) -> Tensor:
        return F.prelu(z, self.leak)

    def slope(self, z: Tensor) -> Tensor:
        return torch.where(z > 0, 1.0, self.leak.detach()[0])


class Maxout(nn.Module):
    """h_i = max_j z_ij over a unit's pieces: (N, units · pieces, …) to (N, units, …). Goodfellow et al. 2013, eq. 1.

    Sum i · pieces + j is piece j of unit i.
    """

    flat = (-NEVER, NEVER)

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces

    def value(self, z: Tensor) -> Tensor:
        return z.unflatten(1, (-1, self.pieces)).max(2).values

    def slope(self, z: Tensor) -> Tensor:
        """∂h/∂z for each sum: 1 for the piece that is the largest of its unit, 0 for the others."""
        by_unit = z.unflatten(1, (-1, self.pieces))
        chosen = by_unit.argmax(2, keepdim=True)
        return torch.zeros_like(by_unit).scatter_(2, chosen, 1.0).flatten(1, 2)


Activation = Function | Prelu | Maxout


def pieces(net: Net) -> int:
    """How many sums a unit of the net has."""
    return net.pieces if net.activation == "maxout" else 1


def activation(net: Net) -> Activation:
    """A hidden layer's activation function, with what it learns."""
    if net.activation == "prelu":
        return Prelu()
    return Maxout(net.pieces) if net.activation == "maxout" else FUNCTIONS[net.activation]
