"""SENet's two tables of results that the lecture shows."""

from __future__ import annotations

from cnnviz.zoo.printed import measures
from cnnviz.zoo.printed.tables import Column, Line, Reason, Table, Unlike, whole

SUMS = Reason(
    "Ours counts convolutions and matrix products. With one operation more for each value that a shortcut adds, ResNet-101 comes "
    "to 7.58, ResNet-152 to 11.30 and ResNeXt-50 to 4.24, as printed, but ResNeXt-101 to 7.98. What the print counts it does not "
    "say; it is at most 0.3 % above ours.",
    misprint=False,
)
GATES = Reason(
    "Ours counts the products of the gate's two matrices, and neither the means that go into it nor the scaling of the maps. "
    "Print and count are at most half a per cent apart.",
    misprint=False,
)
PLAIN_FIRST_LAYER = Reason(
    "Ours starts with a separable 7×7 convolution, as the appendix of its own paper says. With a plain one, which the versions "
    "in circulation have, it would be 2.03, as printed. Table 2 of NASNet's paper prints 1.94 for this network, as ours.",
    misprint=False,
)
LATER_CODE = Reason(
    "Ours has the widths of its own paper's figures and 32.4 M parameters. The code that was published later is wider and has "
    "55.8 M; which of them SENet counted it does not say. Table 2 of NASNet's paper prints 13.2 for the wider one.",
    misprint=False,
)
PAIRS = {
    "ResNet-50": "resnet50 se_resnet50",
    "ResNet-101": "resnet101 se_resnet101",
    "ResNet-152": "resnet152 se_resnet152",
    "ResNeXt-50": "resnext50_32x4d se_resnext50_32x4d",
    "ResNeXt-101": "resnext101_32x4d se_resnext101_32x4d",
    "VGG-16": "vgg16",
    "BN-Inception": "bn_inception",
    "Inception-ResNet-v2": "inception_resnet_v2",
}


def _line(title: str, *printed: str | Unlike) -> Line:
    return whole(title, PAIRS[title], *printed)


def _sums(text: str) -> Unlike:
    return Unlike(text, SUMS)


def _gates(text: str) -> Unlike:
    return Unlike(text, GATES)


SENET_2 = Table(
    title="SENet, Table 2",
    networks=(),
    source="“Squeeze-and-Excitation Networks”, Table 2: single crops of 224 × 224, errors in per cent",
    checked="as the lecture prints it",
    first="Network",
    columns=(
        Column("GFLOPs", measures.macs, unit=1e9),
        Column("GFLOPs, SE", measures.macs, unit=1e9, of=1),
        Column("Top-1, original"),
        Column("Top-1, again"),
        Column("Top-1, SE"),
        Column("Top-1, better by", measures.gain("Top-1, again", "Top-1, SE")),
        Column("Top-5, original"),
        Column("Top-5, again"),
        Column("Top-5, SE"),
        Column("Top-5, better by", measures.gain("Top-5, again", "Top-5, SE")),
    ),
    lines=(
        _line("ResNet-50", "3.86", _gates("3.87"), "24.7", "24.80", "23.29", "1.51", "7.8", "7.48", "6.62", "0.86"),
        _line("ResNet-101", _sums("7.58"), _gates("7.60"), "23.6", "23.17", "22.38", "0.79", "7.1", "6.52", "6.07", "0.45"),
        _line("ResNet-152", _sums("11.30"), _gates("11.32"), "23.0", "22.42", "21.57", "0.85", "6.7", "6.34", "5.73", "0.61"),
        _line("ResNeXt-50", _sums("4.24"), _gates("4.25"), "22.2", "22.11", "21.10", "1.01", "", "5.90", "5.49", "0.41"),
        _line("ResNeXt-101", _sums("7.99"), _gates("8.00"), "21.2", "21.18", "20.70", "0.48", "5.6", "5.57", "5.01", "0.56"),
        _line("VGG-16", "15.47", "15.48", "", "27.02", "25.22", "1.80", "", "8.81", "7.70", "1.11"),
        _line("BN-Inception", Unlike("2.03", PLAIN_FIRST_LAYER), "2.04", "25.2", "25.38", "24.23", "1.15", "7.82", "7.89", "7.14",
              "0.75"),
        _line("Inception-ResNet-v2", Unlike("11.75", LATER_CODE), "11.76", "19.9†", "20.37", "19.80", "0.57", "4.9†", "5.21",
              "4.79", "0.42"),
    ),
    told=(
        "What the paper calls GFLOPs are thousand millions of multiply-adds. “Again”: trained by SENet's authors. The zoo has no "
        "SE version of the last three.",
    ),
)  # fmt: skip
SENET_8 = Table(
    title="SENet, Table 8",
    networks=(),
    source="“Squeeze-and-Excitation Networks”, Table 8: the best single networks of 2017, one crop, errors in per cent",
    checked="as the lecture prints it",
    first="Network",
    columns=(
        Column("Top-1, 224"),
        Column("Top-5, 224"),
        Column("Top-1, 320 or 299"),
        Column("Top-5, 320 or 299"),
        Column("Parameters", measures.params, unit=1e6, suffix="M", decimals=1),
        Column("Multiply-adds", measures.macs, unit=1e9, suffix="G", decimals=1),
    ),
    lines=(
        whole("ResNet-152", "resnet152", "23.0", "6.7", "21.3", "5.5"),
        whole("ResNet-200", "preact_resnet200", "21.7", "5.8", "20.1", "4.8"),
        whole("Inception-v3", "inception_v3", "", "", "21.2", "5.6"),
        whole("Inception-v4", "inception_v4", "", "", "20.0", "5.0"),
        whole("Inception-ResNet-v2", "inception_resnet_v2", "", "", "19.9", "4.9"),
        whole("ResNeXt-101 (64×4d)", "resnext101_64x4d", "20.4", "5.3", "19.1", "4.4"),
        whole("DenseNet-264", "densenet264", "22.15", "6.12"),
        whole("Attention-92", "attention92", "", "", "19.5", "4.8"),
        whole("Very Deep PolyNet †", "polynet", "", "", "18.71", "4.25"),
        whole("PyramidNet-200", "pyramidnet200", "20.1", "5.4", "19.2", "4.7"),
        whole("DPN-131", "dpn131", "19.93", "5.12", "18.55", "4.16"),
        whole("SENet-154", "senet154", "18.68", "4.47", "17.28", "3.79"),
        whole("NASNet-A (6@4032) †", "nasnet_a_6_4032", "", "", "17.3†", "3.8†"),
        whole("SENet-154 (post-challenge)", "senet154", "", "", "16.88†", "3.58†"),
    ),
    told=(
        "DPN-131's errors at 320 are those with a last pool half way between mean and largest value, as its authors' own list "
        "tells; with the mean alone they are 18.62 and 4.23.",
        "† marks larger crops still. Parameters and multiply-adds are not printed: they are our networks', at the input of their "
        "own cards.",
    ),
)
