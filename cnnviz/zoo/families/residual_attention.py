"""Residual Attention Network for Image Classification.

Wang, Jiang, Qian, Yang, Li, Zhang, Wang & Tang, 2017, arXiv 1704.06904, equation 3, Figures 2 and 3, Table 2.
Differs here: nothing known.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from cnnviz.zoo.blocks import conv, conv_norm_act, head
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.families.preact_resnet import norm_act
from cnnviz.zoo.registry import register

PAPER = Paper(
    title="Residual Attention Network for Image Classification",
    authors="Wang, Jiang, Qian, Yang et al.",
    year=2017,
    venue="CVPR 2017",
    link="https://arxiv.org/abs/1704.06904",
)
POOLS = (3, 2, 1)  # of a mask, in the modules on maps of 56, 28 and 14: each goes down to 7
BEFORE, TRUNK, BETWEEN = 1, 2, 1  # p, t, r: units around a module, in its trunk, between two poolings of its mask


class Unit(nn.Module):
    """x + F(x), F 1×1, 3×3, 1×1 up to 4 · width, batch normalisation and ReLU before each convolution."""

    def __init__(self, channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        filters = 4 * width
        self.act = norm_act(channels)
        layers: dict[str, nn.Module] = {
            "conv1": conv(channels, width, 1),
            "act2": norm_act(width),
            "conv2": conv(width, width, 3, stride),
            "act3": norm_act(width),
            "conv3": conv(width, filters, 1),
        }
        self.residual = nn.Sequential(OrderedDict(layers))
        self.shortcut = None if (channels, stride) == (filters, 1) else conv(channels, filters, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        active = self.act(x)
        way = x if self.shortcut is None else self.shortcut(active)
        y: Tensor = way + self.residual(active)
        return y


def units(count: int, width: int) -> nn.Sequential:
    """Residual units that keep the sizes."""
    return nn.Sequential(*(Unit(4 * width, width) for _ in range(count)))


class Hourglass(nn.Module):
    """Down by a pooling and r units, through what is inside, up again by r units and interpolation to the size of before.

    inside: another such, which has a skip of one unit around it, or, at the bottom, nothing.
    """

    def __init__(self, width: int, pools: int) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.down = units(BETWEEN, width)
        self.inside = Hourglass(width, pools - 1) if pools > 1 else None
        self.skip = units(1, width) if pools > 1 else None
        self.up = units(BETWEEN, width)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.down(self.pool(x))
        if self.inside is not None and self.skip is not None:
            y = self.inside(y) + self.skip(y)
        return F.interpolate(self.up(y), size=x.shape[2:], mode="bilinear", align_corners=False)


class Attention(nn.Module):
    """(1 + M) · T between two times p units, T a trunk of t units, M the soft mask in 0 … 1 of each value: equation 3."""

    def __init__(self, width: int, pools: int) -> None:
        super().__init__()
        channels = 4 * width
        self.before = units(BEFORE, width)
        self.trunk = units(TRUNK, width)
        layers: dict[str, nn.Module] = {
            "hourglass": Hourglass(width, pools),
            "act1": norm_act(channels),
            "linear1": conv(channels, channels, 1),
            "act2": norm_act(channels),
            "linear2": conv(channels, channels, 1),
            "gate": nn.Sigmoid(),
        }
        self.mask = nn.Sequential(OrderedDict(layers))
        self.after = units(BEFORE, width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x)
        trunk: Tensor = self.trunk(x)
        y: Tensor = self.after(trunk + self.mask(x) * trunk)
        return y


def residual_attention(modules: tuple[int, ...], classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes). modules: attention modules on maps of 56, 28 and 14."""
    layers: dict[str, nn.Module] = {"conv1": conv_norm_act(in_channels, 64, 7, 2), "pool1": nn.MaxPool2d(3, 2, 1)}
    channels = 64
    for stage, (count, pools) in enumerate(zip(modules, POOLS, strict=True), 1):
        width = 64 * 2 ** (stage - 1)
        layers[f"unit{stage}"] = Unit(channels, width, 1 if stage == 1 else 2)
        layers[f"attention{stage}"] = nn.Sequential(*(Attention(width, pools) for _ in range(count)))
        channels = 4 * width
    layers["unit4"] = nn.Sequential(Unit(channels, 512, 2), units(2, 512))
    layers["act"] = norm_act(2048)
    layers["head"] = head(2048, classes)
    return nn.Sequential(OrderedDict(layers))


HOW = {56: "validation, one crop of 224", 92: "validation, one crop of 320"}
# Table 2: modules on maps of 56, 28 and 14, FLOPs; the README of the authors' code: top-1 and top-5 errors
CONFIGURATIONS = {
    56: ((1, 1, 1), Printed("6.2G", "Table 2, which calls multiply-adds FLOPs"), 21.76, 5.9),
    92: ((1, 2, 3), None, 19.5, 4.8),
}
UNPRINTED = {
    56: "Table 2's 31.9M fits once the running statistics of the norms are counted as well: 31,810,728 weights and 72,704 of "
    "these.",
    92: "Table 2's 51.3M is less than its own modules come to: one more on maps of 28 and two more on maps of 14 than in "
    "Attention-56 add 20.7M to that network's 31.9M.",
}
LONGEST = {56: 80, 92: 128}


def _register(layers: int) -> None:
    modules, flops, top1, top5 = CONFIGURATIONS[layers]
    card = Card(
        name=f"attention{layers}",
        title=f"Attention-{layers}",
        family="residual_attention",
        paper=PAPER,
        categories=("attention",),
        unprinted=UNPRINTED[layers],
        macs=flops,
        errors=(
            PublishedError(top1, "top-1", "ImageNet", HOW[layers], "the authors' code, README"),
            PublishedError(top5, "top-5", "ImageNet", HOW[layers], "the authors' code, README"),
        ),
        differs=f"Its name counts the layers of the trunk; through the masks the longest path has {LONGEST[layers]}.",
    )
    register(card, partial(residual_attention, modules))


for each in CONFIGURATIONS:
    _register(each)
