"""Average pooling: the mean of each window. Its gradient goes to all places in equal parts."""

from __future__ import annotations

from torch import nn

from cnnviz.engine.experiment import Net


def average_pool(net: Net) -> nn.Module:
    """2×2 windows side by side."""
    return nn.AvgPool2d(2)
