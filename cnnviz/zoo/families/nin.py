"""Network In Network.

Lin, Chen & Yan, 2013, arXiv 1312.4400, Figures 1 and 2, sections 3.1 and 3.2.
Differs here: the paper names layers and no widths; the widths are those of the authors' Caffe files for CIFAR-10 and ImageNet.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import NamedTuple

from torch import nn

from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import register

PAPER = Paper(
    title="Network In Network",
    authors="Lin, Chen, Yan",
    year=2013,
    venue="ICLR 2014",
    link="https://arxiv.org/abs/1312.4400",
)


class Mlpconv(NamedTuple):
    """A window of `kernel` pixels, then a perceptron of 1×1 convolutions; widths: of the window's filters and of each 1×1.

    A width of 0 stands for the classes; pool: what follows, "max" or "avg" over 3×3 at stride 2, or nothing.
    """

    kernel: int
    stride: int
    padding: int
    widths: tuple[int, ...]
    pool: str = ""
    drop: bool = True


# the authors' Caffe files, github.com/mavenlin: "NIN-CIFAR10" and "NIN-Imagenet"
LAYERS = {
    "CIFAR-10": (
        Mlpconv(5, 1, 2, (192, 160, 96), "max"),
        Mlpconv(5, 1, 2, (192, 192, 192), "avg"),
        Mlpconv(3, 1, 1, (192, 192, 0), drop=False),
    ),
    "ImageNet": (
        Mlpconv(11, 4, 0, (96, 96, 96), "max", drop=False),
        Mlpconv(5, 1, 2, (256, 256, 256), "max", drop=False),
        Mlpconv(3, 1, 1, (384, 384, 384), "max"),
        Mlpconv(3, 1, 1, (1024, 1024, 0), drop=False),
    ),
}


def mlpconv(channels: int, layer: Mlpconv, classes: int) -> nn.Sequential:
    """max(w₂ · max(w₁ · x_window + b₁, 0) + b₂, 0) …, the same small perceptron at every place: equation 2."""
    modules: dict[str, nn.Module] = {}
    for place, given in enumerate(layer.widths):
        width = given or classes
        sides = (1, 1, 0) if place else (layer.kernel, layer.stride, layer.padding)
        modules[f"cccp{place}" if place else "conv"] = nn.Conv2d(channels, width, *sides)
        modules[f"relu{place}"] = nn.ReLU()
        channels = width
    return nn.Sequential(OrderedDict(modules))


def nin(data: str, classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to scores (N, classes): each class's last map, averaged over all places."""
    modules: dict[str, nn.Module] = {}
    channels = in_channels
    for number, layer in enumerate(LAYERS[data], 1):
        modules[f"mlpconv{number}"] = mlpconv(channels, layer, classes)
        channels = layer.widths[-1]
        if layer.pool:
            modules[f"pool{number}"] = _pool(layer.pool)
        if layer.drop:
            modules[f"drop{number}"] = nn.Dropout(0.5)
    modules |= {"global_pool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten()}
    return nn.Sequential(OrderedDict(modules))


def _pool(kind: str) -> nn.Module:
    return nn.MaxPool2d(3, 2, ceil_mode=True) if kind == "max" else nn.AvgPool2d(3, 2, ceil_mode=True)


register(
    Card(
        name="nin_cifar10",
        title="NIN for CIFAR-10",
        family="nin",
        paper=PAPER,
        categories=("spatial exploitation",),
        input_shape=(3, 32, 32),
        classes=10,
        params=Printed("966,986", "osmr/imgclsmob, README"),
        depth=9,
        errors=(
            PublishedError(10.41, "error", "CIFAR-10", "test, dropout", "Table 1"),
            PublishedError(8.81, "error", "CIFAR-10", "test, dropout, shifts and flips", "Table 1"),
        ),
        differs="The paper prints no widths: they are those of the authors' Caffe file.",
        surveyed=False,
    ),
    partial(nin, "CIFAR-10"),
)
register(
    Card(
        name="nin_imagenet",
        title="NIN for ImageNet",
        family="nin",
        paper=PAPER,
        categories=("spatial exploitation",),
        unprinted="The paper has no ImageNet network; the authors' Caffe page tells the size of its file only, 29 MB: 7.6 M "
        "parameters of four bytes.",
        depth=12,
        differs="Not in the paper: the authors' later Caffe network for ImageNet, which has four mlpconv layers.",
        surveyed=False,
    ),
    partial(nin, "ImageNet"),
)
