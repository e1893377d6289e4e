"""GoogLeNet's table of its modules."""

from __future__ import annotations

from cnnviz.zoo.printed import measures
from cnnviz.zoo.printed.alexnet import LOGITS
from cnnviz.zoo.printed.tables import Column, Line, Reason, Table, Unlike

SEPARABLE = Reason(
    "A 7×7 convolution of 3 channels to 64 has 9,408 weights, and at 112 × 112 places 118 M multiply-adds. The printed pair fits "
    "another layer: 8 filters a channel, then a 1×1 to 64 maps, which the authors' next paper describes: BN-Inception has "
    "it. Ours is the one named."
)
ROUNDED_UP = Reason(
    "The widths beside it make 388,096 weights, which are 379.0 · 1,024, and the 304 M operations in the same row are these "
    "weights at 28 × 28 places: the printed parameters are one too many."
)
NOT_ITS_OPERATIONS = Reason(
    "The operations in the same row are our weights at each of the module's places, so the widths are right and the printed "
    "parameters are not those of this module."
)
ANOTHER_MODULE = Reason(
    "Parameters and operations in this row fit each other, 1072 · 1,024 · 49 being 54 M, but not the widths beside them, which "
    "are those of 4e with 832 maps coming in: ours has the widths."
)
ONE_PLACE = Reason("A window of 7×7 on a map of 7×7 is placed once, so it has no stride.", misprint=False)
K = 1024  # the unit of the print's parameters: 3a has 163,328 weights, printed as 159K


def _inception(place: str, size: str, widths: tuple[str, ...], params: str | Unlike, ops: str | Unlike) -> Line:
    return Line(f"inception ({place})", f"inception_{place}", ("", size, params, ops, "2", *widths))


def _no(params: str) -> Unlike:
    return Unlike(params, NOT_ITS_OPERATIONS)


def _pool(name: str, size: str) -> Line:
    return Line("max pool", name, ("3×3/2", size, "", "", "0"))


GOOGLENET = Table(
    title="GoogLeNet",
    networks=("googlenet",),
    source="“Going Deeper with Convolutions”, Table 1",
    checked="read in a copy of the paper's text",
    first="Type",
    columns=(
        Column("Patch size/stride", measures.patch),
        Column("Output size", measures.output_size),
        Column("Params", measures.weights, unit=K, suffix="K", decimals=1),
        Column("Ops", measures.macs, unit=1e6, suffix="M", decimals=1),
        Column("Depth", measures.weighted_layers),
        Column("#1×1", measures.filters_of("branches.1x1")),
        Column("#3×3 reduce", measures.filters_of("3x3.reduce", "conv2_reduce")),
        Column("#3×3", measures.filters_of("3x3.window", "conv2")),
        Column("#5×5 reduce", measures.filters_of("5x5.reduce")),
        Column("#5×5", measures.filters_of("5x5.window")),
        Column("Pool proj", measures.filters_of("pool.project")),
    ),
    lines=(
        Line("convolution", "conv1", ("7×7/2", "112×112×64", Unlike("2.7K", SEPARABLE), Unlike("34M", SEPARABLE), "1")),
        _pool("pool1", "56×56×64"),
        Line("convolution", "conv2_reduce conv2", ("3×3/1", "56×56×192", "112K", "360M", "2", "", "64", "192")),
        _pool("pool2", "28×28×192"),
        _inception("3a", "28×28×256", ("64", "96", "128", "16", "32", "32"), "159K", "128M"),
        _inception("3b", "28×28×480", ("128", "128", "192", "32", "96", "64"), Unlike("380K", ROUNDED_UP), "304M"),
        _pool("pool3", "14×14×480"),
        _inception("4a", "14×14×512", ("192", "96", "208", "16", "48", "64"), _no("364K"), "73M"),
        _inception("4b", "14×14×512", ("160", "112", "224", "24", "64", "64"), _no("437K"), "88M"),
        _inception("4c", "14×14×512", ("128", "128", "256", "24", "64", "64"), _no("463K"), "100M"),
        _inception("4d", "14×14×528", ("112", "144", "288", "32", "64", "64"), _no("580K"), "119M"),
        _inception("4e", "14×14×832", ("256", "160", "320", "32", "128", "128"), _no("840K"), "170M"),
        _pool("pool4", "7×7×832"),
        _inception("5a", "7×7×832", ("256", "160", "320", "32", "128", "128"), Unlike("1072K", ANOTHER_MODULE),
                   Unlike("54M", ANOTHER_MODULE)),
        _inception("5b", "7×7×1024", ("384", "192", "384", "48", "128", "128"), _no("1388K"), "71M"),
        Line("avg pool", "head.pool", (Unlike("7×7/1", ONE_PLACE), "1×1×1024", "", "", "0")),
        Line("dropout (40%)", "head.drop", ("", "1×1×1024", "", "", "0")),
        Line("linear", "head.fc", ("", "1×1×1000", "1000K", "1M", "1")),
        Line("softmax", "", ("", "1×1×1000", "", "", "0")),
    ),
    told=(
        "The print's K is 1,024 and its parameters leave biases out; its operations are multiply-adds. It has both in its last "
        "columns.",
        LOGITS.text,
    ),
)  # fmt: skip
