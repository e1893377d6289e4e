"""Visualizing and Understanding Convolutional Networks.

Zeiler & Fergus, 2013, arXiv 1311.2901, Figure 3, section 3.1 and Table 2.
Differs here: the paper names its contrast normalisation without a formula; it is AlexNet's here.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from cnnviz.zoo.blocks import LocalResponseNorm
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import architecture

CARD = Card(
    name="zfnet",
    title="ZFNet",
    family="zfnet",
    paper=Paper(
        title="Visualizing and Understanding Convolutional Networks",
        authors="Zeiler, Fergus",
        year=2013,
        venue="ECCV 2014",
        link="https://arxiv.org/abs/1311.2901",
    ),
    categories=("spatial exploitation",),
    params=Printed("62,357,608", "osmr/imgclsmob, zfnet.py"),
    depth=8,
    errors=(
        PublishedError(38.4, "top-1", "ImageNet", "validation, ten crops", "Table 2"),
        PublishedError(16.5, "top-5", "ImageNet", "validation, ten crops", "Table 2"),
    ),
    differs="AlexNet with windows of 7 instead of 11 pixels that move by 2 instead of 4, and one tower. Its contrast "
    "normalisation has no formula in the paper: AlexNet's stands here. The decoder that shows what a map answers to is no "
    "part of the classifier.",
)


@architecture(CARD)
def zfnet(classes: int, in_channels: int) -> nn.Module:
    """(N, C, 224, 224) to logits (N, classes)."""
    layers = {
        "conv1": nn.Conv2d(in_channels, 96, 7, 2, padding=1),  # 96×110×110
        "relu1": nn.ReLU(),
        "pool1": nn.MaxPool2d(3, 2, padding=1),  # 96×55×55
        "norm1": LocalResponseNorm(),
        "conv2": nn.Conv2d(96, 256, 5, 2),  # 256×26×26
        "relu2": nn.ReLU(),
        "pool2": nn.MaxPool2d(3, 2, padding=1),  # 256×13×13
        "norm2": LocalResponseNorm(),
        "conv3": nn.Conv2d(256, 384, 3, padding=1),
        "relu3": nn.ReLU(),
        "conv4": nn.Conv2d(384, 384, 3, padding=1),
        "relu4": nn.ReLU(),
        "conv5": nn.Conv2d(384, 256, 3, padding=1),
        "relu5": nn.ReLU(),
        "pool5": nn.MaxPool2d(3, 2),  # 256×6×6
        "flatten": nn.Flatten(),
        "fc6": nn.Linear(9216, 4096),
        "relu6": nn.ReLU(),
        "drop6": nn.Dropout(0.5),
        "fc7": nn.Linear(4096, 4096),
        "relu7": nn.ReLU(),
        "drop7": nn.Dropout(0.5),
        "fc8": nn.Linear(4096, classes),
    }
    return nn.Sequential(OrderedDict(layers))
