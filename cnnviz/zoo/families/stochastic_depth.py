"""Deep Networks with Stochastic Depth.

Huang, Sun, Liu, Sedra & Weinberger, 2016, arXiv 1603.09382, equations 2–5 and section 4.
Differs here: nothing known; which blocks a batch skips is drawn from the network's own generator, so it can be repeated.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Generator, Tensor, nn

from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.families.cifar_resnet import Unit, cifar_resnet
from cnnviz.zoo.registry import architecture

RESULTS = "Table 2 of Huang et al. 2017, arXiv 1608.06993, which lists it"
CARD = Card(
    name="stochastic_depth110",
    title="ResNet-110 with stochastic depth",
    family="stochastic_depth",
    paper=Paper(
        title="Deep Networks with Stochastic Depth",
        authors="Huang, Sun, Liu, Sedra, Weinberger",
        year=2016,
        venue="ECCV 2016",
        link="https://arxiv.org/abs/1603.09382",
    ),
    categories=("depth", "multi-path"),
    input_shape=(3, 32, 32),
    classes=10,
    params=Printed("1.7M", RESULTS),
    depth=110,
    errors=(
        PublishedError(5.23, "error", "CIFAR-10", "test, flips and shifts", RESULTS),
        PublishedError(24.58, "error", "CIFAR-100", "test, flips and shifts", RESULTS),
    ),
    surveyed=False,
)


class Skipped(Unit):
    """relu(b F(x) + shortcut(x)): while training b is 1 with probability `survival`, else 0; then it is `survival` itself."""

    def __init__(self, channels: int, width: int, stride: int, option: str, draws: Generator) -> None:
        super().__init__(channels, width, stride, option)
        self.survival = 1.0
        self.draws = draws

    def forward(self, x: Tensor) -> Tensor:
        way = self.shortcut(x)
        if self.training and torch.rand((), generator=self.draws, device="cpu").item() >= self.survival:
            return self.relu(way)
        share = 1.0 if self.training else self.survival
        return self.relu(share * self.conv2(self.conv1(x)) + way)


@architecture(CARD)
def stochastic_depth110(classes: int, in_channels: int, last_survival: float = 0.5, seed: int = 0) -> nn.Module:
    """(N, C, H, W) to logits (N, classes). last_survival: p_L in p_l = 1 − l/L (1 − p_L), block l of L; seed: of the draws."""
    draws = Generator("cpu").manual_seed(seed)
    model = cifar_resnet(110, "A", classes, in_channels, partial(Skipped, draws=draws))
    blocks = [module for module in model.modules() if isinstance(module, Skipped)]
    for number, block in enumerate(blocks, 1):
        block.survival = 1 - number / len(blocks) * (1 - last_survival)
    return model
