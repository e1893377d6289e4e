"""Going Deeper with Convolutions.

Szegedy, Liu, Jia et al., 2014, arXiv 1409.4842, Table 1, Figures 2b and 3, section 5.
Differs here: the constants of the local response normalisations are AlexNet's, for the paper has none.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

import torch
from torch import Tensor, nn

from cnnviz.zoo.blocks import Concat, LocalResponseNorm, conv, head
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import architecture

CARD = Card(
    name="googlenet",
    title="GoogLeNet",
    family="googlenet",
    paper=Paper(
        title="Going Deeper with Convolutions",
        authors="Szegedy, Liu, Jia, Sermanet et al.",
        year=2014,
        venue="CVPR 2015",
        link="https://arxiv.org/abs/1409.4842",
    ),
    categories=("spatial exploitation",),
    params=Printed("6.999M", "Open Model Zoo's list, of the Caffe network"),
    macs=Printed("1.5G", "section 1, the budget that the network was made for"),
    depth=22,
    errors=(
        PublishedError(10.07, "top-5", "ImageNet", "validation, one network, one crop", "Table 3"),
        PublishedError(9.15, "top-5", "ImageNet", "validation, one network, ten crops", "Table 3"),
        PublishedError(7.89, "top-5", "ImageNet", "validation, one network, 144 crops", "Table 3"),
        PublishedError(6.67, "top-5", "ImageNet", "test, seven networks, 144 crops", "Table 2"),
    ),
    differs="Table 1 gives the first layer 2.7 K weights and 34 M operations, where a 7×7 convolution has 9.4 K and 118 M: the "
    "numbers fit a separable one (8 maps a channel, then 1×1), which the authors' next paper names. Here it is the plain 7×7 "
    "of the table's text. The constants of the local response normalisation are AlexNet's.",
)
WITH_AUXILIARY = replace(
    CARD,
    name="googlenet_aux",
    title="GoogLeNet with both auxiliary heads",
    params=None,
    unprinted="The paper prints no count of the auxiliary heads, which serve training only.",
    macs=None,
    errors=(),
    differs=f"Puts out three logits: the classifier's and those of the heads on 4a and 4d. {CARD.differs}",
)
AUX_WEIGHT = 0.3  # section 5: of each auxiliary head's loss

# Table 1: #1×1, #3×3 reduce, #3×3, #5×5 reduce, #5×5, pool proj
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
HEADS_AFTER = ("4a", "4d")


def conv_relu(channels: int, filters: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Convolution with biases, then ReLU."""
    layers = {"conv": conv(channels, filters, kernel, stride, bias=True), "relu": nn.ReLU()}
    return chain(**layers)


def inception(channels: int, widths: tuple[int, ...]) -> Concat:
    """Four branches of 1×1, 3×3, 5×5 and a pool, the larger ones behind a 1×1 that narrows them: Figure 2b."""
    one, reduce3, three, reduce5, five, projected = widths
    branches = {
        "1x1": conv_relu(channels, one, 1),
        "3x3": chain(reduce=conv_relu(channels, reduce3, 1), window=conv_relu(reduce3, three, 3)),
        "5x5": chain(reduce=conv_relu(channels, reduce5, 1), window=conv_relu(reduce5, five, 5)),
        "pool": chain(max=nn.MaxPool2d(3, 1, 1), project=conv_relu(channels, projected, 1)),
    }
    return Concat(**branches)


def chain(**layers: nn.Module) -> nn.Sequential:
    """One after the other, by name."""
    return nn.Sequential(OrderedDict(layers))


def auxiliary(channels: int, classes: int) -> nn.Sequential:
    """A small classifier on a map of 14×14: (N, C, 14, 14) to logits (N, classes). Section 5."""
    return chain(
        pool=nn.AvgPool2d(5, 3),  # C×4×4
        conv=conv_relu(channels, 128, 1),
        flatten=nn.Flatten(),
        fc1=nn.Linear(128 * 4 * 4, 1024),
        relu=nn.ReLU(),
        drop=nn.Dropout(0.7),
        fc2=nn.Linear(1024, classes),
    )


def _layers(classes: int, in_channels: int) -> dict[str, nn.Module]:
    """Table 1 from top to bottom; pools round up: 112, 56, 28, 14, 7."""
    layers: dict[str, nn.Module] = {
        "conv1": chain(conv=nn.Conv2d(in_channels, 64, 7, 2, padding=3), relu=nn.ReLU()),  # 64×112×112
        "pool1": nn.MaxPool2d(3, 2, ceil_mode=True),  # 64×56×56
        "norm1": LocalResponseNorm(),
        "conv2_reduce": conv_relu(64, 64, 1),
        "conv2": conv_relu(64, 192, 3),
        "norm2": LocalResponseNorm(),
        "pool2": nn.MaxPool2d(3, 2, ceil_mode=True),  # 192×28×28
    }
    channels = 192
    for place, widths in INCEPTIONS.items():
        layers[f"inception_{place}"] = inception(channels, widths)
        channels = widths[0] + widths[2] + widths[4] + widths[5]
        if place in ("3b", "4e"):
            layers[f"pool{place[0]}"] = nn.MaxPool2d(3, 2, ceil_mode=True)
    return layers | {"head": head(channels, classes, dropped=0.4)}


@architecture(CARD)
def googlenet(classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes)."""
    return nn.Sequential(OrderedDict(_layers(classes, in_channels)))


class WithAuxiliaryHeads(nn.Module):
    """(N, C, 224, 224) to the logits of the classifier and of both auxiliary heads, each (N, classes)."""

    def __init__(self, classes: int, in_channels: int) -> None:
        super().__init__()
        layers = _layers(classes, in_channels)
        self.order = tuple(layers)
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.aux1 = auxiliary(512, classes)
        self.aux2 = auxiliary(528, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        tapped = []
        for name in self.order:
            x = self.get_submodule(name)(x)
            if name.removeprefix("inception_") in HEADS_AFTER:
                tapped.append(x)
        return x, self.aux1(tapped[0]), self.aux2(tapped[1])


@architecture(WITH_AUXILIARY)
def googlenet_aux(classes: int, in_channels: int) -> nn.Module:
    """(N, C, 224, 224) to three logits (N, classes)."""
    return WithAuxiliaryHeads(classes, in_channels)


def total_loss(outputs: tuple[Tensor, ...], labels: Tensor) -> Tensor:
    """real + 0.3 aux1 + 0.3 aux2, each a mean cross-entropy; labels: (N,) class numbers."""
    losses = [nn.functional.cross_entropy(logits, labels) for logits in outputs]
    return losses[0] + AUX_WEIGHT * torch.stack(losses[1:]).sum()
