"""Learning Spatiotemporal Features with 3D Convolutional Networks.

Tran, Bourdev, Fergus, Torresani & Paluri, 2014, arXiv 1412.0767, section 3.3 and Figure 3.
Differs here: nothing known; pools round sizes up, as the authors' Caffe does, which matters at pool5 only.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from cnnviz.zoo.cards import Card, Paper, Printed
from cnnviz.zoo.registry import architecture

CARD = Card(
    name="c3d",
    title="C3D",
    family="c3d",
    paper=Paper(
        title="Learning Spatiotemporal Features with 3D Convolutional Networks",
        authors="Tran, Bourdev, Fergus, Torresani, Paluri",
        year=2014,
        venue="ICCV 2015",
        link="https://arxiv.org/abs/1412.0767",
    ),
    categories=("spatial exploitation",),
    input_shape=(3, 16, 112, 112),
    classes=487,
    params=Printed("79,991,015", "litao1381/C3D_Sport1M_keras, README"),
    depth=11,
    differs="pool5 rounds 3.5 up to 4 places, as the authors' Caffe does, so that fc6 sees 512×1×4×4 values. The 17.5M "
    "parameters that the paper prints are those of the smaller networks which it compares first.",
    surveyed=False,
)
# Figure 3: filters of the 3×3×3 convolutions before each pool
FILTERS = ((64,), (128,), (256, 256), (512, 512), (512, 512))


@architecture(CARD)
def c3d(classes: int, in_channels: int) -> nn.Module:
    """Clips (N, C, 16, 112, 112) to logits (N, classes)."""
    layers: dict[str, nn.Module] = {}
    channels = in_channels
    for stage, widths in enumerate(FILTERS, 1):
        for width, letter in zip(widths, "ab", strict=False):
            layers[f"conv{stage}{letter}"] = nn.Conv3d(channels, width, 3, padding=1)
            layers[f"relu{stage}{letter}"] = nn.ReLU()
            channels = width
        sides = (1, 2, 2) if stage == 1 else (2, 2, 2)  # time is not merged too early: section 3.1
        layers[f"pool{stage}"] = nn.MaxPool3d(sides, sides, ceil_mode=True)
    layers["flatten"] = nn.Flatten()  # 512 · 1 · 4 · 4 = 8192
    for number, features in ((6, 8192), (7, 4096)):
        layers[f"fc{number}"] = nn.Linear(features, 4096)
        layers[f"relu{number}"] = nn.ReLU()
        layers[f"drop{number}"] = nn.Dropout(0.5)
    layers["fc8"] = nn.Linear(4096, classes)
    return nn.Sequential(OrderedDict(layers))
