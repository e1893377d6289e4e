"""Instance normalisation: each example and channel over the positions of its map. Ulyanov et al. 2016, arXiv 1607.08022.

Differs here: with a scale and a shift per channel, as the others have them.
"""

from __future__ import annotations

from torch import nn

from cnnviz.engine.experiment import Net


def instance(net: Net, features: int, spatial: bool) -> nn.Module:
    """For (N, features, H, W)."""
    return nn.InstanceNorm2d(features, affine=True)
