"""Very Deep Convolutional Networks for Large-Scale Image Recognition.

Simonyan & Zisserman, 2014, arXiv 1409.1556, Tables 1–3: columns A, B, D and E, each also with batch normalisation.
Layers have the names of the authors' released models: conv1_1 … conv5_3, fc6 … fc8; the paper numbers none.
Differs here: batch normalisation came later (2015); the versions named _bn are what others made of these networks since.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from functools import partial

from torch import nn

from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import register

PAPER = Paper(
    title="Very Deep Convolutional Networks for Large-Scale Image Recognition",
    authors="Simonyan, Zisserman",
    year=2014,
    venue="ICLR 2015",
    link="https://arxiv.org/abs/1409.1556",
)
WIDTHS = (64, 128, 256, 512, 512)
# Table 1: convolutions before each of the five pools; Table 2: parameters; Table 3: top-1 and top-5 errors at scale 256.
# The last column is torchvision's count with batch normalisation.
CONFIGURATIONS = {
    11: ("A", (1, 1, 2, 2, 2), "133M", 29.6, 10.4, "132,868,840"),
    13: ("B", (2, 2, 2, 2, 2), "133M", 28.7, 9.9, "133,053,736"),
    16: ("D", (2, 2, 3, 3, 3), "138M", 27.0, 8.8, "138,365,992"),
    19: ("E", (2, 2, 4, 4, 4), "144M", 27.3, 9.0, "143,678,248"),
}


def vgg(convolutions: tuple[int, ...], normalised: bool, classes: int, in_channels: int) -> nn.Module:
    """(N, C, 224, 224) to logits (N, classes)."""
    layers: dict[str, nn.Module] = {}
    channels = in_channels
    for block, (width, count) in enumerate(zip(WIDTHS, convolutions, strict=True), start=1):
        for place in range(1, count + 1):
            layers[f"conv{block}_{place}"] = nn.Conv2d(channels, width, 3, padding=1)
            if normalised:
                layers[f"norm{block}_{place}"] = nn.BatchNorm2d(width)
            layers[f"relu{block}_{place}"] = nn.ReLU()
            channels = width
        layers[f"pool{block}"] = nn.MaxPool2d(2, 2)
    return nn.Sequential(OrderedDict(layers | _classifier(classes)))


def _classifier(classes: int) -> dict[str, nn.Module]:
    return {
        "flatten": nn.Flatten(),
        "fc6": nn.Linear(512 * 7 * 7, 4096),
        "relu6": nn.ReLU(),
        "drop6": nn.Dropout(0.5),
        "fc7": nn.Linear(4096, 4096),
        "relu7": nn.ReLU(),
        "drop7": nn.Dropout(0.5),
        "fc8": nn.Linear(4096, classes),
    }


def _register(layers: int) -> None:
    column, convolutions, params, top1, top5, normalised_params = CONFIGURATIONS[layers]
    how = "validation, one scale of 256, dense"
    card = Card(
        name=f"vgg{layers}",
        title=f"VGG-{layers}",
        family="vgg",
        paper=PAPER,
        categories=("spatial exploitation",),
        params=Printed(params, f"Table 2, column {column}"),
        depth=layers,
        errors=(
            PublishedError(top1, "top-1", "ImageNet", how, f"Table 3, row {column}"),
            PublishedError(top5, "top-5", "ImageNet", how, f"Table 3, row {column}"),
        ),
    )
    register(card, partial(vgg, convolutions, False))
    normalised = replace(
        card,
        name=f"vgg{layers}_bn",
        title=f"VGG-{layers} with batch norm",
        params=Printed(normalised_params, "torchvision's documentation"),
        errors=(),
        differs="Batch normalisation after each convolution is not in the paper.",
    )
    register(normalised, partial(vgg, convolutions, True))


for each in CONFIGURATIONS:
    _register(each)
