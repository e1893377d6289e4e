"""Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning.

Szegedy, Ioffe, Vanhoucke & Alemi, 2016, arXiv 1602.07261, Figures 3–20, Tables 1 and 2.
Differs here: two widths of the figures do not fit and are not followed, see the card of Inception-ResNet v2. The residual
networks are the paper's; Inception-ResNet v2 stands here a second time, as in the code that the authors published later,
TensorFlow-Slim's inception_resnet_v2.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from torch import Tensor, nn

from cnnviz.zoo.blocks import Concat, head
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.families.inception_v3 import chain, unit
from cnnviz.zoo.registry import register

PAPER = Paper(
    title="Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning",
    authors="Szegedy, Ioffe, Vanhoucke, Alemi",
    year=2016,
    venue="AAAI 2017",
    link="https://arxiv.org/abs/1602.07261",
)
# Table 1: k, l, m, n of the reduction from 35×35 to 17×17, Figure 7
REDUCTIONS = {
    "inception_v4": (192, 224, 256, 384),
    "inception_resnet_v1": (192, 192, 256, 384),
    "inception_resnet_v2": (256, 256, 384, 384),
}


def _errors(top1: float, top5: float, listed: bool = True) -> tuple[PublishedError, ...]:
    """Table 2's. listed: whether SENet's Table 8, which the lecture shows, has them, too."""
    how = "validation, one network, one crop"
    source = "Table 2, as Table 8 of SENet's paper lists it" if listed else "Table 2"
    pairs = ((top1, "top-1"), (top5, "top-5"))
    return tuple(PublishedError(percent, measure, "ImageNet", how, source, checked=listed) for percent, measure in pairs)


V4 = Card(
    name="inception_v4",
    title="Inception v4",
    family="inception_v4",
    paper=PAPER,
    categories=("depth", "width"),
    input_shape=(3, 299, 299),
    params=Printed("42,679,816", "osmr/imgclsmob, README"),
    errors=_errors(20.0, 5.0),
    differs="At 17×17 the branch of 192, 224 and 256 maps is a 1×1, a 1×7 and a 7×1, as in the authors' code.",
)
RESNET_V1 = replace(
    V4,
    name="inception_resnet_v1",
    title="Inception-ResNet v1",
    categories=("depth", "multi-path", "width"),
    params=None,
    unprinted="The paper prints none. The 23,995,624 of osmr/imgclsmob has a sixth block at 8×8 and a layer of 512 before the "
    "classes, as face recognisers have them; less those it is this network, which a test holds it to.",
    errors=_errors(21.3, 5.5, listed=False),
    differs="",
)
RESNET_V2 = replace(
    RESNET_V1,
    name="inception_resnet_v2",
    title="Inception-ResNet v2, as in the paper",
    params=None,
    unprinted="The paper prints none. The 55.84 million that others count are those of the network as released.",
    errors=_errors(19.9, 4.9),
    differs="These are the paper's figures, with 5, 10 and 5 blocks. What goes by this name elsewhere is the network that the "
    "authors released, inception_resnet_v2_released here, with 10, 20 and 10 blocks and another stem. Figures 17 and 19 give "
    "their last 1×1 convolutions 1154 and 2048 maps, which can't be added to the 1152 and 2144 that come in: the widths that fit "
    "stand here.",
)
HOW_RELEASED = "validation, one network, one crop"
RELEASED = replace(
    RESNET_V2,
    name="inception_resnet_v2_released",
    title="Inception-ResNet v2, as released",
    params=Printed("55,843,464", "osmr/imgclsmob, README"),
    unprinted="",
    errors=(
        PublishedError(19.6, "top-1", "ImageNet", HOW_RELEASED, "the authors' code, README: 80.4 % right"),
        PublishedError(4.7, "top-5", "ImageNet", HOW_RELEASED, "the authors' code, README: 95.3 % right"),
    ),
    differs="What most people mean by Inception-ResNet v2: the authors' own code, published after the paper. It has 10, 20 and "
    "10 blocks where the paper's figures, inception_resnet_v2 here, have 5, 10 and 5; Inception v3's stem and one module before "
    "the blocks; residuals scaled by 0.17, 0.1 and 0.2; a last block that is neither scaled nor rectified; and a 1×1 convolution "
    "of 1536 maps before the mean. "
    "The head for training on the last 17×17 map is left out, and 1000 classes stand where the code has 1001.",
)


def stem(in_channels: int) -> nn.Sequential:
    """Figure 3, of Inception v4 and Inception-ResNet v2: (N, C, 299, 299) to (N, 384, 35, 35)."""
    short = chain(reduce=unit(160, 64, 1), window=unit(64, 96, 3, valid=True))
    long = chain(
        reduce=unit(160, 64, 1), column=unit(64, 64, (7, 1)), row=unit(64, 64, (1, 7)), window=unit(64, 96, 3, valid=True)
    )
    return chain(
        conv1=unit(in_channels, 32, 3, 2, valid=True),  # 32×149×149
        conv2=unit(32, 32, 3, valid=True),  # 32×147×147
        conv3=unit(32, 64, 3),
        reduce1=Concat(pool=nn.MaxPool2d(3, 2), conv=unit(64, 96, 3, 2, valid=True)),  # 160×73×73
        windows=Concat(short=short, long=long),  # 192×71×71
        reduce2=Concat(conv=unit(192, 192, 3, 2, valid=True), pool=nn.MaxPool2d(3, 2)),  # 384×35×35
    )


def plain_stem(in_channels: int) -> nn.Sequential:
    """Figure 14, of Inception-ResNet v1: (N, C, 299, 299) to (N, 256, 35, 35)."""
    return chain(
        conv1=unit(in_channels, 32, 3, 2, valid=True),  # 32×149×149
        conv2=unit(32, 32, 3, valid=True),  # 32×147×147
        conv3=unit(32, 64, 3),
        pool=nn.MaxPool2d(3, 2),  # 64×73×73
        conv4=unit(64, 80, 1),
        conv5=unit(80, 192, 3, valid=True),  # 192×71×71
        conv6=unit(192, 256, 3, 2, valid=True),  # 256×35×35
    )


def released_stem(in_channels: int) -> nn.Sequential:
    """Of Inception-ResNet v2 as released: Inception v3's first layers, and a module: (N, C, 299, 299) to (N, 320, 35, 35)."""
    module = Concat(
        one=unit(192, 96, 1),
        once=chain(reduce=unit(192, 48, 1), window=unit(48, 64, 5)),
        twice=chain(reduce=unit(192, 64, 1), window1=unit(64, 96, 3), window2=unit(96, 96, 3)),
        pool=chain(avg=nn.AvgPool2d(3, 1, 1, count_include_pad=False), project=unit(192, 64, 1)),
    )
    return chain(
        conv1=unit(in_channels, 32, 3, 2, valid=True),  # 32×149×149
        conv2=unit(32, 32, 3, valid=True),  # 32×147×147
        conv3=unit(32, 64, 3),
        pool1=nn.MaxPool2d(3, 2),  # 64×73×73
        conv4=unit(64, 80, 1),
        conv5=unit(80, 192, 3, valid=True),  # 192×71×71
        pool2=nn.MaxPool2d(3, 2),  # 192×35×35
        module=module,
    )


