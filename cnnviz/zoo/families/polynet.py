"""PolyNet: A Pursuit of Structural Diversity in Very Deep Networks.

Zhang, Li, Loy & Lin, 2016, arXiv 1611.05725, section 3, Figures 4 and 5, and the section on the Very Deep PolyNet.
Differs here: no stochastic paths, which leave units out late in training. A poly unit shares all but its last 1×1 convolution and
the norms between its powers, as the published weights do.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from cnnviz.zoo.blocks import Concat, Size, conv_norm, conv_norm_act, head
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import architecture

CARD = Card(
    name="polynet",
    title="Very Deep PolyNet",
    family="polynet",
    paper=Paper(
        title="PolyNet: A Pursuit of Structural Diversity in Very Deep Networks",
        authors="Zhang, Li, Loy, Lin",
        year=2016,
        venue="CVPR 2017",
        link="https://arxiv.org/abs/1611.05725",
    ),
    categories=("width",),
    input_shape=(3, 331, 331),
    params=Printed("95,366,600", "osmr/imgclsmob, README"),
    errors=(
        PublishedError(
            18.71, "top-1", "ImageNet", "validation, one crop", "Table 8 of Hu et al. 2017, arXiv 1709.01507, which lists it"
        ),
        PublishedError(4.25, "top-5", "ImageNet", "validation, one crop", "abstract"),
        PublishedError(3.45, "top-5", "ImageNet", "validation, many crops", "abstract"),
    ),
    differs="It has no stochastic paths, which leave units out late in training. A poly unit shares its convolutions between its "
    "powers, but for the last 1×1 and the norms, as the published weights do.",
)
Layers = tuple[tuple[int, Size], ...]  # filters and kernel of convolutions in a row
# Inception-ResNet-v2's units, which PolyNet takes over: channels, then the branches before the 1×1 that puts them together
STAGES: dict[str, tuple[int, tuple[Layers, ...]]] = {
    "a": (384, (((32, 1), (48, 3), (64, 3)), ((32, 1), (32, 3)), ((32, 1),))),
    "b": (1152, (((128, 1), (160, (1, 7)), (192, (7, 1))), ((192, 1),))),
    "c": (2048, (((192, 1), (224, (1, 3)), (256, (3, 1))), ((192, 1),))),
}
COUNTS = {"a": 10, "b": 20, "c": 10}  # units of the Very Deep PolyNet


def unpadded(channels: int, filters: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Convolution without padding, batch normalisation, ReLU."""
    layers: dict[str, nn.Module] = {
        "conv": nn.Conv2d(channels, filters, kernel, stride, bias=False),
        "norm": nn.BatchNorm2d(filters),
        "act": nn.ReLU(),
    }
    return nn.Sequential(OrderedDict(layers))


def row_of(channels: int, layers: Layers) -> nn.Sequential:
    """Convolutions in a row that keep the size."""
    steps = []
    for filters, kernel in layers:
        steps.append(conv_norm_act(channels, filters, kernel))
        channels = filters
    return nn.Sequential(*steps)


class Inception(nn.Module):
    """F: branches side by side, then a 1×1 convolution to as many channels as x has, without activation."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        channels, rows = STAGES[stage]
        self.mixed = Concat(**{f"branch{number}": row_of(channels, layers) for number, layers in enumerate(rows, 1)})
        self.join = conv_norm(sum(layers[-1][0] for layers in rows), channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.join(self.mixed(x))
        return y

    def share(self, other: Inception) -> None:
        """Take over the other's convolutions in the branches, but not its norms and its last convolution."""
        blocks = {path: block for path, block in self.mixed.named_modules() if hasattr(block, "conv")}
        for path, block in blocks.items():
            block.add_module("conv", other.mixed.get_submodule(f"{path}.conv"))


class TwoWay(nn.Module):
    """relu(x + β (F(x) + G(x))): two residuals side by side, I + F + G."""

    def __init__(self, stage: str, scale: float) -> None:
        super().__init__()
        self.f, self.g = Inception(stage), Inception(stage)
        self.scale = scale
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.relu(x + self.scale * self.f(x) + self.scale * self.g(x))
        return y


