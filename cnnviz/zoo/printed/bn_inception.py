"""BN-Inception's table of its modules."""

from __future__ import annotations

from cnnviz.zoo.printed import measures
from cnnviz.zoo.printed.googlenet import ONE_PLACE
from cnnviz.zoo.printed.tables import Column, Line, Reason, Table, Unlike

TWO_HALVES = Reason(
    "The star stands for a separable convolution: a 7×7 for each channel, 8 times over, and a 1×1 across them. These are two "
    "layers with weights; the print counts what they do together.",
    misprint=False,
)
TWO_LAYERS = Reason(
    "The row's 1×1 to 64 maps and 3×3 to 192 are two layers with weights. GoogLeNet's table, from which this one comes, prints 2."
)
HALVED = Reason(
    "The stride of 2 in the same row halves the grid, and the next row has 14 × 14: the print gives the channels of what goes "
    "out and the side of what comes in."
)
BRANCHES = Reason(
    "The branches of the same row add up to more: 160 + 160 + 160 + 128 in 4c and 96 + 192 + 192 + 128 in 4d are 608. Ours has "
    "the branches."
)
BOTH = Reason(
    "Stride 2 makes 7 × 7 of 14 × 14, which the next row has, and 192 + 256 and the 608 maps that pass through are 1056. Ours "
    "has the branches, and their 1056 maps go on to 5a."
)


def _inception(place: str, size: str | Unlike, widths: tuple[str, ...], pool: str, halves: str = "") -> Line:
    return Line(f"inception ({place})", f"inception_{place}", (halves, size, "3", *widths, pool))


BN_INCEPTION = Table(
    title="BN-Inception",
    networks=("bn_inception",),
    source="“Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift”, Figure 5",
    checked="read in a copy of the paper's text",
    first="Type",
    columns=(
        Column("Patch size/stride", measures.patch_or_stride),
        Column("Output size", measures.output_size),
        Column("Depth", measures.weighted_layers),
        Column("#1×1", measures.filters_of("branches.1x1")),
        Column("#3×3 reduce", measures.filters_of("3x3.reduce", "conv2_reduce")),
        Column("#3×3", measures.filters_of("3x3.window", "conv2")),
        Column("Double #3×3 reduce", measures.filters_of("twice.reduce")),
        Column("Double #3×3", measures.filters_of("twice.window2")),
        Column("Pool + proj", measures.pool_and_projection),
        Column("Parameters", measures.params, unit=1),
        Column("Multiply-adds", measures.macs, unit=1),
    ),
    lines=(
        Line("convolution*", "conv1_depthwise conv1", ("7×7/2", "112×112×64", Unlike("1", TWO_HALVES))),
        Line("max pool", "pool1", ("3×3/2", "56×56×64", "0")),
        Line("convolution", "conv2_reduce conv2", ("3×3/1", "56×56×192", Unlike("1", TWO_LAYERS), "", "64", "192")),
        Line("max pool", "pool2", ("3×3/2", "28×28×192", "0")),
        _inception("3a", "28×28×256", ("64", "64", "64", "64", "96"), "avg + 32"),
        _inception("3b", "28×28×320", ("64", "64", "96", "64", "96"), "avg + 64"),
        _inception("3c", Unlike("28×28×576", HALVED), ("0", "128", "160", "64", "96"), "max + pass through", "stride 2"),
        _inception("4a", "14×14×576", ("224", "64", "96", "96", "128"), "avg + 128"),
        _inception("4b", "14×14×576", ("192", "96", "128", "96", "128"), "avg + 128"),
        _inception("4c", Unlike("14×14×576", BRANCHES), ("160", "128", "160", "128", "160"), "avg + 128"),
        _inception("4d", Unlike("14×14×576", BRANCHES), ("96", "128", "192", "160", "192"), "avg + 128"),
        _inception("4e", Unlike("14×14×1024", BOTH), ("0", "128", "192", "192", "256"), "max + pass through", "stride 2"),
        _inception("5a", "7×7×1024", ("352", "192", "320", "160", "224"), "avg + 128"),
        _inception("5b", "7×7×1024", ("352", "192", "320", "192", "224"), "max + 128"),
        Line("avg pool", "head.pool", (Unlike("7×7/1", ONE_PLACE), "1×1×1024", "0")),
    ),
    told=(
        "This is the network of the batch normalisation paper. The lecture's Inception v2, with 299 × 299 pixels, is another "
        "one.",
        "Both halves of a double 3×3 put out as many maps. The classes' layer behind the pool is not printed.",
    ),
)
