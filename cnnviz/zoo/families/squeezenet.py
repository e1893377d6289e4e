"""SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size.

Iandola, Han, Moskewicz, Ashraf, Dally & Keutzer, 2016, arXiv 1602.07360, Table 1, Figures 1 and 2, Table 3.
Differs here: images have 227 pixels a side, for the paper's 224 do not give its 111×111 maps.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from cnnviz.zoo.blocks import Concat
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import architecture

HOW = "validation, one crop"
CARD = Card(
    name="squeezenet",
    title="SqueezeNet 1.0",
    family="squeezenet",
    paper=Paper(
        title="SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size",
        authors="Iandola, Han, Moskewicz, Ashraf et al.",
        year=2016,
        venue="arXiv",
        link="https://arxiv.org/abs/1602.07360",
    ),
    categories=("spatial exploitation",),
    input_shape=(3, 227, 227),
    params=Printed("1,248,424", "Table 1, before pruning"),
    errors=(
        PublishedError(42.5, "top-1", "ImageNet", HOW, "Table 3, 57.5 % right"),
        PublishedError(19.7, "top-5", "ImageNet", HOW, "Table 3, 80.3 % right"),
    ),
    differs="227 pixels a side: the 224 that the paper prints do not give 111×111 maps.",
    surveyed=False,
)
# Table 1: s1×1, e1×1 and e3×3 of fire2 … fire9, and a pool after fire4 and fire8
FIRES = {
    2: (16, 64, 64), 3: (16, 64, 64), 4: (32, 128, 128), 5: (32, 128, 128),
    6: (48, 192, 192), 7: (48, 192, 192), 8: (64, 256, 256), 9: (64, 256, 256),
}  # fmt: skip


class Fire(nn.Module):
    """1×1 convolutions squeeze x, then 1×1 and 3×3 ones side by side expand it: Figure 1. bypass: x is added, Figure 2."""

    def __init__(self, channels: int, squeezed: int, ones: int, threes: int, bypass: bool) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.squeeze_relu = nn.ReLU()
        self.expand = Concat(**{"1x1": nn.Conv2d(squeezed, ones, 1), "3x3": nn.Conv2d(squeezed, threes, 3, padding=1)})
        self.expand_relu = nn.ReLU()
        self.bypass = bypass

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.expand_relu(self.expand(self.squeeze_relu(self.squeeze(x))))
        return x + y if self.bypass else y


@architecture(CARD)
def squeezenet(classes: int, in_channels: int, simple_bypass: bool = False) -> nn.Module:
    """(N, C, H, W) to scores (N, classes). simple_bypass: skips around the fires that keep the width, Figure 2, middle."""
    layers: dict[str, nn.Module] = {
        "conv1": nn.Conv2d(in_channels, 96, 7, 2),  # 96×111×111
        "relu1": nn.ReLU(),
        "maxpool1": nn.MaxPool2d(3, 2),  # 96×55×55
    }
    channels = 96
    for number, (squeezed, ones, threes) in FIRES.items():
        layers[f"fire{number}"] = Fire(channels, squeezed, ones, threes, simple_bypass and channels == ones + threes)
        channels = ones + threes
        if number in (4, 8):
            layers[f"maxpool{number}"] = nn.MaxPool2d(3, 2)
    layers |= {
        "drop": nn.Dropout(0.5),
        "conv10": nn.Conv2d(channels, classes, 1),
        "relu10": nn.ReLU(),
        "avgpool10": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(),
    }
    return nn.Sequential(OrderedDict(layers))
