"""Rethinking the Inception Architecture for Computer Vision.

Szegedy, Vanhoucke, Ioffe, Shlens & Wojna, 2015, arXiv 1512.00567, Table 1, Figures 5–8 and 10, Table 3.
Differs here: the paper prints the sizes between its modules and not the widths inside them; these are those of the authors'
published Inception v3.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from functools import partial

from torch import Tensor, nn

from cnnviz.zoo.blocks import Concat, head
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import architecture

PAPER = Paper(
    title="Rethinking the Inception Architecture for Computer Vision",
    authors="Szegedy, Vanhoucke, Ioffe, Shlens et al.",
    year=2015,
    venue="CVPR 2016",
    link="https://arxiv.org/abs/1512.00567",
)
HOW = "validation, one network, one crop"
V3 = Card(
    name="inception_v3",
    title="Inception v3",
    family="inception_v3",
    paper=PAPER,
    categories=("depth", "width"),
    input_shape=(3, 299, 299),
    params=Printed("23,834,568", "osmr/imgclsmob, README"),
    errors=(
        PublishedError(21.2, "top-1", "ImageNet", HOW, "Table 3, BN-auxiliary"),
        PublishedError(5.6, "top-5", "ImageNet", HOW, "Table 3, BN-auxiliary"),
        PublishedError(17.3, "top-1", "ImageNet", "validation, four networks, many crops", "abstract"),
        PublishedError(3.5, "top-5", "ImageNet", "validation, four networks, many crops", "abstract"),
    ),
    differs="The network that the authors published: one module fewer at 17×17 than Table 1, a 1×1 and a pool in the stem where "
    "the table has 3×3 convolutions, one 5×5 branch left at 35×35. Table 3 prints 4.8 billion operations; these are 5.7.",
)
V3_AUX = replace(
    V3,
    name="inception_v3_aux",
    title="Inception v3 with its auxiliary head",
    params=Printed("27,161,264", "torchvision's documentation"),
    errors=(),
    differs=f"Puts out two logits, the classifier's and those of the head on the last 17×17 map. {V3.differs}",
)
V2 = replace(
    V3,
    name="inception_v2",
    title="Inception v2 (Table 1, 299 pixels)",
    params=None,
    unprinted="The paper prints no widths inside its modules and so no count.",
    errors=(
        PublishedError(23.4, "top-1", "ImageNet", HOW, "Table 3, Inception-v2"),
        PublishedError(21.6, "top-1", "ImageNet", HOW, "Table 3, Factorized 7×7"),
    ),
    differs="The lecture's 299-pixel table. Modules are widened as in the published Inception v3, whose widths at 17×17 are "
    "128, 160, 160, 160 and 192 here; between the groups the grid shrinks as in Figure 10. It is not BN-Inception, which other "
    "texts call Inception v2.",
    surveyed=False,
)
V2_WIDTHS = (128, 160, 160, 160, 192)  # of the 7-long convolutions in the modules at 17×17
V3_WIDTHS = (128, 160, 160, 192)


def unit(channels: int, filters: int, kernel: int | tuple[int, int], stride: int = 1, valid: bool = False) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU; valid: without padding, so that the map shrinks by the kernel less one."""
    sides = (kernel, kernel) if isinstance(kernel, int) else kernel
    padding = (0, 0) if valid else (sides[0] // 2, sides[1] // 2)
    convolution = nn.Conv2d(channels, filters, sides, stride, padding, bias=False)
    return chain(conv=convolution, norm=nn.BatchNorm2d(filters), relu=nn.ReLU())


def chain(**layers: nn.Module) -> nn.Sequential:
    """One after the other, by name."""
    return nn.Sequential(OrderedDict(layers))


def grid35(channels: int, projected: int, window: int) -> Concat:
    """Figure 5, modules at 35×35: 224 maps and the projected ones. window: of the second branch."""
    return Concat(
        one=unit(channels, 64, 1),
        once=chain(reduce=unit(channels, 48, 1), window=unit(48, 64, window)),
        twice=chain(reduce=unit(channels, 64, 1), window1=unit(64, 96, 3), window2=unit(96, 96, 3)),
        pool=chain(avg=nn.AvgPool2d(3, 1, 1), project=unit(channels, projected, 1)),
    )


def reduce35(channels: int) -> Concat:
    """Figure 10: convolutions and a pool with stride 2 side by side, 480 maps more than came in."""
    return Concat(
        once=unit(channels, 384, 3, 2, valid=True),
        twice=chain(reduce=unit(channels, 64, 1), window1=unit(64, 96, 3), window2=unit(96, 96, 3, 2, valid=True)),
        pool=nn.MaxPool2d(3, 2),
    )


def grid17(width: int) -> Concat:
    """Figure 6 with n = 7: each 7×7 window is a 1×7 and a 7×1. 768 maps to 768."""
    once = {"reduce": unit(768, width, 1), "row": unit(width, width, (1, 7)), "column": unit(width, 192, (7, 1))}
    twice = {
        "reduce": unit(768, width, 1),
        "column1": unit(width, width, (7, 1)),
        "row1": unit(width, width, (1, 7)),
        "column2": unit(width, width, (7, 1)),
        "row2": unit(width, 192, (1, 7)),
    }
    pool = chain(avg=nn.AvgPool2d(3, 1, 1), project=unit(768, 192, 1))
    return Concat(one=unit(768, 192, 1), once=chain(**once), twice=chain(**twice), pool=pool)


def reduce17() -> Concat:
    """768 maps at 17×17 to 1280 at 8×8."""
    seven = {
        "reduce": unit(768, 192, 1),
        "row": unit(192, 192, (1, 7)),
        "column": unit(192, 192, (7, 1)),
        "window": unit(192, 192, 3, 2, valid=True),
    }
    three = chain(reduce=unit(768, 192, 1), window=unit(192, 320, 3, 2, valid=True))
    return Concat(once=three, twice=chain(**seven), pool=nn.MaxPool2d(3, 2))


def grid8(channels: int) -> Concat:
    """Figure 7, modules at 8×8 that widen instead of deepen: to 2048 maps."""
    return Concat(
        one=unit(channels, 320, 1),
        once=chain(reduce=unit(channels, 384, 1), both=_row_and_column()),
        twice=chain(reduce=unit(channels, 448, 1), window=unit(448, 384, 3), both=_row_and_column()),
        pool=chain(avg=nn.AvgPool2d(3, 1, 1), project=unit(channels, 192, 1)),
    )


def _row_and_column() -> Concat:
    return Concat(row=unit(384, 384, (1, 3)), column=unit(384, 384, (3, 1)))


def _stem(in_channels: int) -> dict[str, nn.Module]:
    return {
        "conv1": unit(in_channels, 32, 3, 2, valid=True),  # 32×149×149
        "conv2": unit(32, 32, 3, valid=True),  # 32×147×147
        "conv3": unit(32, 64, 3),
        "pool1": nn.MaxPool2d(3, 2),  # 64×73×73
    }


def _v3_layers(classes: int, in_channels: int) -> dict[str, nn.Module]:
    layers = _stem(in_channels) | {
        "conv4": unit(64, 80, 1, valid=True),
        "conv5": unit(80, 192, 3, valid=True),  # 192×71×71
        "pool2": nn.MaxPool2d(3, 2),  # 192×35×35
        "mixed_35a": grid35(192, 32, 5),  # 256×35×35
        "mixed_35b": grid35(256, 64, 5),
        "mixed_35c": grid35(288, 64, 5),  # 288×35×35
        "reduce_35": reduce35(288),  # 768×17×17
    }
    layers |= {f"mixed_17{'abcd'[place]}": grid17(width) for place, width in enumerate(V3_WIDTHS)}
    return layers | _last_layers(classes)


def _last_layers(classes: int) -> dict[str, nn.Module]:
    return {
        "reduce_17": reduce17(),  # 1280×8×8
        "mixed_8a": grid8(1280),
        "mixed_8b": grid8(2048),  # 2048×8×8
        "head": head(2048, classes, dropped=0.5),
    }


@architecture(V3)
def inception_v3(classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes)."""
    return chain(**_v3_layers(classes, in_channels))


class WithAuxiliaryHead(nn.Module):
    """(N, C, 299, 299) to the logits of the classifier and of the head on the last 17×17 map, each (N, classes). Figure 8."""

    def __init__(self, classes: int, in_channels: int) -> None:
        super().__init__()
        layers = _v3_layers(classes, in_channels)
        self.order = tuple(layers)
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.aux = chain(
            pool=nn.AvgPool2d(5, 3),  # 768×5×5
            conv1=unit(768, 128, 1),
            conv2=unit(128, 768, 5, valid=True),  # 768×1×1
            flatten=nn.Flatten(),
            fc=nn.Linear(768, classes),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        before = x
        for name in self.order:
            x = self.get_submodule(name)(x)
            before = x if name == "mixed_17d" else before
        return x, self.aux(before)


@architecture(V3_AUX)
def inception_v3_aux(classes: int, in_channels: int) -> nn.Module:
    """(N, C, 299, 299) to two logits (N, classes)."""
    return WithAuxiliaryHead(classes, in_channels)


@architecture(V2)
def inception_v2(classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes). Table 1, row by row."""
    module = partial(grid35, 288, 64, 3)
    layers = _stem(in_channels) | {
        "conv4": unit(64, 80, 3, valid=True),  # 80×71×71
        "conv5": unit(80, 192, 3, 2, valid=True),  # 192×35×35
        "conv6": unit(192, 288, 3),  # 288×35×35
        "mixed_35a": module(),
        "mixed_35b": module(),
        "mixed_35c": module(),
        "reduce_35": reduce35(288),  # 768×17×17
    }
    layers |= {f"mixed_17{'abcde'[place]}": grid17(width) for place, width in enumerate(V2_WIDTHS)}
    return chain(**layers, **_last_layers(classes))