class Poly3(nn.Module):
    """relu(x + β (F(x) + F(F(x)) + F(F(F(x))))): a residual applied to itself, I + F + F² + F³, with a ReLU between."""

    def __init__(self, stage: str, scale: float) -> None:
        super().__init__()
        first, *later = (Inception(stage) for _ in range(3))
        for power in later:
            power.share(first)
        self.powers = nn.ModuleList([first, *later])
        self.scale = scale
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        first, *later = self.powers
        residual = first(x)
        total = x + self.scale * residual
        for f in later:
            residual = f(self.relu(residual))
            total = total + self.scale * residual
        y: Tensor = self.relu(total)
        return y


def stem(in_channels: int) -> nn.Sequential:
    """(N, C, 331, 331) to (N, 384, 39, 39), as Inception-v4 begins."""
    long = [conv_norm_act(160, 64, 1), conv_norm_act(64, 64, (7, 1)), conv_norm_act(64, 64, (1, 7)), unpadded(64, 96, 3)]
    layers: dict[str, nn.Module] = {
        "conv1": unpadded(in_channels, 32, 3, 2),
        "conv2": unpadded(32, 32, 3),
        "conv3": conv_norm_act(32, 64, 3),
        "mixed1": Concat(pool=nn.MaxPool2d(3, 2), conv=unpadded(64, 96, 3, 2)),  # 160×81×81
        "mixed2": Concat(short=nn.Sequential(conv_norm_act(160, 64, 1), unpadded(64, 96, 3)), long=nn.Sequential(*long)),
        "mixed3": Concat(pool=nn.MaxPool2d(3, 2), conv=unpadded(192, 192, 3, 2)),  # 384×39×39
    }
    return nn.Sequential(OrderedDict(layers))


def reduction_a() -> Concat:
    """384 to 1152 channels, half the size."""
    deep = nn.Sequential(conv_norm_act(384, 256, 1), conv_norm_act(256, 256, 3), unpadded(256, 384, 3, 2))
    return Concat(deep=deep, conv=unpadded(384, 384, 3, 2), pool=nn.MaxPool2d(3, 2))


def reduction_b() -> Concat:
    """1152 to 2048 channels, half the size."""
    deep = nn.Sequential(conv_norm_act(1152, 256, 1), conv_norm_act(256, 256, 3), unpadded(256, 256, 3, 2))
    first = nn.Sequential(conv_norm_act(1152, 256, 1), unpadded(256, 256, 3, 2))
    second = nn.Sequential(conv_norm_act(1152, 256, 1), unpadded(256, 384, 3, 2))
    return Concat(deep=deep, first=first, second=second, pool=nn.MaxPool2d(3, 2))


# which units a stage has, in turn
KINDS: dict[str, tuple[type[Poly3] | type[TwoWay], ...]] = {"a": (TwoWay,), "b": (Poly3, TwoWay), "c": (Poly3, TwoWay)}


def units(stage: str, scale: float) -> nn.Sequential:
    """A stage's units: 2-way ones in stage a, poly-3 and 2-way ones in turn in the others."""
    kinds = KINDS[stage]
    return nn.Sequential(*(kinds[place % len(kinds)](stage, scale) for place in range(COUNTS[stage])))


@architecture(CARD)
def polynet(classes: int, in_channels: int, scale: float = 0.3) -> nn.Module:
    """(N, C, H, W) to logits (N, classes). scale: β, what every residual is multiplied by."""
    layers: dict[str, nn.Module] = {
        "stem": stem(in_channels),
        "stage_a": units("a", scale),
        "reduction_a": reduction_a(),
        "stage_b": units("b", scale),
        "reduction_b": reduction_b(),
        "stage_c": units("c", scale),
        "head": head(2048, classes, dropped=0.2),
    }
    return nn.Sequential(OrderedDict(layers))
