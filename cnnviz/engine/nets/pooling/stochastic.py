"""Stochastic pooling: in training a number of each window drawn in proportion to its size, in tests their weighted mean.

M. Zeiler, R. Fergus 2013, arXiv 1301.3557.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from cnnviz.engine.experiment import Net
from cnnviz.engine.nets.streams import seed_streams


class Stochastic(nn.Module):
    """s_j = a_l with l ~ P(p_1, …), p_i = a_i / Σ a_k over a 2×2 window of a ≥ 0; in eval mode s_j = Σ p_i a_i. A window of zeros
    gives 0.

    What a batch draws is decided by `seed` and by how many were learned from before it, so whoever puts the buffers back draws it
    again.
    """

    batches: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.seed = 0
        self.register_buffer("batches", torch.zeros((), dtype=torch.long))

    def forward(self, a: Tensor) -> Tensor:
        rows, columns = a.shape[2] // 2 * 2, a.shape[3] // 2 * 2
        first, second, third, fourth = (a[:, :, i:rows:2, j:columns:2] for i in (0, 1) for j in (0, 1))
        total = first + second + third + fourth
        if not self.training:
            return (first**2 + second**2 + third**2 + fourth**2) / total.clamp(min=torch.finfo(a.dtype).tiny)
        below = self.uniform(total) * total.detach()
        later = torch.where(below < first + second + third, third, fourth)
        return torch.where(below < first, first, torch.where(below < first + second, second, later))

    def uniform(self, like: Tensor) -> Tensor:
        """This batch's numbers in [0, 1), one a window."""
        generator = Generator(like.device).manual_seed(self.seed + int(self.batches))
        if torch.is_grad_enabled():
            self.batches += 1
        return torch.empty_like(like).uniform_(generator=generator)


def seed_pools(net: nn.Module, seed: int) -> None:
    """Give every stochastic pool of a net a stream of its own; the net's weights are drawn elsewhere."""
    seed_streams(net, Stochastic, seed, spread=1_013)


def stochastic_pool(net: Net) -> nn.Module:
    """2×2 windows side by side, of activations that are never negative; `seed_pools` decides what it draws."""
    return Stochastic()
