"""Densely Connected Convolutional Networks.

Huang, Liu, van der Maaten & Weinberger, 2016, arXiv 1608.06993, equation 2, Tables 1–3, section 3.
Differs here: nothing known.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

import torch
from torch import Tensor, nn

from cnnviz.zoo.blocks import conv, conv_norm_act, head
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import register

PAPER = Paper(
    title="Densely Connected Convolutional Networks",
    authors="Huang, Liu, van der Maaten, Weinberger",
    year=2016,
    venue="CVPR 2017",
    link="https://arxiv.org/abs/1608.06993",
)
# Table 1: dense layers of the four blocks, k = 32; Table 3: top-1 and top-5 errors, one crop
CONFIGURATIONS = {
    121: ((6, 12, 24, 16), 25.02, 7.71),
    169: ((6, 12, 32, 32), 23.80, 6.85),
    201: ((6, 12, 48, 32), 22.58, 6.34),
    264: ((6, 12, 64, 48), 22.15, 6.12),
}
PARAMS = {121: "7,978,856", 169: "14,149,480", 201: "20,013,928"}  # osmr/imgclsmob, README


def norm_relu_conv(channels: int, filters: int, kernel: int) -> nn.Sequential:
    """Batch normalisation, ReLU, convolution: what the paper's tables call a conv."""
    layers = {"norm": nn.BatchNorm2d(channels), "relu": nn.ReLU(), "conv": conv(channels, filters, kernel)}
    return nn.Sequential(OrderedDict(layers))


class DenseLayer(nn.Module):
    """[x, H(x)]: the maps of all layers before it, and `growth` new ones. H: a 1×1 to 4 · growth maps, a 3×3 to growth."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.bottleneck = norm_relu_conv(channels, 4 * growth, 1)
        self.conv = norm_relu_conv(4 * growth, growth, 3)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.conv(self.bottleneck(x))], 1)


def transition(channels: int, filters: int) -> nn.Sequential:
    """A 1×1 convolution that keeps θ of the maps, and the mean of each 2×2."""
    block = norm_relu_conv(channels, filters, 1)
    block.add_module("pool", nn.AvgPool2d(2, 2))
    return block


def densenet(counts: tuple[int, ...], growth: int, image: str, classes: int, in_channels: int, theta: float = 0.5) -> nn.Module:
    """(N, C, H, W) to logits (N, classes).

    counts: dense layers of each block; image: "ImageNet" for a stem that halves the grid twice, "CIFAR" for one that keeps it;
    theta: the share of the maps that a transition keeps.
    """
    channels = 2 * growth
    layers: dict[str, nn.Module] = {"conv1": conv(in_channels, channels, 3)}
    if image == "ImageNet":
        layers = {"conv1": conv_norm_act(in_channels, channels, 7, 2), "pool1": nn.MaxPool2d(3, 2, 1)}
    for number, count in enumerate(counts, 1):
        layers[f"dense{number}"] = nn.Sequential(*(DenseLayer(channels + place * growth, growth) for place in range(count)))
        channels += count * growth
        if number < len(counts):
            kept = int(theta * channels)
            layers[f"transition{number}"] = transition(channels, kept)
            channels = kept
    layers |= {"norm": nn.BatchNorm2d(channels), "relu": nn.ReLU(), "head": head(channels, classes)}
    return nn.Sequential(OrderedDict(layers))


def _register(depth: int) -> None:
    counts, top1, top5 = CONFIGURATIONS[depth]
    how = "validation, one crop"
    params = PARAMS.get(depth)
    card = Card(
        name=f"densenet{depth}",
        title=f"DenseNet-{depth}",
        family="densenet",
        paper=PAPER,
        categories=("multi-path",),
        params=Printed(params, "osmr/imgclsmob, README") if params else None,
        unprinted="" if params else "The paper prints none; a test counts them by the formula of its blocks.",
        depth=None if depth == 264 else depth,
        differs="The blocks of Table 1 add up to 265 layers, not to the 264 of the name." if depth == 264 else "",
        errors=(
            PublishedError(top1, "top-1", "ImageNet", how, "Table 3"),
            PublishedError(top5, "top-5", "ImageNet", how, "Table 3"),
        ),
    )
    register(card, partial(densenet, counts, 32, "ImageNet"))


for each in CONFIGURATIONS:
    _register(each)
register(
    Card(
        name="densenet_bc100_12",
        title="DenseNet-BC-100 (k = 12)",
        family="densenet",
        paper=PAPER,
        categories=("multi-path",),
        input_shape=(3, 32, 32),
        classes=10,
        params=Printed("0.8M", "Table 2"),
        depth=100,
        errors=(
            PublishedError(5.92, "error", "CIFAR-10", "test", "Table 2"),
            PublishedError(4.51, "error", "CIFAR-10", "test, flips and shifts", "Table 2"),
            PublishedError(24.15, "error", "CIFAR-100", "test", "Table 2"),
            PublishedError(22.27, "error", "CIFAR-100", "test, flips and shifts", "Table 2"),
        ),
    ),
    partial(densenet, (16, 16, 16), 12, "CIFAR"),
)
