"""Spatial dropout: a whole channel of an example stays or goes, since the positions of a map tell nearly the same.

J. Tompson, R. Goroshin, A. Jain, Y. LeCun, C. Bregler 2015, arXiv 1411.4280, section 3.2.
"""

from __future__ import annotations

from torch import Tensor

from cnnviz.engine.experiment import Dropout
from cnnviz.engine.nets.drops.masks import Drop


class SpatialDropout(Drop):
    """X · a / q of maps (N, channels, H, W), one X a channel of an example; tested with a."""

    def mask(self, a: Tensor) -> Tensor:
        shape = (*a.shape[:2], *[1] * (a.ndim - 2))
        return self.kept(shape, self.keep).to(a.dtype) / self.keep


def spatial(given: Dropout) -> SpatialDropout:
    """Behind the activation of a hidden layer that makes maps."""
    return SpatialDropout(given.keep)
