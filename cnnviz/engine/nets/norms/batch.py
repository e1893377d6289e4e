"""Batch normalisation: each feature over the batch, and over the positions of a map. Ioffe & Szegedy 2015, arXiv 1502.03167."""

from __future__ import annotations

import copy

import torch
from torch import nn

from cnnviz.engine.experiment import Net

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def batch(net: Net, features: int, spatial: bool) -> nn.Module:
    """For (N, features), or (N, features, H, W) where `spatial`."""
    return nn.BatchNorm2d(features) if spatial else nn.BatchNorm1d(features)


@torch.no_grad()
def folded_into(weights: nn.Linear | nn.Conv2d, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> nn.Linear | nn.Conv2d:
    """A copy of a layer that does what it and the batch norm after it do in eval mode.

    w' = γ/√(σ² + ε) · w and b' = γ (b − μ)/√(σ² + ε) + β, with the running μ and σ².
    """
    assert norm.running_mean is not None
    assert norm.running_var is not None
    folded = copy.deepcopy(weights)
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    folded.weight.mul_(scale.reshape(-1, *[1] * (weights.weight.ndim - 1)))
    bias = torch.zeros_like(scale) if weights.bias is None else weights.bias
    folded.bias = nn.Parameter(scale * (bias - norm.running_mean) + norm.bias)
    return folded
