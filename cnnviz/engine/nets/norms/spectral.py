"""Spectral normalisation: W/σ(W), so that no input is stretched by more than 1.

T. Miyato, T. Kataoka, M. Koyama, Y. Yoshida 2018, arXiv 1802.05957, algorithm 1. A kernel counts as the matrix
(out, in · height · width). Differs here: u and v start at the fresh W's own singular vectors instead of at random ones, and
may take more than one step an update.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnviz.engine.experiment import Net
from cnnviz.engine.nets.norms.on_weights import OnWeights


class SpectralNorm(OnWeights):
    """σ ≈ uᵀ W v; each training pass moves u and v by `steps` of the power iteration. Nothing is learned."""

    u: Tensor
    v: Tensor

    def __init__(self, features: int, steps: int = 1) -> None:
        super().__init__()
        self.steps = steps
        self.register_buffer("u", torch.empty(features))
        self.register_buffer("v", torch.empty(0))

    @torch.no_grad()
    def begin(self, weight: Tensor) -> None:
        left, _sizes, right = torch.linalg.svd(weight.flatten(1), full_matrices=False)
        self.u, self.v = left[:, 0].clone(), right[0].clone()

    @torch.no_grad()
    def advance(self, weight: Tensor) -> None:
        matrix = weight.flatten(1)
        for _ in range(self.steps):
            self.v = F.normalize(matrix.T @ self.u, dim=0)
            self.u = F.normalize(matrix @ self.v, dim=0)

    def applied(self, weight: Tensor) -> Tensor:
        return weight / (self.u @ weight.flatten(1) @ self.v)


def spectral(net: Net, features: int, spatial: bool) -> nn.Module:
    """For weights (features, in), or (features, in, kernel, kernel) where `spatial`."""
    return SpectralNorm(features, net.power_steps)
