"""Batch normalisation: each feature over the batch, and over the positions of a map. Ioffe & Szegedy 2015, arXiv 1502.03167."""

from __future__ import annotations

from torch import nn

from cnnviz.engine.experiment import Net


def batch(net: Net, features: int, spatial: bool) -> nn.Module:
    """For (N, features), or (N, features, H, W) where `spatial`."""
    return nn.BatchNorm2d(features) if spatial else nn.BatchNorm1d(features)
