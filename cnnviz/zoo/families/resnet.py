"""Deep Residual Learning for Image Recognition.

He, Zhang, Ren & Sun, 2015, arXiv 1512.03385, Table 1, Figures 3 and 5; the plain networks are the paper's own for comparison.
Differs here: nothing in v1; v1.5 moves a bottleneck's stride from its first 1×1 convolution to its 3×3, as most code since does.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

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
WIDTHS = (64, 128, 256, 512)  # of conv2_x … conv5_x; a bottleneck puts out four times as many


class Basic(nn.Module):
    """relu(F(x) + shortcut(x)), F two 3×3 convolutions. Without the shortcut, a plain pair of layers.

    The shortcut is the identity, or a 1×1 convolution where the sizes change: option B.
    """

    expansion = 1

    def __init__(self, channels: int, width: int, stride: int, shortcut: bool = True) -> None:
        super().__init__()
        self.conv1 = conv_norm_act(channels, width, 3, stride)
        self.conv2 = conv_norm(width, width, 3)
        self.shortcut = projection(channels, width, stride) if shortcut else None
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        residual = self.conv2(self.conv1(x))
        y: Tensor = self.relu(residual if self.shortcut is None else residual + self.shortcut(x))
        return y


class Bottleneck(nn.Module):
    """relu(F(x) + shortcut(x)), F 1×1 down to `width`, 3×3, 1×1 up to 4 · width.

    stride_at: 1 for the first convolution, as in the paper; 2 for the 3×3, called v1.5.
    """

    expansion = 4

    def __init__(self, channels: int, width: int, stride: int, stride_at: int = 1) -> None:
        super().__init__()
        strides = (stride, 1) if stride_at == 1 else (1, stride)
        self.conv1 = conv_norm_act(channels, width, 1, strides[0])
        self.conv2 = conv_norm_act(width, width, 3, strides[1])
        self.conv3 = conv_norm(width, 4 * width, 1)
        self.shortcut = projection(channels, 4 * width, stride)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.relu(self.conv3(self.conv2(self.conv1(x))) + self.shortcut(x))
        return y


def projection(channels: int, filters: int, stride: int) -> nn.Module:
    """The identity, or, where the sizes change, a 1×1 convolution with batch normalisation: option B."""
    return nn.Identity() if (channels, stride) == (filters, 1) else conv_norm(channels, filters, 1, stride)


Block = Callable[[int, int, int], Basic | Bottleneck]  # of channels, width and stride
Errors = tuple[tuple[float, str, str], ...]  # per cent, measure, source


def resnet(block: Block, expansion: int, counts: tuple[int, ...], classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes). expansion: channels of a block a `width`; counts: blocks of conv2_x … conv5_x."""
    layers: dict[str, nn.Module] = {"conv1": conv_norm_act(in_channels, 64, 7, 2), "pool1": nn.MaxPool2d(3, 2, 1)}
    channels = 64
    for stage, (width, count) in enumerate(zip(WIDTHS, counts, strict=True), 2):
        blocks = []
        for place in range(count):
            blocks.append(block(channels, width, 2 if place == 0 and stage > 2 else 1))
            channels = width * expansion
        layers[f"conv{stage}_x"] = nn.Sequential(*blocks)
    layers["head"] = head(channels, classes)
    return nn.Sequential(OrderedDict(layers))


# Table 1: blocks a stage, FLOPs; torchvision's count of parameters; Tables 2 and 3: top-1 and top-5 errors
CONFIGURATIONS: Mapping[int, tuple[type[Basic] | type[Bottleneck], tuple[int, ...], str, str, Errors]] = {
    18: (Basic, (2, 2, 2, 2), "1.8G", "11,689,512", ((27.88, "top-1", "Table 2, for option A"),)),
    34: (Basic, (3, 4, 6, 3), "3.6G", "21,797,672",
         ((24.52, "top-1", "Table 3, for option B"), (7.46, "top-5", "Table 3, for option B"))),
    50: (Bottleneck, (3, 4, 6, 3), "3.8G", "25,557,032", ((22.85, "top-1", "Table 3"), (6.71, "top-5", "Table 3"))),
    101: (Bottleneck, (3, 4, 23, 3), "7.6G", "44,549,160", ((21.75, "top-1", "Table 3"), (6.05, "top-5", "Table 3"))),
    152: (Bottleneck, (3, 8, 36, 3), "11.3G", "60,192,808", ((21.43, "top-1", "Table 3"), (5.71, "top-5", "Table 3"))),
}  # fmt: skip
PLAIN_ERRORS = {18: ((27.94, "top-1", "Table 2"),), 34: ((28.54, "top-1", "Table 3"), (10.02, "top-5", "Table 3"))}


def _errors(found: Errors) -> tuple[PublishedError, ...]:
    how = "validation, ten crops"
    return tuple(PublishedError(percent, measure, "ImageNet", how, source) for percent, measure, source in found)


def _register(layers: int) -> None:
    block, counts, flops, params, errors = CONFIGURATIONS[layers]
    card = Card(
        name=f"resnet{layers}",
        title=f"ResNet-{layers}",
        family="resnet",
        paper=PAPER,
        categories=("depth", "multi-path"),
        params=Printed(params, "torchvision's documentation"),
        macs=Printed(flops, "Table 1, which calls multiply-adds FLOPs"),
        depth=layers,
        errors=_errors(errors),
    )
    register(card, partial(resnet, block, block.expansion, counts))
    if layers in PLAIN_ERRORS:
        plain = replace(
            card,
            name=f"plain{layers}",
            title=f"Plain-{layers}",
            categories=("depth",),
            params=None,
            unprinted=f"The paper prints none; it is ResNet-{layers} less the projections of its three shortcuts.",
            errors=_errors(PLAIN_ERRORS[layers]),
            surveyed=False,
        )
        register(plain, partial(resnet, partial(Basic, shortcut=False), Basic.expansion, counts))
    if block is Bottleneck:
        later = replace(
            card,
            name=f"resnet{layers}_v1_5",
            title=f"ResNet-{layers} v1.5",
            macs=None,
            errors=(),
            differs="A bottleneck's stride is at its 3×3 convolution; the paper has it at the first 1×1, which skips three of "
            "four positions. As many parameters, more multiply-adds.",
        )
        register(later, partial(resnet, partial(Bottleneck, stride_at=2), Bottleneck.expansion, counts))


for each in CONFIGURATIONS:
    _register(each)
