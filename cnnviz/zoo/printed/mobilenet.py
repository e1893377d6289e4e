"""The tables of both MobileNets."""

from __future__ import annotations

from cnnviz.zoo.printed import measures
from cnnviz.zoo.printed.tables import Column, Line, Reason, Table, Unlike

STRIDE_1 = Reason(
    "With stride 2 this row would leave 4 × 4, and the next one is printed with maps of 7 × 7: its stride is 1, or there would "
    "be nothing for the pool of 7×7 to pool."
)
PLACED_ONCE = Reason("What is applied once, a window as large as its map or a matrix product, has no stride.", misprint=False)


def _conv(name: str, stride: str | Unlike, shape: str, fed: str) -> Line:
    return Line("Conv dw" if shape.endswith("dw") else "Conv", name, ("", stride, shape, fed))


def _pair(number: int, stride: str | Unlike, maps: int, filters: int, side: int, out: int) -> tuple[Line, Line]:
    """A filter for each of `maps` maps, then 1×1 to `filters`. side, out: of the maps before and after the stride."""
    depthwise = _conv(f"separable{number}.depthwise", stride, f"3×3×{maps} dw", f"{side}×{side}×{maps}")
    return depthwise, _conv(f"separable{number}.pointwise", "s1", f"1×1×{maps}×{filters}", f"{out}×{out}×{maps}")


def _five(module: str, shape: str) -> Line:
    names = " ".join(f"separable{number}.{module}" for number in range(8, 13))
    return Line("Conv dw" if shape.endswith("dw") else "Conv", names, ("5×", "s1", shape, "14×14×512"))


MOBILENET_V1 = Table(
    title="MobileNet v1",
    networks=("mobilenet_v1",),
    source="“MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications”, Table 1",
    checked="as the lecture prints it",
    first="Type",
    columns=(
        Column("Times", measures.times),
        Column("Stride", measures.stride_with_s),
        Column("Filter shape", measures.filter_shape),
        Column("Input size", measures.input_size),
        Column("Parameters", measures.params, unit=1),
        Column("Multiply-adds", measures.macs, unit=1),
    ),
    lines=(
        _conv("conv1", "s2", "3×3×3×32", "224×224×3"),
        *_pair(2, "s1", 32, 64, 112, 112),
        *_pair(3, "s2", 64, 128, 112, 56),
        *_pair(4, "s1", 128, 128, 56, 56),
        *_pair(5, "s2", 128, 256, 56, 28),
        *_pair(6, "s1", 256, 256, 28, 28),
        *_pair(7, "s2", 256, 512, 28, 14),
        _five("depthwise", "3×3×512 dw"),
        _five("pointwise", "1×1×512×512"),
        *_pair(13, "s2", 512, 1024, 14, 7),
        *_pair(14, Unlike("s2", STRIDE_1), 1024, 1024, 7, 7),
        Line("Avg Pool", "head.pool", ("", Unlike("s1", PLACED_ONCE), "Pool 7×7", "7×7×1024")),
        Line("FC", "head.fc", ("", Unlike("s1", PLACED_ONCE), "1024×1000", "1×1×1024")),
        Line("Softmax, classifier", "", ("", Unlike("s1", PLACED_ONCE), "", "1×1×1000")),
    ),
    told=("Parameters count the scale and shift of the normalisation behind each convolution.",),
)


def _bottleneck(number: int, fed: str, t: str, c: str, n: str, s: str) -> Line:
    return Line("bottleneck", f"bottleneck{number}", (fed, t, c, n, s))


MOBILENET_V2 = Table(
    title="MobileNet v2",
    networks=("mobilenet_v2",),
    source="“MobileNetV2: Inverted Residuals and Linear Bottlenecks”, Table 2",
    checked="as the lecture prints it",
    first="Operator",
    columns=(
        Column("Input", measures.squared_input),
        Column("t", measures.expansion),
        Column("c", measures.filters),
        Column("n", measures.repeats),
        Column("s", measures.stride),
        Column("Parameters", measures.params, unit=1),
        Column("Multiply-adds", measures.macs, unit=1),
    ),
    lines=(
        Line("conv2d", "conv1", ("224²×3", "", "32", "1", "2")),
        _bottleneck(1, "112²×32", "1", "16", "1", "1"),
        _bottleneck(2, "112²×16", "6", "24", "2", "2"),
        _bottleneck(3, "56²×24", "6", "32", "3", "2"),
        _bottleneck(4, "28²×32", "6", "64", "4", "2"),
        _bottleneck(5, "14²×64", "6", "96", "3", "1"),
        _bottleneck(6, "14²×96", "6", "160", "3", "2"),
        _bottleneck(7, "7²×160", "6", "320", "1", "1"),
        Line("conv2d 1x1", "conv9", ("7²×320", "", "1280", "1", "1")),
        Line("avgpool 7x7", "head.pool", ("7²×1280", "", "", "1", "")),
        Line("conv2d 1x1, to k classes", "head.fc", ("1×1×1280",)),
    ),
    told=(
        "t: how many times as wide the block is inside; c: channels out; n: blocks; s: the first one's stride, the others "
        "have 1.",
        "The last row's 1×1 convolution of one pixel is a fully connected layer, as which it stands here.",
    ),
)
