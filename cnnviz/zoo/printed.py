"""The lecture's tables of published results, as printed, with what is wrong in them. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnnviz.zoo.cards import Printed
from cnnviz.zoo.rows import Row


@dataclass(frozen=True)
class Entry:
    """An entry to ImageNet's challenge. percent: top-5 error; outside: whether other data helped; layers: those with weights."""

    team: str
    year: int
    percent: float
    outside: bool
    layers: int | None = None


HUMAN = 5.1  # per cent, top-5
ENTRIES = (
    Entry("SuperVision, Toronto (AlexNet)", 2012, 16.4, outside=False, layers=8),
    Entry("SuperVision", 2012, 15.3, outside=True),
    Entry("Clarifai, NYU", 2013, 11.7, outside=False),
    Entry("Clarifai", 2013, 11.2, outside=True),
    Entry("VGG, Oxford", 2014, 7.32, outside=False, layers=16),
    Entry("GoogLeNet", 2014, 6.67, outside=False, layers=22),
    Entry("ResNet", 2015, 3.57, outside=False, layers=152),
)
ENTRIES_MISPRINT = (
    "The lecture's table gives AlexNet 7 layers and GoogLeNet 19; with weights they have 8 and 22, which the chart shows. "
    "Clarifai's depth is left out."
)


@dataclass(frozen=True)
class Compared:
    """A line of SENet's Table 2, single crops of 224: errors in per cent as (top-1, top-5), None where nothing is printed, and
    GFLOPs as printed, which are multiply-adds. network, with_se: what they are called in the zoo, "" where it has none."""

    title: str
    network: str
    with_se: str
    original: tuple[float | None, float | None]
    again: tuple[float, float]
    gflops: float
    se: tuple[float, float]
    se_gflops: float


SENET_TABLE_2 = (
    Compared("ResNet-50", "resnet50", "se_resnet50", (24.7, 7.8), (24.80, 7.48), 3.86, (23.29, 6.62), 3.87),
    Compared("ResNet-101", "resnet101", "se_resnet101", (23.6, 7.1), (23.17, 6.52), 7.58, (22.38, 6.07), 7.60),
    Compared("ResNet-152", "resnet152", "se_resnet152", (23.0, 6.7), (22.42, 6.34), 11.30, (21.57, 5.73), 11.32),
    Compared("ResNeXt-50", "resnext50_32x4d", "se_resnext50_32x4d", (22.2, None), (22.11, 5.90), 4.24, (21.10, 5.49), 4.25),
    Compared("ResNeXt-101", "resnext101_32x4d", "se_resnext101_32x4d", (21.2, 5.6), (21.18, 5.57), 7.99, (20.70, 5.01), 8.00),
    Compared("VGG-16", "vgg16", "", (None, None), (27.02, 8.81), 15.47, (25.22, 7.70), 15.48),
    Compared("BN-Inception", "bn_inception", "", (25.2, 7.82), (25.38, 7.89), 2.03, (24.23, 7.14), 2.04),
    Compared("Inception-ResNet-v2", "inception_resnet_v2", "", (19.9, 4.9), (20.37, 5.21), 11.75, (19.80, 4.79), 11.76),
)

Line = tuple[str, str, float | None, float | None, float | None, float | None]
# SENet's Table 8: title, name in the zoo, top-1 and top-5 at 224, top-1 and top-5 at 320 or 299.
SENET_TABLE_8: tuple[Line, ...] = (
    ("ResNet-152", "resnet152", 23.0, 6.7, 21.3, 5.5),
    ("ResNet-200", "preact_resnet200", 21.7, 5.8, 20.1, 4.8),
    ("Inception-v3", "inception_v3", None, None, 21.2, 5.6),
    ("Inception-v4", "inception_v4", None, None, 20.0, 5.0),
    ("Inception-ResNet-v2", "inception_resnet_v2", None, None, 19.9, 4.9),
    ("ResNeXt-101 (64×4d)", "resnext101_64x4d", 20.4, 5.3, 19.1, 4.4),
    ("DenseNet-264", "densenet264", 22.15, 6.12, None, None),
    ("Attention-92", "attention92", None, None, 19.5, 4.8),
    ("Very Deep PolyNet †", "polynet", None, None, 18.71, 4.25),
    ("PyramidNet-200", "pyramidnet200", 20.1, 5.4, 19.2, 4.7),
    ("DPN-131", "dpn131", 19.93, 5.12, 18.55, 4.16),
    ("SENet-154", "senet154", 18.68, 4.47, 17.28, 3.79),
    ("NASNet-A (6@4032) †", "nasnet_a_6_4032", None, None, 17.3, 3.8),
    ("SENet-154 (post-challenge) †", "senet154", None, None, 16.88, 3.58),
)

# Table 1 of the ResNeXt paper: the name in the zoo, parameters, and multiply-adds, which it calls FLOPs.
RESNEXT_TABLE_1 = (
    ("ResNet-50", "resnet50", Printed("25.5M", "Table 1"), Printed("4.1G", "Table 1")),
    ("ResNeXt-50 (32×4d)", "resnext50_32x4d", Printed("25.0M", "Table 1"), Printed("4.2G", "Table 1")),
)


