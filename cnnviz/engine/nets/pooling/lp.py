"""Lp pooling: the power mean of each window, from its mean size at p = 1 to its largest size as p grows.

Differs here: the mean of |a|^p, where torch's `lp_pool2d` has the sum and so a result 4^(1/p) times as large, which at p = 1 is
four times the average.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from cnnviz.engine.experiment import Net


class LpPool(nn.Module):
    """(mean of |a|^p over a 2×2 window)^(1/p), p ≥ 1, computed relative to each window's largest |a|: no power over- or
    underflows, and a window of zeros gives 0 and gradient 0."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, a: Tensor) -> Tensor:
        rows, columns = a.shape[2] // 2 * 2, a.shape[3] // 2 * 2
        sizes = a[:, :, :rows, :columns].abs()
        largest = F.max_pool2d(sizes.detach(), 2).clamp(min=1e-30)
        relative = sizes / largest.repeat_interleave(2, 2).repeat_interleave(2, 3)
        mean = F.avg_pool2d(relative**self.p, 2)  # at least 1/4 but where all are 0
        return largest * mean.clamp(min=1 / 8) ** (1 / self.p) * (mean > 0)


def lp_pool(net: Net) -> nn.Module:
    """2×2 windows side by side; `net.pool_p` is p."""
    return LpPool(net.pool_p)
