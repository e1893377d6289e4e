"""Weight normalisation: w = g · v/‖v‖ for each unit, so that length and direction are learned apart.

T. Salimans, D. P. Kingma 2016, arXiv 1602.07868, eq. 2. Differs here: g starts at ‖v‖, so that the fresh net is the one
without it, instead of at what a first batch asks for.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.linalg import vector_norm

from cnnviz.engine.experiment import Net
from cnnviz.engine.nets.norms.on_weights import OnWeights


class WeightNorm(OnWeights):
    """g, one number a unit, is learned beside v, which is the layer's own weight. ‖v‖ runs over a unit's weights."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.length = nn.Parameter(torch.ones(features))

    @torch.no_grad()
    def begin(self, weight: Tensor) -> None:
        self.length.copy_(vector_norm(weight.flatten(1), dim=1))

    def applied(self, weight: Tensor) -> Tensor:
        per_unit = self.length / vector_norm(weight.flatten(1), dim=1)
        return weight * per_unit.view(-1, *[1] * (weight.ndim - 1))


def weight(net: Net, features: int, spatial: bool) -> nn.Module:
    """For weights (features, in), or (features, in, kernel, kernel) where `spatial`."""
    return WeightNorm(features)
