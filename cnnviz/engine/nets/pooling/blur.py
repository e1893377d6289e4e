"""Blur pooling: the largest number of every 2×2 window, one pixel apart, then a binomial filter before every second is dropped.

R. Zhang 2019, arXiv 1904.11486: "MaxBlurPool" with the 3×3 filter. Differs here: edges are repeated, where he reflects them, so
that maps of two rows can be pooled too.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnviz.engine.experiment import Net


class BlurPool(nn.Module):
    """(N, C, H, W) to (N, C, H // 2, W // 2): max pooling with stride 1, then the weights [1 2 1]ᵀ[1 2 1] / 16 with stride 2."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        line = torch.tensor([1.0, 2.0, 1.0])
        self.register_buffer("kernel", (line[:, None] * line / 16)[None, None])

    def forward(self, a: Tensor) -> Tensor:
        channels = a.shape[1]
        dense = F.pad(F.max_pool2d(a, 2, stride=1), (1, 1, 1, 1), mode="replicate")
        return F.conv2d(dense, self.kernel.expand(channels, 1, 3, 3), stride=2, groups=channels)


def blur_pool(net: Net) -> nn.Module:
    """Windows that overlap, the same filter for every channel; it learns nothing."""
    return BlurPool()
