"""Blocks that several families share. Each takes (N, C, H, W)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn

Size = int | tuple[int, int]


def conv(channels: int, filters: int, kernel: Size, stride: int = 1, groups: int = 1, bias: bool = False) -> nn.Conv2d:
    """A convolution that keeps H and W at stride 1, for an odd kernel; without a bias where a normalisation follows."""
    sides = (kernel, kernel) if isinstance(kernel, int) else kernel
    padding = (sides[0] // 2, sides[1] // 2)
    return nn.Conv2d(channels, filters, sides, stride, padding, groups=groups, bias=bias)


def conv_norm(channels: int, filters: int, kernel: Size, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, then batch normalisation."""
    layers = {"conv": conv(channels, filters, kernel, stride, groups), "norm": nn.BatchNorm2d(filters)}
    return nn.Sequential(OrderedDict(layers))


def conv_norm_act(
    channels: int, filters: int, kernel: Size, stride: int = 1, groups: int = 1, act: Callable[[], nn.Module] = nn.ReLU
) -> nn.Sequential:
    """Convolution, batch normalisation, activation."""
    block = conv_norm(channels, filters, kernel, stride, groups)
    block.add_module("act", act())
    return block


def head(channels: int, classes: int, dropped: float = 0.0) -> nn.Sequential:
    """Global average pooling, then the classes: (N, C, H, W) of any size to (N, classes). dropped: share of the means that
    dropout takes."""
    layers: dict[str, nn.Module] = {"pool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten()}
    if dropped:
        layers["drop"] = nn.Dropout(dropped)
    return nn.Sequential(OrderedDict(layers | {"fc": nn.Linear(channels, classes)}))


class SqueezeExcitation(nn.Module):
    """x · σ(W₂ δ(W₁ z)), z the mean of each map. Hu et al. 2018, arXiv 1709.01507, equations 2 and 3.

    squeezed: the width between, C/r in the paper; 2C · squeezed weights, and biases.
    """

    def __init__(self, channels: int, squeezed: int, act: Callable[[], nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.act = act()
        self.expand = nn.Conv2d(squeezed, channels, 1)
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        s: Tensor = self.gate(self.expand(self.act(self.reduce(self.squeeze(x)))))  # (N, C, 1, 1)
        return x * s


class Concat(nn.Module):
    """Branches side by side: each takes the same x, their outputs are stacked along the channels."""

    def __init__(self, **branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleDict(branches)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches.values()], 1)


class LocalResponseNorm(nn.Module):
    """b = a / (k + α Σ a²)^β over the n neighbouring channels. Krizhevsky et al. 2012, section 3.3, where α is for the sum."""

    def __init__(self, n: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75) -> None:
        super().__init__()
        self.n, self.k, self.alpha, self.beta = n, k, alpha, beta

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.local_response_norm(x, self.n, self.alpha * self.n, self.beta, self.k)  # torch's α is for the mean
