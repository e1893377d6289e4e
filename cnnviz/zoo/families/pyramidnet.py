"""Deep Pyramidal Residual Networks.

Han, Kim & Kim, 2016, arXiv 1610.02915, the additive widening of section 2 and the unit of Figure 6 (d).
Differs here: nothing known; the formula's floor is taken of a running real number, for taken at each step it would not end at the
64 + α of the authors' table.
"""

from __future__ import annotations

from collections import OrderedDict

import torch.nn.functional as F
from torch import Tensor, nn

from cnnviz.zoo.blocks import conv, conv_norm, head
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.families.preact_resnet import norm_act
from cnnviz.zoo.registry import architecture

README = "the authors' code, README"
CARD = Card(
    name="pyramidnet200",
    title="PyramidNet-200",
    family="pyramidnet",
    paper=Paper(
        title="Deep Pyramidal Residual Networks",
        authors="Han, Kim, Kim",
        year=2016,
        venue="CVPR 2017",
        link="https://arxiv.org/abs/1610.02915",
    ),
    categories=("width",),
    params=Printed("116.4M", README),
    depth=200,
    errors=(
        PublishedError(20.11, "top-1", "ImageNet", "validation, one crop of 224", README),
        PublishedError(5.43, "top-5", "ImageNet", "validation, one crop of 224", README),
    ),
    differs="α is 450, as in the tables that compare it with others; the authors' other one, 300, is an option. The paper's "
    "formula takes a floor at every unit, which would end below its 64 + α; here, as the counts ask, the floor is of a real "
    "number that grows on. Others round it, which gives 0.3M parameters more.",
)
COUNTS = (3, 24, 36, 3)  # units of conv2_x … conv5_x, as in ResNet-200
EXPANSION = 4  # a bottleneck's last convolution puts out four times its width


class PyramidUnit(nn.Module):
    """x + F(x): norm, 1×1, norm, ReLU, 3×3, norm, ReLU, 1×1, norm; no ReLU at the front, a norm at the end. Figure 6 (d).

    The shortcut has no weights: maps of zeros are added for the new channels, means of 2×2 where the unit strides.
    """

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        layers: dict[str, nn.Module] = {
            "norm1": nn.BatchNorm2d(channels),
            "conv1": conv(channels, width, 1),
            "act1": norm_act(width),
            "conv2": conv(width, width, 3, stride),
            "act2": norm_act(width),
            "conv3": conv_norm(width, EXPANSION * width, 1),
        }
        self.residual = nn.Sequential(OrderedDict(layers))
        self.shortcut = nn.AvgPool2d(2, 2, ceil_mode=True) if stride == 2 else nn.Identity()
        self.more = EXPANSION * width - channels

    def forward(self, x: Tensor) -> Tensor:
        way = F.pad(self.shortcut(x), (0, 0, 0, 0, 0, self.more))
        y: Tensor = self.residual(x) + way
        return y


def widths(alpha: int, units: int) -> list[int]:
    """D_k = ⌊64 + kα/N⌋ for k = 1 … N: each unit is α/N wider than the one before."""
    return [64 + k * alpha // units for k in range(1, units + 1)]


@architecture(CARD)
def pyramidnet200(classes: int, in_channels: int, alpha: int = 450, dropped: float = 0.5) -> nn.Module:
    """(N, C, H, W) to logits (N, classes). alpha: by how much the width grows in all; dropped: dropout before the classes."""
    layers: dict[str, nn.Module] = {"conv1": conv_norm(in_channels, 64, 7, 2), "relu1": nn.ReLU(), "pool1": nn.MaxPool2d(3, 2, 1)}
    wide = iter(widths(alpha, sum(COUNTS)))
    channels = 64
    for stage, count in enumerate(COUNTS, 2):
        units = []
        for place in range(count):
            width = next(wide)
            units.append(PyramidUnit(channels, width, 2 if place == 0 and stage > 2 else 1))
            channels = EXPANSION * width
        layers[f"conv{stage}_x"] = nn.Sequential(*units)
    layers["last"] = norm_act(channels)
    layers["head"] = head(channels, classes, dropped)
    return nn.Sequential(OrderedDict(layers))
