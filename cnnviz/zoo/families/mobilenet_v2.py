"""MobileNetV2: Inverted Residuals and Linear Bottlenecks.

Sandler, Howard, Zhu, Zhmoginov & Chen, 2018, arXiv 1801.04381, Tables 1, 2 and 4, Figure 4d.
Differs here: multiplied widths are rounded to multiples of eight, which the paper leaves open.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from functools import partial

from torch import Tensor, nn

from cnnviz.zoo.blocks import conv_norm, conv_norm_act, head
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import register

CARD = Card(
    name="mobilenet_v2",
    title="MobileNet v2",
    family="mobilenet_v2",
    paper=Paper(
        title="MobileNetV2: Inverted Residuals and Linear Bottlenecks",
        authors="Sandler, Howard, Zhu, Zhmoginov et al.",
        year=2018,
        venue="CVPR 2018",
        link="https://arxiv.org/abs/1801.04381",
    ),
    categories=("multi-path",),
    params=Printed("3,504,872", "torchvision's documentation"),
    macs=Printed("300M", "Table 4"),
    errors=(PublishedError(28.0, "top-1", "ImageNet", "validation, one crop", "Table 4, 72.0 % right"),),
    differs="The paper prints 3.4 M parameters, 0.1 M less than its Table 2 has.",
    surveyed=False,
)
WIDE = replace(
    CARD,
    name="mobilenet_v2_140",
    title="MobileNet v2 (α = 1.4)",
    params=None,
    unprinted="The paper's 6.9 M does not fit its table times 1.4, which has 6.1 M, as the authors' code has.",
    macs=None,
    errors=(PublishedError(25.3, "top-1", "ImageNet", "validation, one crop", "Table 4, 74.7 % right"),),
    differs="Widths are 1.4 times those of Table 2, in multiples of eight; the paper prints 585 M multiply-adds, these are "
    "582 M.",
)
# Table 2: expansion t, output channels c, repetitions n, stride s of the first
BOTTLENECKS = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip


class InvertedResidual(nn.Module):
    """x + F(x), F 1×1 up to t times the maps, 3×3 on each of them, 1×1 down without activation: Table 1. t: expansion.

    Without x where the sizes change, and without the first 1×1 where t is 1.
    """

    def __init__(self, channels: int, filters: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = channels * expansion
        layers: dict[str, nn.Module] = {"expand": conv_norm_act(channels, inner, 1, act=nn.ReLU6)} if expansion > 1 else {}
        layers["depthwise"] = conv_norm_act(inner, inner, 3, stride, groups=inner, act=nn.ReLU6)
        layers["project"] = conv_norm(inner, filters, 1)
        self.residual = nn.Sequential(OrderedDict(layers))
        self.adds = (channels, stride) == (filters, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.residual(x)
        return x + y if self.adds else y


def in_eights(channels: float) -> int:
    """The nearest multiple of eight, at least eight and at least nine tenths of `channels`."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def mobilenet_v2(width: float, classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes). width: α; the last convolution has no fewer than its 1280 maps."""
    channels = in_eights(32 * width)
    layers: dict[str, nn.Module] = {"conv1": conv_norm_act(in_channels, channels, 3, 2, act=nn.ReLU6)}
    for number, (t, c, n, s) in enumerate(BOTTLENECKS, 1):
        blocks = []
        for place in range(n):
            blocks.append(InvertedResidual(channels, in_eights(c * width), s if place == 0 else 1, t))
            channels = in_eights(c * width)
        layers[f"bottleneck{number}"] = nn.Sequential(*blocks)
    last = in_eights(1280 * max(1.0, width))
    layers |= {"conv9": conv_norm_act(channels, last, 1, act=nn.ReLU6), "head": head(last, classes, dropped=0.2)}
    return nn.Sequential(OrderedDict(layers))


register(CARD, partial(mobilenet_v2, 1.0))
register(WIDE, partial(mobilenet_v2, 1.4))
