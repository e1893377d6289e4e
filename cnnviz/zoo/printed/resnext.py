"""ResNeXt's table of ResNet-50 beside ResNeXt-50, stage by stage."""

from __future__ import annotations

from cnnviz.zoo.printed import measures
from cnnviz.zoo.printed.alexnet import LOGITS
from cnnviz.zoo.printed.tables import Column, Line, Table, Unlike


def _stage(number: int, side: str, widths: tuple[int, int], filters: int, blocks: int) -> Line:
    """widths: of the inner convolutions of both networks; filters: of a block's last; blocks: of the stage."""
    plain = f"[1×1, {widths[0]}; 3×3, {widths[0]}; 1×1, {filters}] ×{blocks}"
    grouped = f"[1×1, {widths[1]}; 3×3, {widths[1]}, C=32; 1×1, {filters}] ×{blocks}"
    return Line(f"conv{number}", f"conv{number}_x", (side, plain, grouped))


RESNEXT = Table(
    title="ResNet-50 and ResNeXt-50",
    networks=("resnet50_v1_5", "resnext50_32x4d"),
    source="“Aggregated Residual Transformations for Deep Neural Networks”, Table 1",
    checked="as the lecture prints it",
    first="Stage",
    columns=(
        Column("Output", measures.output_side),
        Column("ResNet-50", measures.layer),
        Column("ResNeXt-50 (32×4d)", measures.layer, of=1),
        Column("Params, ResNet-50", measures.params, unit=1e6, suffix="M", decimals=2),
        Column("Params, ResNeXt-50", measures.params, unit=1e6, suffix="M", decimals=2, of=1),
        Column("FLOPs, ResNet-50", measures.macs, unit=1e9, suffix="G", decimals=3),
        Column("FLOPs, ResNeXt-50", measures.macs, unit=1e9, suffix="G", decimals=3, of=1),
    ),
    lines=(
        Line("conv1", "conv1", ("112×112", "7×7, 64, stride 2", "7×7, 64, stride 2")),
        Line("conv2, its pool", "pool1", ("", "3×3 max pool, stride 2", "3×3 max pool, stride 2")),
        _stage(2, "56×56", (64, 128), 256, 3),
        _stage(3, "28×28", (128, 256), 512, 4),
        _stage(4, "14×14", (256, 512), 1024, 6),
        _stage(5, "7×7", (512, 1024), 2048, 3),
        Line("last, its pool", "head.pool", ("1×1", "global average pool", "global average pool")),
        Line("last", "head.fc", ("", Unlike("1000-d fc, softmax", LOGITS), Unlike("1000-d fc, softmax", LOGITS))),
        Line("whole network", "*", ("", "", "", "25.5M", "25.0M", "4.1G", "4.2G")),
    ),
    told=(
        "The 25.5 M parameters of ResNet-50 are 25.557 M, cut and not rounded.",
        "Its FLOPs are multiply-adds, and those of a ResNet-50 whose 3×3 convolutions stride, as the paper says of its own: the "
        "first paper's, which strides at the 1×1 before, has 3.86 G.",
    ),
)
