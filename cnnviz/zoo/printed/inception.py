"""The table of “Rethinking the Inception Architecture” that the lecture shows as Inception v2, and Inception v3 beside it."""

from __future__ import annotations

from cnnviz.zoo.printed import measures
from cnnviz.zoo.printed.tables import Column, Line, Reason, Table, Unlike

SOURCE = "“Rethinking the Inception Architecture for Computer Vision”, Table 1"
NOT_PADDED = Reason(
    "Without padding a 3×3 convolution would make 33 × 33 out of 35 × 35, and the next row still has 35 × 35: this one is "
    "padded, too, though only the third row says so."
)
PUBLISHED = Reason(
    "The Inception v3 that the authors published has a 1×1 convolution here, then a 3×3 and a pool, where their table has three "
    "3×3 convolutions: both come to maps of 35 × 35, these with 192 channels and those with 288.",
    misprint=False,
)
FOUR = Reason("The published Inception v3 has four modules at 17 × 17, one fewer than the table.", misprint=False)
COLUMNS = (
    Column("Times", measures.times),
    Column("Patch size/stride", measures.patch),
    Column("Padded", measures.padded),
    Column("Input size", measures.input_size),
    Column("Parameters", measures.params, unit=1),
    Column("Multiply-adds", measures.macs, unit=1),
)
STEM = (
    Line("conv", "conv1", ("", "3×3/2", "", "299×299×3")),
    Line("conv", "conv2", ("", "3×3/1", "", "149×149×32")),
    Line("conv padded", "conv3", ("", "3×3/1", "padded", "147×147×32")),
    Line("pool", "pool1", ("", "3×3/2", "", "147×147×64")),
)
ENDS = (
    Line("Inception, as in figure 7", "mixed_8*", ("2×", "", "", "8×8×1280")),
    Line("pool", "head.pool", ("", "8×8", "", "8×8×2048")),
    Line("linear, logits", "head.fc", ("", "", "", "1×1×2048")),
    Line("softmax, classifier", "", ("", "", "", "1×1×1000")),
)
NAMED = (
    "The lecture calls this table Inception v2. BN-Inception, the network of the batch normalisation paper, goes by the same "
    "name and takes 224 × 224 pixels: it is another one."
)

INCEPTION_V2 = Table(
    title="Inception v2 (299)",
    networks=("inception_v2",),
    source=SOURCE,
    checked="as the lecture prints it",
    first="Type",
    columns=COLUMNS,
    lines=(
        *STEM,
        Line("conv", "conv4", ("", "3×3/1", "", "73×73×64")),
        Line("conv", "conv5", ("", "3×3/2", "", "71×71×80")),
        Line("conv", "conv6", ("", "3×3/1", Unlike("", NOT_PADDED), "35×35×192")),
        Line("Inception, as in figure 5", "mixed_35*", ("3×", "", "", "35×35×288")),
        Line("Inception, as in figure 6", "mixed_17*", ("5×", "", "", "17×17×768")),
        *ENDS,
    ),
    told=(NAMED, "What halves the grid between two groups has no row in the print, and none here: its counts are left out."),
)
INCEPTION_V3 = Table(
    title="Inception v3, beside the same table",
    networks=("inception_v3",),
    source=SOURCE,
    checked="as the lecture prints it",
    first="Type",
    columns=COLUMNS,
    lines=(
        *STEM,
        Line("conv", "conv4", ("", Unlike("3×3/1", PUBLISHED), "", "73×73×64")),
        Line("conv", "conv5", ("", Unlike("3×3/2", PUBLISHED), "", Unlike("71×71×80", PUBLISHED))),
        Line("conv", "pool2", ("", Unlike("3×3/1", PUBLISHED), "", Unlike("35×35×192", PUBLISHED))),
        Line("Inception, as in figure 5", "mixed_35*", ("3×", "", "", Unlike("35×35×288", PUBLISHED))),
        Line("Inception, as in figure 6", "mixed_17*", (Unlike("5×", FOUR), "", "", "17×17×768")),
        *ENDS,
    ),
    told=(
        "The lecture's Inception v3 is this table's network with RMSProp, factorised 7×7 convolutions, batch normalisation in "
        "the auxiliary head and label smoothing. What is called Inception v3 since is the network that the authors published.",
    ),
)
