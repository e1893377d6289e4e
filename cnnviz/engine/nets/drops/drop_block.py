"""DropBlock: squares of a map are dropped, so that what is gone can't be guessed from its neighbours.

G. Ghiasi, T.-Y. Lin, Q. V. Le 2018, arXiv 1810.12890, algorithm 1 and eq. 1, with a mask of its own for each channel. A map that
is smaller than a block is dropped as a whole. Differs here: the chance to keep is the same from the first step to the last.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from cnnviz.engine.experiment import Dropout
from cnnviz.engine.nets.drops.masks import Drop


class DropBlock(Drop):
    """D ⊙ a · (entries of D / its ones) of maps (N, channels, H, W), D being 0 in blocks; tested with a."""

    def __init__(self, keep: float, block_size: int) -> None:
        super().__init__(keep)
        self.block_size = block_size

    def mask(self, a: Tensor) -> Tensor:
        kept = self.in_blocks(a.shape).to(a.dtype)
        return kept * (kept.numel() / kept.sum().clamp(min=1))

    def in_blocks(self, shape: tuple[int, ...]) -> Tensor:
        """D of this moment as True and False: False in each block whose corner was drawn with chance γ."""
        *outer, height, width = shape
        block = min(self.block_size, height, width)
        corners = ~self.kept((*outer, height - block + 1, width - block + 1), 1 - gamma(self.keep, block, height, width))
        counts = F.pad(corners.float(), [block, block - 1] * 2)
        for axis in (-2, -1):  # corners among the last `block` places: a running sum is several times faster than pooling
            sums = counts.cumsum(axis)
            places = sums.shape[axis] - block
            counts = sums.narrow(axis, block, places) - sums.narrow(axis, 0, places)
        return counts == 0


def gamma(keep: float, block: int, height: int, width: int) -> float:
    """γ, the chance of a block to begin at a place, so that about 1 − keep of a map (height, width) is dropped: eq. 1."""
    return (1 - keep) / block**2 * (height * width) / ((height - block + 1) * (width - block + 1))


def drop_block(given: Dropout) -> DropBlock:
    """Behind the activation of a hidden layer that makes maps."""
    return DropBlock(given.keep, given.block_size)
