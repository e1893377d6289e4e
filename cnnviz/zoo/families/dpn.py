"""Dual Path Networks.

Chen, Li, Xiao, Jin, Yan & Feng, 2017, arXiv 1707.01629, section 4, Figure 2 (d) and (e), Table 1.
Differs here: nothing known; only DPN-131 is registered, the builder makes DPN-92 and DPN-98 of Table 1, too.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

import torch
from torch import Tensor, nn

from cnnviz.zoo.blocks import conv, conv_norm_act, head
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.families.preact_resnet import norm_act
from cnnviz.zoo.registry import register

PAPER = Paper(
    title="Dual Path Networks",
    authors="Chen, Li, Xiao, Jin, Yan, Feng",
    year=2017,
    venue="NIPS 2017",
    link="https://arxiv.org/abs/1707.01629",
)
RESIDUAL = (256, 512, 1024, 2048)  # channels of the residual path in conv2 … conv5


class DualPath(nn.Module):
    """F(x) is cut in two: its first maps are added to the residual path, the others are appended to the dense path.

    x: both paths side by side; inner: channels of the 1×1 and of the grouped 3×3; residual: maps that are added; more: maps that
    are appended. begins: whether it is a stage's first, which makes the residual path and two times `more` dense maps anew, by a
    1×1 convolution of x.
    """

    def __init__(
        self, channels: int, inner: int, groups: int, residual: int, more: int, stride: int = 1, begins: bool = False
    ) -> None:
        super().__init__()
        self.residual = residual
        self.anew = None
        if begins:
            begun = {"act": norm_act(channels), "conv": conv(channels, residual + 2 * more, 1, stride)}
            self.anew = nn.Sequential(OrderedDict(begun))
        layers: dict[str, nn.Module] = {
            "act1": norm_act(channels),
            "conv1": conv(channels, inner, 1),
            "act2": norm_act(inner),
            "conv2": conv(inner, inner, 3, stride, groups),
            "act3": norm_act(inner),
            "conv3": conv(inner, residual + more, 1),
        }
        self.layers = nn.Sequential(OrderedDict(layers))

    def forward(self, x: Tensor) -> Tensor:
        paths = x if self.anew is None else self.anew(x)
        new = self.layers(x)
        added = paths[:, : self.residual] + new[:, : self.residual]
        return torch.cat([added, paths[:, self.residual :], new[:, self.residual :]], 1)


def dpn(
    first: tuple[int, int],
    inner: int,
    groups: int,
    counts: tuple[int, ...],
    more: tuple[int, ...],
    classes: int,
    in_channels: int,
) -> nn.Module:
    """(N, C, H, W) to logits (N, classes).

    first: filters and kernel of conv1; inner: channels within the blocks of conv2, doubled at every stage; groups: of the 3×3;
    counts: blocks of conv2 … conv5; more: maps that each block of a stage appends, "(+k)" in Table 1.
    """
    filters, kernel = first
    layers: dict[str, nn.Module] = {"conv1": conv_norm_act(in_channels, filters, kernel, 2), "pool1": nn.MaxPool2d(3, 2, 1)}
    channels = filters
    for stage, (residual, count, k) in enumerate(zip(RESIDUAL, counts, more, strict=True)):
        blocks = []
        for place in range(count):
            stride = 2 if place == 0 and stage > 0 else 1
            blocks.append(DualPath(channels, inner * 2**stage, groups, residual, k, stride, begins=place == 0))
            channels = residual + 3 * k if place == 0 else channels + k
        layers[f"conv{stage + 2}"] = nn.Sequential(*blocks)
    layers["last"] = norm_act(channels)
    layers["head"] = head(channels, classes)
    return nn.Sequential(OrderedDict(layers))


# conv1's filters and kernel, channels within, groups, blocks, (+k): Table 1; DPN-131 (40×4d) as the authors' code has it
CONFIGURATIONS = {
    92: ((64, 7), 96, 32, (3, 4, 20, 3), (16, 32, 24, 128)),
    98: ((96, 7), 160, 40, (3, 6, 20, 3), (16, 32, 32, 128)),
    131: ((128, 7), 160, 40, (4, 8, 28, 3), (16, 32, 32, 128)),
}
CROPS = {224: (19.93, 5.12), 320: (18.62, 4.23)}  # DPN-131's top-1 and top-5 errors


def _errors() -> tuple[PublishedError, ...]:
    return tuple(
        PublishedError(percent, measure, "ImageNet", f"validation, one crop of {side}", "the authors' code, README")
        for side, both in CROPS.items()
        for percent, measure in zip(both, ("top-1", "top-5"), strict=True)
    )


DPN131 = Card(
    name="dpn131",
    title="DPN-131",
    family="dpn",
    paper=PAPER,
    categories=("multi-path",),
    params=Printed("79,254,504", "osmr/imgclsmob, README"),
    macs=Printed("16.0G", "the authors' code, README, which calls multiply-adds FLOPs"),
    depth=131,
    errors=_errors(),
    surveyed=False,
)
register(DPN131, partial(dpn, *CONFIGURATIONS[131]))