def inception_a() -> Concat:
    """Figure 4: 384 maps at 35×35 to as many."""
    return Concat(
        pool=_averaged(384, 96),
        one=unit(384, 96, 1),
        once=chain(reduce=unit(384, 64, 1), window=unit(64, 96, 3)),
        twice=chain(reduce=unit(384, 64, 1), window1=unit(64, 96, 3), window2=unit(96, 96, 3)),
    )


def inception_b() -> Concat:
    """Figure 5: 1024 maps at 17×17 to as many."""
    once = {"reduce": unit(1024, 192, 1), "row": unit(192, 224, (1, 7)), "column": unit(224, 256, (7, 1))}
    twice = {
        "reduce": unit(1024, 192, 1),
        "row1": unit(192, 192, (1, 7)),
        "column1": unit(192, 224, (7, 1)),
        "row2": unit(224, 224, (1, 7)),
        "column2": unit(224, 256, (7, 1)),
    }
    return Concat(pool=_averaged(1024, 128), one=unit(1024, 384, 1), once=chain(**once), twice=chain(**twice))


def inception_c() -> Concat:
    """Figure 6: 1536 maps at 8×8 to as many."""
    narrowed = {"reduce": unit(1536, 384, 1), "row": unit(384, 448, (1, 3)), "column": unit(448, 512, (3, 1))}
    return Concat(
        pool=_averaged(1536, 256),
        one=unit(1536, 256, 1),
        once=chain(reduce=unit(1536, 384, 1), both=_row_and_column(384)),
        twice=chain(**narrowed, both=_row_and_column(512)),
    )


