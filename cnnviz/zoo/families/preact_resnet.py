"""Identity Mappings in Deep Residual Networks.

He, Zhang, Ren & Sun, 2016, arXiv 1603.05027, Figures 1 (b) and 4 (e), section 5 and the appendix.
Differs here: the paper trains 110, 164, 1001, 152 and 200 layers; the smaller ones have the stages of ResNet-18 … 101.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

from torch import Tensor, nn

from cnnviz.zoo.blocks import conv, conv_norm_act, head
from cnnviz.zoo.cards import Card, Paper, PublishedError
from cnnviz.zoo.registry import register

PAPER = Paper(
    title="Identity Mappings in Deep Residual Networks",
    authors="He, Zhang, Ren, Sun",
    year=2016,
    venue="ECCV 2016",
    link="https://arxiv.org/abs/1603.05027",
)
WIDTHS = (64, 128, 256, 512)


class PreAct(nn.Module):
    """x + F(x), F with batch normalisation and ReLU before each convolution, so that nothing but sums lies on the way through.

    kernels: of F's convolutions, (3, 3) or (1, 3, 1), the stride at the first; expansion: how many times `width` the last puts
    out; begins: whether it is the first of all, which finds x activated. Where the sizes change, the activated x goes both ways,
    through a 1×1 convolution on the shortcut.
    """

    def __init__(
        self, channels: int, width: int, stride: int, kernels: tuple[int, ...], expansion: int, begins: bool = False
    ) -> None:
        super().__init__()
        filters = width * expansion
        self.act1 = nn.Identity() if begins else norm_act(channels)
        widths = [channels, *[width] * (len(kernels) - 1), filters]
        layers: dict[str, nn.Module] = {}
        for number, kernel in enumerate(kernels, 1):
            if number > 1:
                layers[f"act{number}"] = norm_act(widths[number - 1])
            layers[f"conv{number}"] = conv(widths[number - 1], widths[number], kernel, stride if number == 1 else 1)
        self.residual = nn.Sequential(OrderedDict(layers))
        self.shortcut = None if (channels, stride) == (filters, 1) else conv(channels, filters, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        active = self.act1(x)
        way = x if self.shortcut is None else self.shortcut(active)
        y: Tensor = way + self.residual(active)
        return y


def norm_act(channels: int) -> nn.Sequential:
    """Batch normalisation, then ReLU."""
    return nn.Sequential(OrderedDict(norm=nn.BatchNorm2d(channels), relu=nn.ReLU()))


def preact_resnet(counts: tuple[int, ...], kernels: tuple[int, ...], classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes). counts: blocks a stage."""
    expansion = 1 if len(kernels) == 2 else 4
    layers: dict[str, nn.Module] = {
        "conv1": conv_norm_act(in_channels, 64, 7, 2),
        "pool1": nn.MaxPool2d(3, 2, 1),
    }
    channels = 64
    for stage, (width, count) in enumerate(zip(WIDTHS, counts, strict=True), 2):
        blocks = []
        for place in range(count):
            stride = 2 if place == 0 and stage > 2 else 1
            blocks.append(PreAct(channels, width, stride, kernels, expansion, begins=place == 0 and stage == 2))
            channels = width * expansion
        layers[f"conv{stage}_x"] = nn.Sequential(*blocks)
    layers["last"] = norm_act(channels)
    layers["head"] = head(channels, classes)
    return nn.Sequential(OrderedDict(layers))


BASIC, BOTTLENECK = (3, 3), (1, 3, 1)
CONFIGURATIONS = {
    18: (BASIC, (2, 2, 2, 2)),
    34: (BASIC, (3, 4, 6, 3)),
    50: (BOTTLENECK, (3, 4, 6, 3)),
    101: (BOTTLENECK, (3, 4, 23, 3)),
    152: (BOTTLENECK, (3, 8, 36, 3)),
    200: (BOTTLENECK, (3, 24, 36, 3)),
}
# Table 5: top-1 and top-5 errors, one crop of 320
ERRORS = {
    152: ((21.1, 5.5, "scale augmentation"),),
    200: ((20.7, 5.3, "scale augmentation"), (20.1, 4.8, "scale and aspect ratio augmentation")),
}


def _errors(layers: int) -> tuple[PublishedError, ...]:
    return tuple(
        PublishedError(percent, measure, "ImageNet", f"validation, one crop of 320, {how}", "Table 5")
        for top1, top5, how in ERRORS.get(layers, ())
        for percent, measure in ((top1, "top-1"), (top5, "top-5"))
    )


def _register(layers: int) -> None:
    kernels, counts = CONFIGURATIONS[layers]
    small = f"The paper has no ImageNet network of this depth: the stages are those of ResNet-{layers}."
    card = Card(
        name=f"preact_resnet{layers}",
        title=f"Pre-activation ResNet-{layers}",
        family="preact_resnet",
        paper=PAPER,
        categories=("depth", "multi-path"),
        unprinted="The paper prints none; others count 128 more, for a norm that they have before the first unit.",
        depth=layers,
        errors=_errors(layers),
        differs="" if layers in ERRORS else small,
        surveyed=False,
    )
    register(card, partial(preact_resnet, counts, kernels))


for each in CONFIGURATIONS:
    _register(each)
