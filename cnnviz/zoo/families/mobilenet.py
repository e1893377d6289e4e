"""MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications.

Howard, Zhu, Chen et al., 2017, arXiv 1704.04861, Table 1, Figure 3, Tables 6 and 7.
Differs here: the last depthwise layer has stride 1, see the card.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

from torch import nn

from cnnviz.zoo.blocks import conv_norm_act, head
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import register

PAPER = Paper(
    title="MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
    authors="Howard, Zhu, Chen, Kalenichenko et al.",
    year=2017,
    venue="arXiv",
    link="https://arxiv.org/abs/1704.04861",
)
# Table 1: stride of each depthwise layer, filters of the 1×1 after it
BODY = (
    (1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512),
    (1, 512), (1, 512), (1, 512), (1, 512), (1, 512),
    (2, 1024), (1, 1024),
)  # fmt: skip
# Table 6: width multiplier, top-1 error, multiply-adds; parameters from osmr/imgclsmob, README
WIDTHS = (
    ("", 1.0, 29.4, "569M", "4,231,976"),
    ("_075", 0.75, 31.6, "325M", "2,585,560"),
    ("_050", 0.5, 36.3, "149M", "1,331,592"),
    ("_025", 0.25, 49.4, "41M", "470,072"),
)


def separable(channels: int, filters: int, stride: int) -> nn.Sequential:
    """A 3×3 filter for each map, then a 1×1 convolution across them, each normalised and rectified: Figure 3."""
    depthwise = conv_norm_act(channels, channels, 3, stride, groups=channels)
    return nn.Sequential(OrderedDict(depthwise=depthwise, pointwise=conv_norm_act(channels, filters, 1)))


def mobilenet(width: float, classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes). width: α, the share of each layer's maps that is kept."""
    channels = int(32 * width)
    layers: dict[str, nn.Module] = {"conv1": conv_norm_act(in_channels, channels, 3, 2)}
    for number, (stride, filters) in enumerate(BODY, 2):
        layers[f"separable{number}"] = separable(channels, int(filters * width), stride)
        channels = int(filters * width)
    return nn.Sequential(OrderedDict(layers | {"head": head(channels, classes)}))


for suffix, width, error, macs, params in WIDTHS:
    register(
        Card(
            name=f"mobilenet_v1{suffix}",
            title=f"MobileNet v1 (α = {width:g})",
            family="mobilenet",
            paper=PAPER,
            categories=("spatial exploitation",),
            params=Printed(params, "osmr/imgclsmob, README"),
            macs=Printed(macs, "Table 6"),
            depth=28,
            errors=(PublishedError(error, "top-1", "ImageNet", "validation, one crop", f"Table 6, {100 - error:.1f} % right"),),
            differs="Table 1 gives the last depthwise layer stride 2 and yet an output of 7×7: it is stride 1.",
            surveyed=False,
        ),
        partial(mobilenet, width),
    )
