"""EfficientNet's table of its smallest network."""

from __future__ import annotations

from cnnviz.zoo.printed import measures
from cnnviz.zoo.printed.tables import Column, Line, Table


def _stage(number: int, operator: str, side: int, channels: str, layers: str) -> Line:
    return Line(str(number), f"stage{number}", (operator, f"{side}×{side}", channels, layers))


EFFICIENTNET_B0 = Table(
    title="EfficientNet-B0",
    networks=("efficientnet_b0",),
    source="“EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks”, Table 1",
    checked="as the lecture prints it",
    first="Stage",
    columns=(
        Column("Operator", measures.operator),
        Column("Resolution", measures.input_side),
        Column("#Channels", measures.filters_of_convolution),
        Column("#Layers", measures.repeats),
        Column("Resolution out", measures.output_side),
        Column("Parameters", measures.params, unit=1),
        Column("Multiply-adds", measures.macs, unit=1),
    ),
    lines=(
        _stage(1, "Conv3x3", 224, "32", "1"),
        _stage(2, "MBConv1, k3x3", 112, "16", "1"),
        _stage(3, "MBConv6, k3x3", 112, "24", "2"),
        _stage(4, "MBConv6, k5x5", 56, "40", "2"),
        _stage(5, "MBConv6, k3x3", 28, "80", "3"),
        _stage(6, "MBConv6, k5x5", 14, "112", "3"),
        _stage(7, "MBConv6, k5x5", 14, "192", "4"),
        _stage(8, "MBConv6, k3x3", 7, "320", "1"),
        _stage(9, "Conv1x1 & Pooling & FC", 7, "1280", "1"),
    ),
    told=(
        "The column “resolution” is what goes into a stage, and “#channels” what comes out of it: stage 3 makes 24 maps of 56 × "
        "56 out of 16 maps of 112 × 112. Strides are not printed; they follow from the resolutions.",
    ),
)
