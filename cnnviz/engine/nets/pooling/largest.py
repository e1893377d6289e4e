"""Max pooling: the largest number of each window. Its gradient goes to that one place."""

from __future__ import annotations

from torch import nn

from cnnviz.engine.experiment import Net


def max_pool(net: Net) -> nn.Module:
    """2×2 windows side by side."""
    return nn.MaxPool2d(2)
