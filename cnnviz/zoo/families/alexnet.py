"""ImageNet Classification with Deep Convolutional Neural Networks.

Krizhevsky, Sutskever & Hinton, 2012, NIPS, sections 3.3–3.5, 4.2 and Figure 2; the version with one tower has the sizes of the
lecture's table.
Differs here: images have 227 pixels a side, for the paper's 224 do not give its 55×55 maps.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from torch import nn

from cnnviz.zoo.blocks import LocalResponseNorm
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import architecture

TWO_TOWERS = Card(
    name="alexnet",
    title="AlexNet (two towers, 2012)",
    family="alexnet",
    paper=Paper(
        title="ImageNet Classification with Deep Convolutional Neural Networks",
        authors="Krizhevsky, Sutskever, Hinton",
        year=2012,
        venue="NIPS 2012",
        link="https://papers.nips.cc/paper/4824",
    ),
    categories=("spatial exploitation",),
    input_shape=(3, 227, 227),
    params=Printed("60M", "abstract"),
    depth=8,
    errors=(
        PublishedError(40.7, "top-1", "ImageNet", "validation, ten crops", "Table 2"),
        PublishedError(18.2, "top-5", "ImageNet", "validation, ten crops", "Table 2"),
        PublishedError(16.4, "top-5", "ImageNet", "test, five networks", "Table 2"),
        PublishedError(15.3, "top-5", "ImageNet", "test, seven networks, two of them pre-trained on ImageNet 22k", "Table 2"),
    ),
    differs="227 pixels a side: the 224 that the paper prints do not give 55×55 maps. The two towers, a graphics card each in "
    "the paper, are two groups of one convolution.",
)
ONE_TOWER = replace(
    TWO_TOWERS,
    name="alexnet_one_tower",
    title="AlexNet (one tower)",
    params=None,
    unprinted="The lecture prints sizes and no counts.",
    errors=(),
    differs="The sizes of the lecture's table: one tower, so that conv2, conv4 and conv5 see every map, and no local response "
    "normalisation. The lecture's row '6 FC 9216' is the flattened 6×6×256 input of the first fully connected layer, no layer.",
)


@architecture(TWO_TOWERS)
def alexnet(classes: int, in_channels: int) -> nn.Module:
    """(N, C, 227, 227) to logits (N, classes); two groups wherever the paper's towers do not talk."""
    return _network(classes, in_channels, groups=2, normalised=True)


@architecture(ONE_TOWER)
def alexnet_one_tower(classes: int, in_channels: int) -> nn.Module:
    """(N, C, 227, 227) to logits (N, classes)."""
    return _network(classes, in_channels, groups=1, normalised=False)


def _network(classes: int, in_channels: int, groups: int, normalised: bool) -> nn.Module:
    norms = {"norm1": LocalResponseNorm(), "norm2": LocalResponseNorm()} if normalised else {}
    layers: dict[str, nn.Module | None] = {
        "conv1": nn.Conv2d(in_channels, 96, 11, 4),  # 96×55×55
        "relu1": nn.ReLU(),
        "norm1": norms.get("norm1"),
        "pool1": nn.MaxPool2d(3, 2),  # 96×27×27
        "conv2": nn.Conv2d(96, 256, 5, padding=2, groups=groups),
        "relu2": nn.ReLU(),
        "norm2": norms.get("norm2"),
        "pool2": nn.MaxPool2d(3, 2),  # 256×13×13
        "conv3": nn.Conv2d(256, 384, 3, padding=1),
        "relu3": nn.ReLU(),
        "conv4": nn.Conv2d(384, 384, 3, padding=1, groups=groups),
        "relu4": nn.ReLU(),
        "conv5": nn.Conv2d(384, 256, 3, padding=1, groups=groups),
        "relu5": nn.ReLU(),
        "pool5": nn.MaxPool2d(3, 2),  # 256×6×6
        "flatten": nn.Flatten(),
        "drop6": nn.Dropout(0.5),
        "fc6": nn.Linear(9216, 4096),
        "relu6": nn.ReLU(),
        "drop7": nn.Dropout(0.5),
        "fc7": nn.Linear(4096, 4096),
        "relu7": nn.ReLU(),
        "fc8": nn.Linear(4096, classes),
    }
    return nn.Sequential(OrderedDict((name, layer) for name, layer in layers.items() if layer is not None))
