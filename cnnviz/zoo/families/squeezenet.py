"""SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size.

Iandola, Han, Moskewicz, Ashraf, Dally & Keutzer, 2016, arXiv 1602.07360, Table 1, Figures 1 and 2, Table 3; version 1.1 from the
authors' code, SqueezeNet_v1.1/deploy.prototxt.
Differs here: images have 227 pixels a side, for the paper's 224 do not give its 111×111 maps.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

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
CARD_1_1 = replace(
    CARD,
    name="squeezenet1_1",
    title="SqueezeNet 1.1",
    params=Printed("1,235,496", "osmr/imgclsmob, README"),
    errors=(),
    differs="Not in the paper: the authors' later version, which begins with 64 filters of 3×3 in place of 96 of 7×7 and pools "
    "after fire3 and fire5 in place of fire4 and fire8, so that more of the fires work on smaller maps. Its pools round up at "
    "the border, as the authors' software does.",
)
# Table 1: s1×1, e1×1 and e3×3 of fire2 … fire9
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
    conv1, pool = nn.Conv2d(in_channels, 96, 7, 2), nn.MaxPool2d(3, 2)  # 96×111×111, 96×55×55
    return _network(conv1, pool, (4, 8), simple_bypass, classes)


@architecture(CARD_1_1)
def squeezenet1_1(classes: int, in_channels: int, simple_bypass: bool = False) -> nn.Module:
    """(N, C, H, W) to scores (N, classes). simple_bypass: skips around the fires that keep the width."""
    conv1, pool = nn.Conv2d(in_channels, 64, 3, 2), nn.MaxPool2d(3, 2, ceil_mode=True)  # 64×113×113, 64×56×56
    return _network(conv1, pool, (3, 5), simple_bypass, classes)


def _network(conv1: nn.Conv2d, pool: nn.MaxPool2d, pooled: tuple[int, int], simple_bypass: bool, classes: int) -> nn.Module:
    """pool: after conv1 and after the fires whose numbers are `pooled`."""
    layers: dict[str, nn.Module] = {"conv1": conv1, "relu1": nn.ReLU(), "maxpool1": pool}
    channels = conv1.out_channels
    for number, (squeezed, ones, threes) in FIRES.items():
        layers[f"fire{number}"] = Fire(channels, squeezed, ones, threes, simple_bypass and channels == ones + threes)
        channels = ones + threes
        if number in pooled:
            layers[f"maxpool{number}"] = nn.MaxPool2d(3, 2, ceil_mode=pool.ceil_mode)
    layers |= {
        "drop": nn.Dropout(0.5),
        "conv10": nn.Conv2d(channels, classes, 1),
        "relu10": nn.ReLU(),
        "avgpool10": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(),
    }
    return nn.Sequential(OrderedDict(layers))
