"""The lecture's table of AlexNet's layers."""

from __future__ import annotations

from cnnviz.zoo.printed import measures
from cnnviz.zoo.printed.tables import Column, Line, Reason, Table, Unlike

NO_LAYER = Reason(
    "The row of 9216 is the last map, flattened to 256 · 6 · 6 numbers: an input and no layer. It has no weights, no activation "
    "and so no number, and each layer after it is printed one too high: 5 convolutions and 3 fully connected layers are 8."
)
POOLS = Reason("A pool has no activation of its own: the ReLU stands before it, behind the convolution.")
ONE_IMAGE = Reason("The column counts maps, and an image of three colours is three of them: the 1 counts images.")
LOGITS = Reason(
    "Ours puts out logits: the softmax belongs to the loss, where it is taken in one step with the logarithm.", misprint=False
)


def _pool(name: str, maps: str, size: str) -> Line:
    return Line("Max pooling", name, ("", maps, size, "3×3", "2", Unlike("relu", POOLS)))


def _convolution(number: int, maps: str, size: str, kernel: str, stride: str) -> Line:
    return Line("Convolution", f"conv{number} relu{number}", (str(number), maps, size, kernel, stride, "relu"))


ALEXNET = Table(
    title="AlexNet",
    networks=("alexnet_one_tower",),
    source="The lecture's table of AlexNet; the paper has a figure instead",
    checked="as the lecture prints it",
    first="",
    columns=(
        Column("Layer", measures.layer_number),
        Column("Feature map", measures.maps),
        Column("Size", measures.size_or_length),
        Column("Kernel size", measures.kernel),
        Column("Stride", measures.stride),
        Column("Activation", measures.activation),
        Column("Parameters", measures.params, unit=1),
        Column("Multiply-adds", measures.macs, unit=1),
    ),
    lines=(
        Line("Image", "input", ("", Unlike("1", ONE_IMAGE), "227×227×3")),
        _convolution(1, "96", "55×55×96", "11×11", "4"),
        _pool("pool1", "96", "27×27×96"),
        _convolution(2, "256", "27×27×256", "5×5", "1"),
        _pool("pool2", "256", "13×13×256"),
        _convolution(3, "384", "13×13×384", "3×3", "1"),
        _convolution(4, "384", "13×13×384", "3×3", "1"),
        _convolution(5, "256", "13×13×256", "3×3", "1"),
        _pool("pool5", "256", "6×6×256"),
        Line("FC", "drop6", (Unlike("6", NO_LAYER), "", "9216", "", "", Unlike("relu", NO_LAYER))),
        Line("FC", "fc6 relu6", (Unlike("7", NO_LAYER), "", "4096", "", "", "relu")),
        Line("FC", "fc7 relu7", (Unlike("8", NO_LAYER), "", "4096", "", "", "relu")),
        Line("FC, output", "fc8", ("", "", "1000", "", "", Unlike("softmax", LOGITS))),
    ),
    told=(
        "The network of this table has one tower: the paper's has two, which halve the weights of the second, fourth and fifth "
        "convolution. “Some of the layers are skipped randomly”, says the lecture beside it: dropout drops units and no layers.",
    ),
)
