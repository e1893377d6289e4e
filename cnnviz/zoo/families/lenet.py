"""Gradient-Based Learning Applied to Document Recognition.

LeCun, Bottou, Bengio & Haffner, 1998, Proceedings of the IEEE 86(11), section II.B and Table I; and the lecture's LeNet, which is
its modern heir with 20 and 50 maps.
Differs here: the target codes of LeNet-5's output are random ±1 instead of drawn 7×12 pictures of the characters.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

import torch
from torch import Generator, Tensor, nn

from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import architecture

PAPER = Paper(
    title="Gradient-Based Learning Applied to Document Recognition",
    authors="LeCun, Bottou, Bengio, Haffner",
    year=1998,
    venue="Proceedings of the IEEE 86(11)",
    link="https://doi.org/10.1109/5.726791",
)
LENET5 = Card(
    name="lenet5_1998",
    title="LeNet-5 (1998)",
    family="lenet",
    paper=PAPER,
    categories=("spatial exploitation",),
    input_shape=(1, 32, 32),
    classes=10,
    params=Printed("60,000", "section II.B"),
    errors=(PublishedError(0.95, "error", "MNIST", "test", "section III.B"),),
    differs="The output's target codes are random ±1; the paper draws each character as 7×12 pixels. They are not trained.",
)
LENET = replace(
    LENET5,
    name="lenet",
    title="LeNet (lecture)",
    input_shape=(1, 28, 28),
    params=Printed("431,080", "Caffe's LeNet for MNIST, the same layers"),
    errors=(),
    differs="The lecture's network: ReLU, max pooling, every map sees every map, 20 and 50 maps, log-softmax left to the loss.",
)

# Table I: the maps of S2 that each map of C3 sees
C3 = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (4, 5, 0), (5, 0, 1),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (3, 4, 5, 0), (4, 5, 0, 1), (5, 0, 1, 2),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip


@architecture(LENET)
def lenet(classes: int, in_channels: int) -> nn.Module:
    """(N, C, 28, 28) to logits (N, classes)."""
    layers = {
        "conv1": nn.Conv2d(in_channels, 20, 5),
        "relu1": nn.ReLU(),
        "maxpool1": nn.MaxPool2d(2, 2),
        "conv2": nn.Conv2d(20, 50, 5),
        "relu2": nn.ReLU(),
        "maxpool2": nn.MaxPool2d(2, 2),
        "flatten": nn.Flatten(),  # 50 · 4 · 4 = 800
        "fc1": nn.Linear(800, 500),
        "relu3": nn.ReLU(),
        "fc2": nn.Linear(500, classes),
    }
    return nn.Sequential(OrderedDict(layers))


@architecture(LENET5)
def lenet5(classes: int, in_channels: int) -> nn.Module:
    """(N, C, 32, 32) to minus the squared distance to each class's code, (N, classes): the largest is the answer."""
    layers = {
        "c1": nn.Conv2d(in_channels, 6, 5),
        "squash1": ScaledTanh(),
        "s2": Subsample(6),
        "squash2": ScaledTanh(),
        "c3": SparseMaps(C3, 5),
        "squash3": ScaledTanh(),
        "s4": Subsample(16),
        "squash4": ScaledTanh(),
        "c5": nn.Conv2d(16, 120, 5),  # 120×1×1
        "squash5": ScaledTanh(),
        "flatten": nn.Flatten(),
        "f6": nn.Linear(120, 84),
        "squash6": ScaledTanh(),
        "output": Codes(84, classes),
    }
    return nn.Sequential(OrderedDict(layers))


class ScaledTanh(nn.Module):
    """1.7159 tanh(2/3 x): ±1 goes to ±1. Appendix A."""

    row = "activation"

    def forward(self, x: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(x * 2 / 3)


class Subsample(nn.Module):
    """The sum of 2×2 values, times one trained coefficient a map, plus one trained bias a map."""

    row = "pool"
    kernel_size = stride = 2
    padding = 0

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((maps, 1, 1), 0.25))
        self.bias = nn.Parameter(torch.zeros(maps, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.coefficient * (4 * nn.functional.avg_pool2d(x, 2)) + self.bias


class SparseMaps(nn.Module):
    """A convolution whose every output map sees the input maps that its line of `seen` names.

    Lines of the same length are one grouped convolution over the maps put in that order.
    """

    def __init__(self, seen: tuple[tuple[int, ...], ...], kernel: int) -> None:
        super().__init__()
        self.seen = {count: [line for line in seen if len(line) == count] for count in sorted({len(line) for line in seen})}
        layers = {f"sees{n}": nn.Conv2d(n * len(lines), len(lines), kernel, groups=len(lines)) for n, lines in self.seen.items()}
        self.layers = nn.ModuleDict(layers)

    def forward(self, x: Tensor) -> Tensor:
        ordered = [x[:, [place for line in lines for place in line]] for lines in self.seen.values()]
        return torch.cat([layer(maps) for layer, maps in zip(self.layers.values(), ordered, strict=True)], 1)


class Codes(nn.Module):
    """Minus the squared distance of (N, features) to a fixed code of ±1 a class: (N, classes)."""

    row = "fc"

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        drawn = torch.randint(0, 2, (classes, features), generator=Generator("cpu").manual_seed(1998), device="cpu")
        self.codes: Tensor
        self.register_buffer("codes", (2.0 * drawn - 1).to(torch.empty(0).device))

    def forward(self, x: Tensor) -> Tensor:
        return -(x[:, None] - self.codes).square().sum(2)
