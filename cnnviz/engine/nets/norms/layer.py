"""Layer normalisation: each example over its features, and over the positions of a map. Ba et al. 2016, arXiv 1607.06450."""

from __future__ import annotations

from torch import nn

from cnnviz.engine.experiment import Net


def layer(net: Net, features: int, spatial: bool) -> nn.Module:
    """For (N, features), or (N, features, H, W) where `spatial`; scale and shift per feature."""
    return nn.GroupNorm(1, features) if spatial else nn.LayerNorm(features)