def _averaged(channels: int, projected: int) -> nn.Sequential:
    return chain(avg=nn.AvgPool2d(3, 1, 1), project=unit(channels, projected, 1))


def _row_and_column(channels: int) -> Concat:
    return Concat(row=unit(channels, 256, (1, 3)), column=unit(channels, 256, (3, 1)))


def reduction_a(channels: int, k: int, l: int, m: int, n: int) -> Concat:  # noqa: E741  (the paper's letters)
    """Figure 7: 35×35 to 17×17; as many maps as came in, and n and m more."""
    return Concat(
        pool=nn.MaxPool2d(3, 2),
        once=unit(channels, n, 3, 2, valid=True),
        twice=chain(reduce=unit(channels, k, 1), window1=unit(k, l, 3), window2=unit(l, m, 3, 2, valid=True)),
    )


def reduction_b() -> Concat:
    """Figure 8, of Inception v4: 1024 maps at 17×17 to 1536 at 8×8."""
    twice = {
        "reduce": unit(1024, 256, 1),
        "row": unit(256, 256, (1, 7)),
        "column": unit(256, 320, (7, 1)),
        "window": unit(320, 320, 3, 2, valid=True),
    }
    once = chain(reduce=unit(1024, 192, 1), window=unit(192, 192, 3, 2, valid=True))
    return Concat(pool=nn.MaxPool2d(3, 2), once=once, twice=chain(**twice))


def residual_reduction_b(channels: int, middle: int, wide: int) -> Concat:
    """Figures 12 and 18: 17×17 to 8×8; 384, `middle` and `wide` maps more than came in."""
    return Concat(
        pool=nn.MaxPool2d(3, 2),
        left=chain(reduce=unit(channels, 256, 1), window=unit(256, 384, 3, 2, valid=True)),
        once=chain(reduce=unit(channels, 256, 1), window=unit(256, middle, 3, 2, valid=True)),
        twice=chain(reduce=unit(channels, 256, 1), window1=unit(256, middle, 3), window2=unit(middle, wide, 3, 2, valid=True)),
    )


class ResidualInception(nn.Module):
    """relu(x + scale · W branches(x)), W a linear 1×1 convolution back to the maps of x. Figures 10–19; section 3.3: scale.
    rectified: whether the ReLU is there."""

    def __init__(self, channels: int, branches: Concat, width: int, scale: float, rectified: bool = True) -> None:
        super().__init__()
        self.inception = branches
        self.linear = nn.Conv2d(width, channels, 1)
        self.scale = scale
        self.relu = nn.ReLU() if rectified else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.relu(x + self.scale * self.linear(self.inception(x)))
        return y


def residual_a(channels: int, second: int, third: int, scale: float) -> ResidualInception:
    """Figures 10 and 16, at 35×35. second, third: maps of the two 3×3 convolutions in a row."""
    branches = Concat(
        one=unit(channels, 32, 1),
        once=chain(reduce=unit(channels, 32, 1), window=unit(32, 32, 3)),
        twice=chain(reduce=unit(channels, 32, 1), window1=unit(32, second, 3), window2=unit(second, third, 3)),
    )
    return ResidualInception(channels, branches, 64 + third, scale)


def residual_bc(
    channels: int, widths: tuple[int, int, int, int], size: int, scale: float, rectified: bool = True
) -> ResidualInception:
    """Figures 11, 13, 17 and 19, at 17×17 with size 7 and at 8×8 with size 3: a 1×size and a size×1 convolution.

    widths: of the 1×1 branch, then of the other's three convolutions.
    """
    one, first, second, third = widths
    line = {"reduce": unit(channels, first, 1), "row": unit(first, second, (1, size)), "column": unit(second, third, (size, 1))}
    branches = Concat(one=unit(channels, one, 1), line=chain(**line))
    return ResidualInception(channels, branches, one + third, scale, rectified)


