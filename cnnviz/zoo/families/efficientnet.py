"""EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks.

Tan & Le, 2019, arXiv 1905.11946, Tables 1 and 2, equations 2 and 3; multipliers, resolutions and dropout of B1 … B7, and Lite0,
from the authors' code.
Differs here: no block is skipped at random while training, which the paper does with one in five at the last block.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from math import ceil

from torch import Tensor, nn

from cnnviz.zoo.blocks import SqueezeExcitation, conv
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError, ZooError
from cnnviz.zoo.families.mobilenet_v2 import in_eights
from cnnviz.zoo.registry import architecture, register

PAPER = Paper(
    title="EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
    authors="Tan, Le",
    year=2019,
    venue="ICML 2019",
    link="https://arxiv.org/abs/1905.11946",
)
# Table 1, stages 2–8: MBConv's expansion, kernel, output channels, layers; the stride of the first follows from the resolutions
STAGES = (
    (1, 3, 16, 1, 1), (6, 3, 24, 2, 2), (6, 5, 40, 2, 2), (6, 3, 80, 3, 2),
    (6, 5, 112, 3, 1), (6, 5, 192, 4, 2), (6, 3, 320, 1, 1),
)  # fmt: skip
# width, depth, resolution and dropout from the authors' code; parameters from osmr/imgclsmob, README;
# Table 2: multiply-adds, top-1 and top-5 right
SCALES = (
    (1.0, 1.0, 224, 0.2, "5,288,548", "0.39G", 77.1, 93.3),
    (1.0, 1.1, 240, 0.2, "7,794,184", "0.70G", 79.1, 94.4),
    (1.1, 1.2, 260, 0.3, "9,109,994", "1.0G", 80.1, 94.9),
    (1.2, 1.4, 300, 0.3, "12,233,232", "1.8G", 81.6, 95.7),
    (1.4, 1.8, 380, 0.4, "19,341,616", "4.2G", 82.9, 96.4),
    (1.6, 2.2, 456, 0.4, "30,389,784", "9.9G", 83.6, 96.7),
    (1.8, 2.6, 528, 0.5, "43,040,704", "19G", 84.0, 96.8),
    (2.0, 3.1, 600, 0.5, "66,347,960", "37G", 84.3, 97.0),
)
UNLIKE = {1: "0.69G", 4: "4.4G", 5: "10.3G"}  # the multiply-adds where they are not those of Table 2
LITE0 = Card(
    name="efficientnet_lite0",
    title="EfficientNet-Lite0",
    family="efficientnet",
    paper=PAPER,
    categories=("depth", "width"),
    params=Printed("4.7M", "the authors' code, README"),
    differs="Not in the paper: the authors' B0 for phones, with ReLU6 and without squeeze and excitation.",
    surveyed=False,
)
EPSILON = 1e-3  # of the normalisations in the authors' code, which trained weights count on


class SameConv(nn.Conv2d):
    """A convolution that pads as TensorFlow does: ⌈H / stride⌉ rows come out, and an odd row of padding goes below."""

    def forward(self, x: Tensor) -> Tensor:
        pads: list[int] = []
        for size, kernel, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True):
            missing = max((ceil(size / stride) - 1) * stride + kernel - size, 0)
            pads += [missing // 2, missing - missing // 2]
        return super().forward(nn.functional.pad(x, pads))


Activation = Callable[[], nn.Module]


def unit(
    channels: int, filters: int, kernel: int, stride: int = 1, groups: int = 1, act: Activation | None = None
) -> nn.Sequential:
    """Convolution, batch normalisation, and an activation if there is one."""
    if stride == 1:
        convolution = conv(channels, filters, kernel, groups=groups)
    else:
        convolution = SameConv(channels, filters, kernel, stride, groups=groups, bias=False)
    layers: dict[str, nn.Module] = {"conv": convolution, "norm": nn.BatchNorm2d(filters, eps=EPSILON)}
    return nn.Sequential(OrderedDict(layers | ({"act": act()} if act else {})))


class MBConv(nn.Module):
    """MobileNet v2's inverted residual with a gate for each expanded map before the last 1×1. squeezed: a quarter of the input's
    maps, 0 for no gate."""

    def __init__(
        self, channels: int, filters: int, kernel: int, stride: int, expansion: int, squeezed: int, act: Activation
    ) -> None:
        super().__init__()
        inner = channels * expansion
        layers: dict[str, nn.Module] = {"expand": unit(channels, inner, 1, act=act)} if expansion > 1 else {}
        layers["depthwise"] = unit(inner, inner, kernel, stride, inner, act)
        if squeezed:
            layers["gate"] = SqueezeExcitation(inner, squeezed, act)
        layers["project"] = unit(inner, filters, 1)
        self.residual = nn.Sequential(OrderedDict(layers))
        self.adds = (channels, stride) == (filters, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.residual(x)
        return x + y if self.adds else y


def efficientnet(width: float, depth: float, dropout: float, classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes). width, depth: β^φ and α^φ, which multiply Table 1's channels and layers."""
    return _network(width, depth, dropout, True, nn.SiLU, classes, in_channels)


