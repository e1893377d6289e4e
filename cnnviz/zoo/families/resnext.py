"""Aggregated Residual Transformations for Deep Neural Networks.

Xie, Girshick, Dollár, Tu & He, 2016, arXiv 1611.05431, Table 1, Figure 3c, Tables 3–5.
Differs here: nothing known.
"""

from __future__ import annotations

from functools import partial

from torch import nn

from cnnviz.zoo.blocks import conv_norm, conv_norm_act
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.families.resnet import Bottleneck, resnet
from cnnviz.zoo.registry import register

PAPER = Paper(
    title="Aggregated Residual Transformations for Deep Neural Networks",
    authors="Xie, Girshick, Dollár, Tu, He",
    year=2016,
    venue="CVPR 2017",
    link="https://arxiv.org/abs/1611.05431",
)


class GroupedBottleneck(Bottleneck):
    """relu(Σ T_i(x) + shortcut(x)), the `cardinality` paths T_i of `d` maps written as one grouped 3×3 convolution: Figure 3c.

    width: of ResNet's bottleneck at the same stage; a path has d maps where that is 64, twice as many where it is 128. The stride
    is at the 3×3.
    """

    def __init__(self, channels: int, width: int, stride: int, cardinality: int, d: int) -> None:
        super().__init__(channels, width, stride, stride_at=2)
        inner = cardinality * d * width // 64
        self.conv1 = conv_norm_act(channels, inner, 1)
        self.conv2 = conv_norm_act(inner, inner, 3, stride, groups=cardinality)
        self.conv3 = conv_norm(inner, self.expansion * width, 1)


def resnext(counts: tuple[int, ...], cardinality: int, d: int, classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes). counts: blocks of conv2_x … conv5_x; cardinality, d: C paths of d maps in conv2_x."""
    block = partial(GroupedBottleneck, cardinality=cardinality, d=d)
    return resnet(block, Bottleneck.expansion, counts, classes, in_channels)


# layers, C × d, blocks of conv2_x … conv5_x; parameters; multiply-adds; top-1 and top-5 errors, one crop
CONFIGURATIONS = (
    (50, 32, 4, (3, 4, 6, 3), Printed("25.0M", "Table 1"), Printed("4.2G", "Table 1, which calls multiply-adds FLOPs"),
     ((22.2, "top-1", "Table 3"),)),
    (101, 32, 4, (3, 4, 23, 3), Printed("44,177,704", "osmr/imgclsmob, README"), None,
     ((21.2, "top-1", "Table 4"), (5.6, "top-5", "Table 4"))),
    (101, 64, 4, (3, 4, 23, 3), Printed("83,455,272", "osmr/imgclsmob, README"), None,
     ((20.4, "top-1", "Table 4"), (5.3, "top-5", "Table 4"))),
)  # fmt: skip

for layers, cardinality, d, counts, params, macs, errors in CONFIGURATIONS:
    register(
        Card(
            name=f"resnext{layers}_{cardinality}x{d}d",
            title=f"ResNeXt-{layers} ({cardinality}×{d}d)",
            family="resnext",
            paper=PAPER,
            categories=("width",),
            params=params,
            macs=macs,
            depth=layers,
            errors=tuple(PublishedError(*error[:2], "ImageNet", "validation, one crop", error[2]) for error in errors),
        ),
        partial(resnext, counts, cardinality, d),
    )
