"""Squeeze-and-Excitation Networks.

Hu, Shen, Albanie, Sun & Wu, 2017, arXiv 1709.01507, equations 2–5, Figure 3, Tables 1, 2 and 8, and the appendix on SENet-154.
Differs here: nothing known in the layers; SENet-154's frozen statistics and label smoothing belong to its training.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from cnnviz.zoo.blocks import SqueezeExcitation, conv_norm, conv_norm_act, head
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import register

PAPER = Paper(
    title="Squeeze-and-Excitation Networks",
    authors="Hu, Shen, Albanie, Sun, Wu",
    year=2017,
    venue="CVPR 2018",
    link="https://arxiv.org/abs/1709.01507",
)
WIDTHS = (64, 128, 256, 512)  # of conv2_x … conv5_x; a block puts out four times as many
REDUCTION = 16  # r: the gate's hidden layer has C/r values


class SEBottleneck(nn.Module):
    """relu(SE(F(x)) + shortcut(x)), F 1×1, 3×3, 1×1 up to C = 4 · width, SE the gate of each map. Figure 3.

    narrowed, inner: channels out of F's first and second convolution; stride_at: which of the two has the stride;
    shortcut_kernel: of the shortcut's convolution where the sizes change.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        stride: int,
        narrowed: int,
        inner: int,
        groups: int = 1,
        stride_at: int = 1,
        shortcut_kernel: int = 1,
    ) -> None:
        super().__init__()
        filters = 4 * width
        strides = (stride, 1) if stride_at == 1 else (1, stride)
        self.conv1 = conv_norm_act(channels, narrowed, 1, strides[0])
        self.conv2 = conv_norm_act(narrowed, inner, 3, strides[1], groups)
        self.conv3 = conv_norm(inner, filters, 1)
        self.se = SqueezeExcitation(filters, filters // REDUCTION)
        same = (channels, stride) == (filters, 1)
        self.shortcut = nn.Identity() if same else conv_norm(channels, filters, shortcut_kernel, stride)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.relu(self.se(self.conv3(self.conv2(self.conv1(x)))) + self.shortcut(x))
        return y


def resnet_block(channels: int, width: int, stride: int) -> SEBottleneck:
    """Of SE-ResNet."""
    return SEBottleneck(channels, width, stride, width, width)


def resnext_block(channels: int, width: int, stride: int) -> SEBottleneck:
    """Of SE-ResNeXt 32×4d: 32 groups, of 4 channels each in conv2_x."""
    return SEBottleneck(channels, width, stride, 2 * width, 2 * width, groups=32, stride_at=2)


def senet_block(channels: int, width: int, stride: int) -> SEBottleneck:
    """Of SENet-154: ResNeXt's 64×4d with half the channels out of the first 1×1; 3×3 on a shortcut that strides."""
    return SEBottleneck(channels, width, stride, 2 * width, 4 * width, 64, 2, shortcut_kernel=3 if stride > 1 else 1)


def one_7x7(in_channels: int) -> nn.Module:
    """(N, C, H, W) to (N, 64, H/2, W/2)."""
    return conv_norm_act(in_channels, 64, 7, 2)


def three_3x3(in_channels: int) -> nn.Module:
    """(N, C, H, W) to (N, 128, H/2, W/2)."""
    return nn.Sequential(conv_norm_act(in_channels, 64, 3, 2), conv_norm_act(64, 64, 3), conv_norm_act(64, 128, 3))


def se_resnet(
    block: Callable[[int, int, int], SEBottleneck],
    counts: tuple[int, ...],
    stem: Callable[[int], nn.Module],
    channels: int,
    dropped: float,
    classes: int,
    in_channels: int,
) -> nn.Module:
    """(N, C, H, W) to logits (N, classes).

    block: of channels, width and stride; counts: blocks of conv2_x … conv5_x; stem, channels: what comes first and its maps;
    dropped: the share of dropout before the classes.
    """
    layers: dict[str, nn.Module] = {"conv1": stem(in_channels), "pool1": nn.MaxPool2d(3, 2, 1)}
    for stage, (width, count) in enumerate(zip(WIDTHS, counts, strict=True), 2):
        blocks = []
        for place in range(count):
            blocks.append(block(channels, width, 2 if place == 0 and stage > 2 else 1))
            channels = 4 * width
        layers[f"conv{stage}_x"] = nn.Sequential(*blocks)
    layers["head"] = head(channels, classes, dropped)
    return nn.Sequential(OrderedDict(layers))


RESNET = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}  # ResNet's blocks a stage, by layers
# What builds it; osmr's count of parameters; top-1 and top-5 errors of one crop of 224: Table 2's columns SENet, Table 8
CONFIGURATIONS = {
    "se_resnet50": ("SE-ResNet-50", 50, (resnet_block, RESNET[50], one_7x7, 64, 0.0), "28,088,024", 23.29, 6.62),
    "se_resnet101": ("SE-ResNet-101", 101, (resnet_block, RESNET[101], one_7x7, 64, 0.0), "49,326,872", 22.38, 6.07),
    "se_resnet152": ("SE-ResNet-152", 152, (resnet_block, RESNET[152], one_7x7, 64, 0.0), "66,821,848", 21.57, 5.73),
    "se_resnext50_32x4d": ("SE-ResNeXt-50 32×4d", 50, (resnext_block, RESNET[50], one_7x7, 64, 0.0), "27,559,896", 21.10, 5.49),
    "se_resnext101_32x4d": (
        "SE-ResNeXt-101 32×4d", 101, (resnext_block, RESNET[101], one_7x7, 64, 0.0), "48,955,416", 20.70, 5.01,
    ),
    "senet154": ("SENet-154", 154, (senet_block, RESNET[152], three_3x3, 128, 0.2), "115,088,984", 18.68, 4.47),
}  # fmt: skip
AT_320 = {"senet154": (17.28, 3.79)}  # Table 8


def _errors(name: str, top1: float, top5: float) -> tuple[PublishedError, ...]:
    found = [(top1, top5, 224), *((*larger, 320) for larger in (AT_320.get(name),) if larger)]
    table = "Table 8" if name in AT_320 else "Table 2"
    return tuple(
        PublishedError(percent, measure, "ImageNet", f"validation, one crop of {side}", table)
        for first, fifth, side in found
        for percent, measure in ((first, "top-1"), (fifth, "top-5"))
    )


def _register(name: str) -> None:
    title, depth, built_from, params, top1, top5 = CONFIGURATIONS[name]
    card = Card(
        name=name,
        title=title,
        family="se_resnet",
        paper=PAPER,
        categories=("feature-map exploitation",),
        params=Printed(params, "osmr/imgclsmob, README"),
        depth=depth,
        errors=_errors(name, top1, top5),
    )
    register(card, partial(se_resnet, *built_from))


for each in CONFIGURATIONS:
    _register(each)