def inception_v4(classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes). Figure 9."""
    layers: dict[str, nn.Module] = {"stem": stem(in_channels)}  # 384×35×35
    layers |= _several("inception_a", inception_a, 4)
    layers["reduction_a"] = reduction_a(384, *REDUCTIONS["inception_v4"])  # 1024×17×17
    layers |= _several("inception_b", inception_b, 7)
    layers["reduction_b"] = reduction_b()  # 1536×8×8
    layers |= _several("inception_c", inception_c, 3)
    return chain(**layers, head=head(1536, classes, dropped=0.2))


def inception_resnet_v1(classes: int, in_channels: int, scale: float = 0.2) -> nn.Module:
    """(N, C, H, W) to logits (N, classes). Figures 10–15. scale: of every residual, 0.1 to 0.3 in the paper."""
    layers: dict[str, nn.Module] = {"stem": plain_stem(in_channels)}  # 256×35×35
    layers |= _several("inception_a", partial(residual_a, 256, 32, 32, scale), 5)
    layers["reduction_a"] = reduction_a(256, *REDUCTIONS["inception_resnet_v1"])  # 896×17×17
    layers |= _several("inception_b", partial(residual_bc, 896, (128, 128, 128, 128), 7, scale), 10)
    layers["reduction_b"] = residual_reduction_b(896, 256, 256)  # 1792×8×8
    layers |= _several("inception_c", partial(residual_bc, 1792, (192, 192, 192, 192), 3, scale), 5)
    return chain(**layers, head=head(1792, classes, dropped=0.2))


def inception_resnet_v2(classes: int, in_channels: int, scale: float = 0.2) -> nn.Module:
    """(N, C, H, W) to logits (N, classes). Figures 15–19. scale: of every residual, 0.1 to 0.3 in the paper."""
    layers: dict[str, nn.Module] = {"stem": stem(in_channels)}  # 384×35×35
    layers |= _several("inception_a", partial(residual_a, 384, 48, 64, scale), 5)
    layers["reduction_a"] = reduction_a(384, *REDUCTIONS["inception_resnet_v2"])  # 1152×17×17
    layers |= _several("inception_b", partial(residual_bc, 1152, (192, 128, 160, 192), 7, scale), 10)
    layers["reduction_b"] = residual_reduction_b(1152, 288, 320)  # 2144×8×8
    layers |= _several("inception_c", partial(residual_bc, 2144, (192, 192, 224, 256), 3, scale), 5)
    return chain(**layers, head=head(2144, classes, dropped=0.2))


def inception_resnet_v2_released(classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes), as in the authors' code."""
    layers: dict[str, nn.Module] = {"stem": released_stem(in_channels)}  # 320×35×35
    layers |= _several("inception_a", partial(residual_a, 320, 48, 64, 0.17), 10)
    layers["reduction_a"] = reduction_a(320, *REDUCTIONS["inception_resnet_v2"])  # 1088×17×17
    layers |= _several("inception_b", partial(residual_bc, 1088, (192, 128, 160, 192), 7, 0.1), 20)
    layers["reduction_b"] = residual_reduction_b(1088, 288, 320)  # 2080×8×8
    layers |= _several("inception_c", partial(residual_bc, 2080, (192, 192, 224, 256), 3, 0.2), 9)
    layers["inception_c10"] = residual_bc(2080, (192, 192, 224, 256), 3, 1.0, rectified=False)
    return chain(**layers, conv=unit(2080, 1536, 1), head=head(1536, classes, dropped=0.2))


def _several(name: str, block: Callable[[], nn.Module], count: int) -> dict[str, nn.Module]:
    return {f"{name}{number}": block() for number in range(1, count + 1)}


for card, builder in (
    (V4, inception_v4),
    (RESNET_V1, inception_resnet_v1),
    (RESNET_V2, inception_resnet_v2),
    (RELEASED, inception_resnet_v2_released),
):
    register(card, builder)
