"""Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift.

Ioffe & Szegedy, 2015, arXiv 1502.03167, Figure 5 and the appendix's text, which describe the network; Figure 4, its errors.
Differs here: three sizes of Figure 5 are not what its branches add up to, see the card; the auxiliary heads of the training,
which the paper does not describe, are left out.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from cnnviz.zoo.blocks import Concat, conv, conv_norm_act, head
from cnnviz.zoo.cards import Card, Paper, PublishedError
from cnnviz.zoo.registry import architecture

CARD = Card(
    name="bn_inception",
    title="BN-Inception",
    family="bn_inception",
    paper=Paper(
        title="Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
        authors="Ioffe, Szegedy",
        year=2015,
        venue="ICML 2015",
        link="https://arxiv.org/abs/1502.03167",
    ),
    categories=("spatial exploitation",),
    unprinted="The paper's 13.6 M counts more than the layers of its Figure 5, which have 11.3 M. The 11,295,240 of the "
    "Caffe and PyTorch versions are of a first layer that is not separable, and of biases; a test adds them.",
    errors=(
        PublishedError(25.2, "top-1", "ImageNet", "validation, one network, one crop", "Figure 4"),
        PublishedError(7.82, "top-5", "ImageNet", "validation, one network, one crop", "Figure 4"),
        PublishedError(4.82, "top-5", "ImageNet", "test, six networks, many crops", "Figure 4"),
    ),
    differs="The first layer is separable, eight maps a channel and then 1×1, as the appendix says. Figure 5 prints 576 maps "
    "after 4c and 4d and 1024 after 4e, but the branches that it prints add up to 608, 608 and 1056, which stand here. This is "
    "the network of the batch normalisation paper; the 299-pixel table that is often called Inception v2 is a later paper's.",
    surveyed=False,
)
MULTIPLIER = 8  # maps of the first, separable convolution for each channel of the image

# Figure 5: #1×1, #3×3 reduce, #3×3, double #3×3 reduce, double #3×3, kind of pool, its projection; where #1×1 is 0 the stride is
# 2 and the pool passes through
INCEPTIONS = {
    "3a": (64, 64, 64, 64, 96, "avg", 32),
    "3b": (64, 64, 96, 64, 96, "avg", 64),
    "3c": (0, 128, 160, 64, 96, "max", 0),
    "4a": (224, 64, 96, 96, 128, "avg", 128),
    "4b": (192, 96, 128, 96, 128, "avg", 128),
    "4c": (160, 128, 160, 128, 160, "avg", 128),
    "4d": (96, 128, 192, 160, 192, "avg", 128),
    "4e": (0, 128, 192, 192, 256, "max", 0),
    "5a": (352, 192, 320, 160, 224, "avg", 128),
    "5b": (352, 192, 320, 192, 224, "max", 128),
}
Widths = tuple[int, int, int, int, int, str, int]


def normalised_inception(channels: int, widths: Widths) -> Concat:
    """Figure 2b of GoogLeNet with two 3×3 convolutions in place of a 5×5; batch normalisation after each."""
    one, reduce3, three, reduced, double, kind, projected = widths
    stride = 1 if one else 2
    pool = nn.AvgPool2d(3, 1, 1) if kind == "avg" else nn.MaxPool2d(3, stride, 1)
    branches: dict[str, nn.Module] = {"1x1": conv_norm_act(channels, one, 1)} if one else {}
    branches["3x3"] = _chain(reduce=conv_norm_act(channels, reduce3, 1), window=conv_norm_act(reduce3, three, 3, stride))
    branches["twice"] = _chain(
        reduce=conv_norm_act(channels, reduced, 1),
        window1=conv_norm_act(reduced, double, 3),
        window2=conv_norm_act(double, double, 3, stride),
    )
    branches["pool"] = _chain(pool=pool, project=conv_norm_act(channels, projected, 1)) if projected else pool
    return Concat(**branches)


def output_channels(channels: int, widths: Widths) -> int:
    """Maps that a module puts out; where the pool passes through, those that came in are among them."""
    one, _, three, _, double, _, projected = widths
    return one + three + double + (projected or channels)


def _chain(**layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict(layers))


@architecture(CARD)
def bn_inception(classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes)."""
    separable = MULTIPLIER * in_channels
    layers: dict[str, nn.Module] = {
        "conv1_depthwise": conv(in_channels, separable, 7, 2, groups=in_channels),  # 24×112×112
        "conv1": conv_norm_act(separable, 64, 1),
        "pool1": nn.MaxPool2d(3, 2, 1),  # 64×56×56
        "conv2_reduce": conv_norm_act(64, 64, 1),
        "conv2": conv_norm_act(64, 192, 3),
        "pool2": nn.MaxPool2d(3, 2, 1),  # 192×28×28
    }
    channels = 192
    for place, widths in INCEPTIONS.items():
        layers[f"inception_{place}"] = normalised_inception(channels, widths)
        channels = output_channels(channels, widths)
    layers["head"] = head(channels, classes)
    return nn.Sequential(OrderedDict(layers))
