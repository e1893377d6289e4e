"""Deep Residual Learning for Image Recognition: the networks for CIFAR-10, of 6n + 2 layers.

He, Zhang, Ren & Sun, 2015, arXiv 1512.03385, section 4.2 and Table 6.
Differs here: the paper uses option A on CIFAR-10; option B, which it tries on ImageNet, is added for comparison.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from cnnviz.zoo.blocks import conv_norm, conv_norm_act, head
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import register

PAPER = Paper(
    title="Deep Residual Learning for Image Recognition",
    authors="He, Zhang, Ren, Sun",
    year=2015,
    venue="CVPR 2016",
    link="https://arxiv.org/abs/1512.03385",
)
WIDTHS = (16, 32, 64)  # for maps of 32, 16 and 8
TABLE_6 = {20: ("0.27M", 8.75), 32: ("0.46M", 7.51), 44: ("0.66M", 7.17), 56: ("0.85M", 6.97), 110: ("1.7M", 6.43)}


class Unit(nn.Module):
    """relu(F(x) + shortcut(x)), F two 3×3 convolutions."""

    def __init__(self, channels: int, width: int, stride: int, option: str) -> None:
        super().__init__()
        self.conv1 = conv_norm_act(channels, width, 3, stride)
        self.conv2 = conv_norm(width, width, 3)
        self.shortcut = shortcut(channels, width, stride, option)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.relu(self.conv2(self.conv1(x)) + self.shortcut(x))
        return y


class PaddedShortcut(nn.Module):
    """Option A: every other value of each map, and maps of zeros for the new channels; no parameter."""

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.pick = nn.AvgPool2d(1, stride)
        self.more = filters - channels

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(self.pick(x), (0, 0, 0, 0, 0, self.more))


def shortcut(channels: int, filters: int, stride: int, option: str) -> nn.Module:
    """The identity; where the sizes change, option "A" (padded with zeros) or "B" (1×1 convolution)."""
    if (channels, stride) == (filters, 1):
        return nn.Identity()
    return PaddedShortcut(channels, filters, stride) if option == "A" else conv_norm(channels, filters, 1, stride)


def cifar_resnet(layers: int, option: str, classes: int, in_channels: int, unit: Callable[..., nn.Module] = Unit) -> nn.Module:
    """(N, C, H, W) to logits (N, classes). layers: 6n + 2; unit: what n blocks of each of the three sizes are made of."""
    parts: dict[str, nn.Module] = {"conv1": conv_norm_act(in_channels, 16, 3)}
    channels = 16
    for stage, width in enumerate(WIDTHS, 1):
        blocks = []
        for place in range((layers - 2) // 6):
            blocks.append(unit(channels, width, 2 if place == 0 and stage > 1 else 1, option))
            channels = width
        parts[f"stage{stage}"] = nn.Sequential(*blocks)
    parts["head"] = head(channels, classes)
    return nn.Sequential(OrderedDict(parts))


def _register(layers: int) -> None:
    params, error = TABLE_6[layers]
    card = Card(
        name=f"cifar_resnet{layers}",
        title=f"CIFAR ResNet-{layers}",
        family="cifar_resnet",
        paper=PAPER,
        categories=("depth", "multi-path"),
        input_shape=(3, 32, 32),
        classes=10,
        params=Printed(params, "Table 6"),
        depth=layers,
        errors=(PublishedError(error, "error", "CIFAR-10", "test", "Table 6"),),
    )
    register(card, partial(cifar_resnet, layers, "A"))
    projected = replace(
        card,
        name=f"cifar_resnet{layers}_b",
        title=f"CIFAR ResNet-{layers}, option B",
        errors=(),
        differs="Shortcuts that change sizes are 1×1 convolutions, option B; on CIFAR-10 the paper pads with zeros, option A.",
    )
    register(projected, partial(cifar_resnet, layers, "B"))


for each in TABLE_6:
    _register(each)
