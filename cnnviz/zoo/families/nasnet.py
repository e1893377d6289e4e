"""Learning Transferable Architectures for Scalable Image Recognition.

Zoph, Vasudevan, Shlens & Le, 2017, arXiv 1707.07012, Figures 2 and 4, section 3 and the appendix; NASNet-A.
Differs here: the head that helps while training and the paths dropped then are left out.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnviz.zoo.blocks import conv, conv_norm, head
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import register

# Figure 4: five blocks of a cell, each the sum of two operations. h: the cell before; p: the one before that; a number: an
# earlier block of the cell. The blocks that nothing else takes are put side by side; in the normal cell p as well.
Block = tuple[str, str, str, str]
NORMAL: tuple[Block, ...] = (
    ("h", "separable5", "p", "separable3"),
    ("p", "separable5", "p", "separable3"),
    ("h", "average", "p", "identity"),
    ("p", "average", "p", "average"),
    ("h", "separable3", "h", "identity"),
)
REDUCTION: tuple[Block, ...] = (
    ("h", "separable5", "p", "separable7"),
    ("h", "maximum", "p", "separable7"),
    ("h", "average", "p", "separable5"),
    ("1", "average", "2", "identity"),
    ("1", "separable3", "h", "maximum"),
)
CELLS = {"normal": (NORMAL, ("p", "1", "2", "3", "4", "5")), "reduction": (REDUCTION, ("2", "3", "4", "5"))}


class Separable(nn.Module):
    """Twice: ReLU, one filter a map, 1×1 over the maps, norm; the stride at the first filter. As the appendix has it."""

    def __init__(self, channels: int, filters: int, kernel: int, stride: int) -> None:
        super().__init__()
        layers: dict[str, nn.Module] = {}
        for number, (maps, step) in enumerate(((channels, stride), (filters, 1)), 1):
            layers[f"relu{number}"] = nn.ReLU()
            layers[f"depthwise{number}"] = conv(maps, maps, kernel, step, groups=maps)
            layers[f"pointwise{number}"] = conv_norm(maps, filters, 1)
        self.layers = nn.Sequential(OrderedDict(layers))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return y


def operation(name: str, channels: int, filters: int, stride: int) -> nn.Module:
    """An operation of Figure 4, from its name and, for a separable convolution, its kernel."""
    if name.startswith("separable"):
        return Separable(channels, filters, int(name.removeprefix("separable")), stride)
    if name == "average":
        return nn.AvgPool2d(3, stride, 1, count_include_pad=False)
    return nn.MaxPool2d(3, stride, 1) if name == "maximum" else nn.Identity()


class Halved(nn.Module):
    """Half the size without losing a place's neighbours: 1×1 convolutions of every other place, and of those one further on."""

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.pick = nn.AvgPool2d(1, 2)
        self.near = conv(channels, filters // 2, 1)
        self.far = conv(channels, filters - filters // 2, 1)
        self.norm = nn.BatchNorm2d(filters)

    def forward(self, x: Tensor) -> Tensor:
        active = self.relu(x)
        shifted = F.pad(active, (0, 1, 0, 1))[:, :, 1:, 1:]
        y: Tensor = self.norm(torch.cat([self.near(self.pick(active)), self.far(self.pick(shifted))], 1))
        return y


def squeezed(channels: int, filters: int) -> nn.Sequential:
    """ReLU, then 1×1 convolution and norm."""
    return nn.Sequential(OrderedDict(relu=nn.ReLU(), squeeze=conv_norm(channels, filters, 1)))


class Cell(nn.Module):
    """(h, p) to its blocks put side by side. Figure 4; both are first brought to `filters` maps of h's size.

    kind: "normal" or "reduction"; below: channels of h; before: channels of p, None where there is none, which takes h as it is;
    halve: whether p is twice as large as h.
    """

    def __init__(self, kind: str, filters: int, below: int, before: int | None, halve: bool = False) -> None:
        super().__init__()
        self.blocks, self.results = CELLS[kind]
        self.h = squeezed(below, filters)
        self.p: nn.Module = nn.Identity()
        if before is not None:
            self.p = Halved(before, filters) if halve else squeezed(before, filters)
        channels = {"h": filters, "p": below if before is None else filters}
        operations = {}
        for number, (left, first, right, second) in enumerate(self.blocks, 1):
            for side, source, name in (("left", left, first), ("right", right, second)):
                stride = 2 if kind == "reduction" and source in channels else 1
                operations[f"{side}{number}"] = operation(name, channels.get(source, filters), filters, stride)
        self.operations = nn.ModuleDict(operations)
        self.channels = filters * len(self.results)

    def forward(self, h: Tensor, p: Tensor | None) -> Tensor:
        maps = {"h": self.h(h), "p": h if p is None else self.p(p)}
        for number, (left, _, right, _) in enumerate(self.blocks, 1):
            first, second = self.operations[f"left{number}"], self.operations[f"right{number}"]
            maps[str(number)] = first(maps[left]) + second(maps[right])
        return torch.cat([maps[name] for name in self.results], 1)


class NASNet(nn.Module):
    """(N, C, H, W) to logits (N, classes).

    filters: of the first normal cells, twice and four times as many in the later ones; repeats: normal cells in a row; begin:
    filters of the first convolution; skips: whether the cell after a reduction takes p from before the last normal cell instead
    of from the last.
    """

    def __init__(self, filters: int, repeats: int, begin: int, skips: bool, classes: int, in_channels: int) -> None:
        super().__init__()
        first = {"conv": nn.Conv2d(in_channels, begin, 3, 2, bias=False), "norm": nn.BatchNorm2d(begin)}
        self.conv0 = nn.Sequential(OrderedDict(first))
        self.skips = skips
        self.cells = nn.ModuleDict()
        below, before, halve = begin, None, False  # channels of h and of p, and whether p is the larger map
        for name, kind, width in plan(filters, repeats):
            cell = Cell(kind, width, below, before, halve)
            self.cells[name] = cell
            reduces = kind == "reduction"
            kept = before if reduces and skips and name.startswith("reduction") else below
            below, before, halve = cell.channels, kept, reduces
        self.relu = nn.ReLU()
        self.head = head(below, classes)

    def forward(self, x: Tensor) -> Tensor:
        h: Tensor = self.conv0(x)
        p: Tensor | None = None
        for name, cell in self.cells.items():
            kept = p if self.skips and name.startswith("reduction") else h
            h, p = cell(h, p), kept
        logits: Tensor = self.head(self.relu(h))
        return logits


def plan(filters: int, repeats: int) -> list[tuple[str, str, int]]:
    """The cells in order: name, kind, filters. Figure 2, for ImageNet: two reductions, then three times normal cells."""
    cells = [("stem1", "reduction", filters // 4), ("stem2", "reduction", filters // 2)]
    for stage in (1, 2, 3):
        width = filters * 2 ** (stage - 1)
        if stage > 1:
            cells.append((f"reduction{stage - 1}", "reduction", width))
        cells += [(f"normal{stage}_{place}", "normal", width) for place in range(1, repeats + 1)]
    return cells


def nasnet(filters: int, repeats: int, begin: int, skips: bool, classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes). See `NASNet`."""
    return NASNet(filters, repeats, begin, skips, classes, in_channels)


LARGE = Card(
    name="nasnet_a_6_4032",
    title="NASNet-A (6 @ 4032)",
    family="nasnet",
    paper=Paper(
        title="Learning Transferable Architectures for Scalable Image Recognition",
        authors="Zoph, Vasudevan, Shlens, Le",
        year=2017,
        venue="CVPR 2018",
        link="https://arxiv.org/abs/1707.07012",
    ),
    categories=("multi-path",),
    input_shape=(3, 331, 331),
    params=Printed("88,753,150", "osmr/imgclsmob, README"),
    macs=Printed("23.8G", "Table 2, in billions of multiply-adds"),
    errors=(
        PublishedError(17.3, "top-1", "ImageNet", "validation, one crop of 331", "Table 2, from accuracies"),
        PublishedError(3.8, "top-5", "ImageNet", "validation, one crop of 331", "Table 2, from accuracies"),
    ),
    differs="The auxiliary head and the dropped paths of training are left out. The 88.9M parameters that the paper prints count "
    "the running statistics of the norms, too.",
    surveyed=False,
)
MOBILE = replace(
    LARGE,
    name="nasnet_a_4_1056",
    title="NASNet-A (4 @ 1056)",
    input_shape=(3, 224, 224),
    params=Printed("5,289,978", "osmr/imgclsmob, README; the paper's Table 3 prints 5.3M"),
    macs=Printed("564M", "Table 3"),
    errors=(
        PublishedError(26.0, "top-1", "ImageNet", "validation, one crop of 224", "Table 3, from accuracies"),
        PublishedError(8.4, "top-5", "ImageNet", "validation, one crop of 224", "Table 3, from accuracies"),
    ),
    differs="The auxiliary head and the dropped paths of training are left out.",
)
# N @ filters of the last cells: six maps side by side of four times the first cells' filters
register(LARGE, partial(nasnet, 4032 // 24, 6, 96, True))
register(MOBILE, partial(nasnet, 1056 // 24, 4, 32, False))
