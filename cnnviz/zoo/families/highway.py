"""Highway Networks.

Srivastava, Greff & Schmidhuber, 2015, arXiv 1505.00387, equations 2–5 and section 3, the fully connected networks for MNIST; and
Training Very Deep Networks by the same, arXiv 1507.06228, Table 1, the convolutional ones.
Differs here: the convolutional network's windows and pools are not printed, see its card.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from torch import Tensor, nn

from cnnviz.zoo.blocks import conv
from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import architecture

FULLY_CONNECTED = Card(
    name="highway_fc50",
    title="Highway-50 (fully connected)",
    family="highway",
    paper=Paper(
        title="Highway Networks",
        authors="Srivastava, Greff, Schmidhuber",
        year=2015,
        venue="ICML 2015 Deep Learning Workshop",
        link="https://arxiv.org/abs/1505.00387",
    ),
    categories=("depth", "multi-path"),
    input_shape=(1, 28, 28),
    classes=10,
    unprinted="The paper prints about 5000 weights a layer: 2 · 50 · 50, which a test holds each layer to.",
    differs="The paper counts 50 layers without the output. It draws activation and gate bias at random among settings; here "
    "they are ReLU and −2.",
)
CONVOLUTIONAL = Card(
    name="highway_conv10",
    title="Highway-10 (convolutional, width 32)",
    family="highway",
    paper=Paper(
        title="Training Very Deep Networks",
        authors="Srivastava, Greff, Schmidhuber",
        year=2015,
        venue="NIPS 2015",
        link="https://arxiv.org/abs/1507.06228",
    ),
    categories=("depth", "multi-path"),
    input_shape=(1, 28, 28),
    classes=10,
    params=Printed("151k", "Table 1"),
    depth=10,
    errors=(PublishedError(0.45, "error", "MNIST", "test", "Table 1, 99.55 % right", checked=False),),
    differs="The paper prints ten layers, widths 16 and 32 and the parameters of both, 39 K and 151 K. One plain and eight "
    "highway layers of 3×3 windows, three 2×2 pools and an output fit both; where the pools stand is ours.",
)


class Highway(nn.Module):
    """y = H(x) T(x) + x (1 − T(x)), T a sigmoid whose bias starts below zero, so that x passes at first.

    layer: makes H's and T's layer, which keeps the shape of x.
    """

    def __init__(self, layer: Callable[[], nn.Conv2d | nn.Linear], gate_bias: float) -> None:
        super().__init__()
        self.h = layer()
        self.relu = nn.ReLU()
        self.t = layer()
        self.gate = nn.Sigmoid()
        if self.t.bias is not None:
            nn.init.constant_(self.t.bias, gate_bias)

    def forward(self, x: Tensor) -> Tensor:
        t: Tensor = self.gate(self.t(x))
        return self.relu(self.h(x)) * t + x * (1 - t)


@architecture(FULLY_CONNECTED)
def highway_fc(classes: int, in_channels: int, layers: int = 50, width: int = 50, gate_bias: float = -2.0) -> nn.Module:
    """(N, C, 28, 28) to logits (N, classes). layers: the plain one and the highway layers; gate_bias: T's at the start."""
    modules: dict[str, nn.Module] = {"flatten": nn.Flatten(), "plain1": nn.Linear(in_channels * 28 * 28, width)}
    modules["relu1"] = nn.ReLU()
    modules |= {f"highway{number}": Highway(lambda: nn.Linear(width, width), gate_bias) for number in range(2, layers + 1)}
    return nn.Sequential(OrderedDict(modules | {"output": nn.Linear(width, classes)}))


@architecture(CONVOLUTIONAL)
def highway_conv(classes: int, in_channels: int, width: int = 32, gate_bias: float = -2.0) -> nn.Module:
    """(N, C, 28, 28) to logits (N, classes). gate_bias: T's at the start."""
    modules: dict[str, nn.Module] = {"plain1": conv(in_channels, width, 3, bias=True), "relu1": nn.ReLU()}
    for number in range(2, 10):
        modules[f"highway{number}"] = Highway(lambda: conv(width, width, 3, bias=True), gate_bias)
        if number in (4, 7, 9):
            modules[f"pool{number}"] = nn.MaxPool2d(2, 2)  # 14, 7 and 3 a side
    modules |= {"flatten": nn.Flatten(), "output": nn.Linear(width * 3 * 3, classes)}
    return nn.Sequential(OrderedDict(modules))
