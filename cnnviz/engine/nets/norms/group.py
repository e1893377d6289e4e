"""Group normalisation: each example over the features of a group, and over the positions of a map.

Y. Wu, K. He 2018, arXiv 1803.08494. One group is layer normalisation; a group a channel is instance normalisation.
"""

from __future__ import annotations

from torch import nn

from cnnviz.engine.experiment import Net


def group(net: Net, features: int, spatial: bool) -> nn.Module:
    """For (N, features), or (N, features, H, W) where `spatial`; scale and shift per feature."""
    return nn.GroupNorm(net.groups, features)
