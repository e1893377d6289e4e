"""Global average pooling: a map ends as its mean, at any resolution and without a weight.

M. Lin, Q. Chen, S. Yan 2014, arXiv 1312.4400, section 3.2.
"""

from __future__ import annotations

from torch import Tensor


def global_average(x: Tensor) -> Tensor:
    """(N, C, H, W) to (N, C)."""
    return x.mean((2, 3))
