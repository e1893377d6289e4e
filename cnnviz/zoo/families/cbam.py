"""CBAM: Convolutional Block Attention Module.

Woo, Park, Lee & Kweon, 2018, arXiv 1807.06521, equations 1–3, Figures 1–3 and Table 4.
Differs here: the perceptron has biases and the 7×7 convolution a batch normalisation, which the formulas leave out; the count of
Table 4 has them.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from cnnviz.zoo.blocks import conv_norm
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.families.resnet import Bottleneck, resnet
from cnnviz.zoo.registry import architecture

CARD = Card(
    name="cbam_resnet50",
    title="CBAM-ResNet-50",
    family="cbam",
    paper=Paper(
        title="CBAM: Convolutional Block Attention Module",
        authors="Woo, Park, Lee, Kweon",
        year=2018,
        venue="ECCV 2018",
        link="https://arxiv.org/abs/1807.06521",
    ),
    categories=("attention",),
    params=Printed("28.09M", "Table 4"),
    macs=Printed("3.864G", "Table 4, which calls multiply-adds FLOPs"),
    depth=50,
    errors=(
        PublishedError(22.66, "top-1", "ImageNet", "validation, one crop of 224", "Table 4", checked=False),
        PublishedError(6.31, "top-5", "ImageNet", "validation, one crop of 224", "Table 4", checked=False),
    ),
    differs="The shared perceptron has biases, and a batch normalisation follows the 7×7 convolution: the paper's formulas show "
    "neither, its count of parameters has them.",
)
REDUCTION = 16  # r


class ChannelAttention(nn.Module):
    """x · σ(W₁ W₀ mean(x) + W₁ W₀ max(x)), a ReLU between the two layers, which both see: equation 2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mean, self.max = nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool2d(1)
        hidden = channels // REDUCTION
        layers: dict[str, nn.Module] = {
            "w0": nn.Conv2d(channels, hidden, 1),
            "relu": nn.ReLU(),
            "w1": nn.Conv2d(hidden, channels, 1),
        }
        self.shared = nn.Sequential(OrderedDict(layers))
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        gate: Tensor = self.gate(self.shared(self.mean(x)) + self.shared(self.max(x)))  # (N, C, 1, 1)
        return x * gate


class SpatialAttention(nn.Module):
    """x · σ(f [mean over the channels; max over the channels]), f a 7×7 convolution: equation 3."""

    def __init__(self) -> None:
        super().__init__()
        self.f = conv_norm(2, 1, 7)
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        pooled = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)  # (N, 2, H, W)
        gate: Tensor = self.gate(self.f(pooled))
        return x * gate


class CBAM(Bottleneck):
    """relu(spatial(channel(F(x))) + shortcut(x)): first what, then where. Figure 3."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__(channels, width, stride)
        self.channel = ChannelAttention(4 * width)
        self.spatial = SpatialAttention()

    def forward(self, x: Tensor) -> Tensor:
        residual = self.conv3(self.conv2(self.conv1(x)))
        y: Tensor = self.relu(self.spatial(self.channel(residual)) + self.shortcut(x))
        return y


@architecture(CARD)
def cbam_resnet50(classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes)."""
    return resnet(CBAM, CBAM.expansion, (3, 4, 6, 3), classes, in_channels)