@dataclass(frozen=True)
class Stages:
    """A paper's table of stages, which the lecture shows. lines: the part's name in our network, what the table calls it, and its
    input as printed, (channels, side), None for what is not printed."""

    title: str
    network: str
    source: str
    lines: tuple[tuple[str, str, int | None, int], ...]


STAGES = (
    Stages(
        "Inception v2 (299)", "inception_v2", "“Rethinking the Inception Architecture”, Table 1",
        (("conv1", "conv 3×3 / 2", 3, 299), ("conv2", "conv 3×3 / 1", 32, 149), ("conv3", "conv padded 3×3 / 1", 32, 147),
         ("pool1", "pool 3×3 / 2", 64, 147), ("conv4", "conv 3×3 / 1", 64, 73), ("conv5", "conv 3×3 / 2", 80, 71),
         ("conv6", "conv 3×3 / 1", 192, 35), ("mixed_35a", "3 × Inception, figure 5", 288, 35),
         ("mixed_17a", "5 × Inception, figure 6", 768, 17), ("mixed_8a", "2 × Inception, figure 7", 1280, 8),
         ("head.pool", "pool 8×8", 2048, 8), ("head.fc", "linear", 2048, 1)),
    ),
    Stages(
        "MobileNet v1", "mobilenet_v1", "MobileNets, Table 1",
        (("conv1", "conv 3×3 / 2", 3, 224), ("separable2", "dw / 1, 1×1 to 64", 32, 112),
         ("separable3", "dw / 2, 1×1 to 128", 64, 112), ("separable4", "dw / 1, 1×1 to 128", 128, 56),
         ("separable5", "dw / 2, 1×1 to 256", 128, 56), ("separable6", "dw / 1, 1×1 to 256", 256, 28),
         ("separable7", "dw / 2, 1×1 to 512", 256, 28), ("separable8", "5 × dw / 1, 1×1 to 512", 512, 14),
         ("separable13", "dw / 2, 1×1 to 1024", 512, 14), ("separable14", "dw / 2 (misprint for 1), 1×1 to 1024", 1024, 7),
         ("head.pool", "average pool 7×7", 1024, 7), ("head.fc", "fc", 1024, 1)),
    ),
    Stages(
        "MobileNet v2", "mobilenet_v2", "MobileNetV2, Table 2",
        (("conv1", "conv2d / 2", 3, 224), ("bottleneck1", "bottleneck, t 1, c 16, n 1, s 1", 32, 112),
         ("bottleneck2", "bottleneck, t 6, c 24, n 2, s 2", 16, 112), ("bottleneck3", "bottleneck, t 6, c 32, n 3, s 2", 24, 56),
         ("bottleneck4", "bottleneck, t 6, c 64, n 4, s 2", 32, 28), ("bottleneck5", "bottleneck, t 6, c 96, n 3, s 1", 64, 14),
         ("bottleneck6", "bottleneck, t 6, c 160, n 3, s 2", 96, 14), ("bottleneck7", "bottleneck, t 6, c 320, n 1, s 1", 160, 7),
         ("conv9", "conv2d 1×1", 320, 7), ("head.pool", "average pool 7×7", 1280, 7), ("head.fc", "conv2d 1×1", 1280, 1)),
    ),
    Stages(
        "EfficientNet-B0", "efficientnet_b0", "EfficientNet, Table 1: “resolution” is the input's",
        (("stage1", "conv 3×3", None, 224), ("stage2", "MBConv1, 3×3", None, 112), ("stage3", "MBConv6, 3×3", None, 112),
         ("stage4", "MBConv6, 5×5", None, 56), ("stage5", "MBConv6, 3×3", None, 28), ("stage6", "MBConv6, 5×5", None, 14),
         ("stage7", "MBConv6, 5×5", None, 14), ("stage8", "MBConv6, 3×3", None, 7), ("stage9", "conv 1×1, pooling, fc", None, 7)),
    ),
)  # fmt: skip


def stage_input(rows: Sequence[Row], part: str) -> tuple[int, int]:
    """Channels and side of what a part of a network is fed with, by the part's name."""
    first = next(row for row in rows if row.name == part or row.name.startswith(f"{part}."))
    shape = rows[first.sources[0]].output_shape
    return shape[0], shape[-1] if len(shape) > 1 else 1


MISPRINTS = (
    "**AlexNet.** The row “6 FC 9216” is the last map, flattened to 256 · 6 · 6 numbers: an input and no layer. “Some of the "
    "layers are skipped randomly” is dropout, which drops units.",
    "**GoogLeNet.** 19 layers in the table of winners; 22 have weights.",
    "**Inception v2.** The table with inputs of 299 × 299 is that of *Rethinking the Inception Architecture*, and not "
    "BN-Inception, which goes by the same name.",
    "**ResNeXt.** The 25.5 M parameters of ResNet-50 are 25.557 M, cut and not rounded.",
    "**MobileNet v1.** The last depthwise row is printed with stride 2, and the row after it still has maps of 7 × 7: it is 1.",
    "**EfficientNet-B0.** The column “resolution” is each stage's input, not its output.",
)