@architecture(LITE0)
def efficientnet_lite0(classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes)."""
    return _network(1.0, 1.0, 0.2, False, nn.ReLU6, classes, in_channels)


def _network(
    width: float, depth: float, dropout: float, gated: bool, act: Activation, classes: int, in_channels: int
) -> nn.Module:
    channels = in_eights(32 * width)
    layers: dict[str, nn.Module] = {"stage1": unit(in_channels, channels, 3, 2, act=act)}
    for number, (expansion, kernel, c, count, s) in enumerate(STAGES, 2):
        blocks = []
        for place in range(ceil(count * depth)):
            squeezed = max(1, channels // 4) if gated else 0
            filters = in_eights(c * width)
            blocks.append(MBConv(channels, filters, kernel, s if place == 0 else 1, expansion, squeezed, act))
            channels = filters
        layers[f"stage{number}"] = nn.Sequential(*blocks)
    last = in_eights(1280 * width)
    final = {"conv": unit(channels, last, 1, act=act), "pool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten()}
    layers["stage9"] = nn.Sequential(OrderedDict(final | {"drop": nn.Dropout(dropout), "fc": nn.Linear(last, classes)}))
    return nn.Sequential(OrderedDict(layers))


def load_in_order(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Give a model trained weights that were stored under other names, but in the order of its layers. Raises ZooError."""
    own = model.state_dict()
    kinds = [[(name.rpartition(".")[2], value.shape) for name, value in each.items()] for each in (own, state)]
    if kinds[0] != kinds[1]:
        raise ZooError(f"state (of {len(state)} tensors) is not of this network's layers, which have {len(own)} tensors.")
    model.load_state_dict(dict(zip(own, state.values(), strict=True)))


def _register(number: int) -> None:
    width, depth, resolution, dropout, params, macs, top1, top5 = SCALES[number]
    how = "validation, one crop"
    differs = ["The resolutions of Table 1 are those of each stage's input."] if number == 0 else []
    if number in UNLIKE:
        differs.append(f"Table 2 prints {macs} multiply-adds; these are {UNLIKE[number]}.")
    register(
        Card(
            name=f"efficientnet_b{number}",
            title=f"EfficientNet-B{number}",
            family="efficientnet",
            paper=PAPER,
            categories=("depth", "width"),
            input_shape=(3, resolution, resolution),
            params=Printed(params, "osmr/imgclsmob, README"),
            macs=None if number in UNLIKE else Printed(macs, "Table 2, which calls multiply-adds FLOPs"),
            errors=(
                PublishedError(round(100 - top1, 1), "top-1", "ImageNet", how, f"Table 2, {top1} % right"),
                PublishedError(round(100 - top5, 1), "top-5", "ImageNet", how, f"Table 2, {top5} % right"),
            ),
            differs=" ".join([*differs, "No block is skipped at random while training."]),
            surveyed=False,
        ),
        partial(efficientnet, width, depth, dropout),
    )


for each in range(len(SCALES)):
    _register(each)
