"""MobileNets: the lecture's tables, and what separable convolutions and narrower layers save."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cnnviz import zoo
from cnnviz.zoo import Row
from cnnviz.zoo.families.mobilenet_v2 import InvertedResidual, in_eights
from cnnviz.zoo.trace import table_of

# MobileNet's Table 1: kernel, stride, filters, input size; the last depthwise stride is 1, not the 2 in print
V1 = [
    (3, 2, 32, (3, 224)), (3, 1, 32, (32, 112)), (1, 1, 64, (32, 112)), (3, 2, 64, (64, 112)), (1, 1, 128, (64, 56)),
    (3, 1, 128, (128, 56)), (1, 1, 128, (128, 56)), (3, 2, 128, (128, 56)), (1, 1, 256, (128, 28)), (3, 1, 256, (256, 28)),
    (1, 1, 256, (256, 28)), (3, 2, 256, (256, 28)), (1, 1, 512, (256, 14)), *[(3, 1, 512, (512, 14)), (1, 1, 512, (512, 14))] * 5,
    (3, 2, 512, (512, 14)), (1, 1, 1024, (512, 7)), (3, 1, 1024, (1024, 7)), (1, 1, 1024, (1024, 7)),
]  # fmt: skip
# MobileNetV2's Table 2: input of each line
V2 = {
    "bottleneck1": (32, 112), "bottleneck2": (16, 112), "bottleneck3": (24, 56), "bottleneck4": (32, 28), "bottleneck5": (64, 14),
    "bottleneck6": (96, 14), "bottleneck7": (160, 7), "conv9": (320, 7), "head": (1280, 7),
}  # fmt: skip


def convolutions(rows: tuple[Row, ...]) -> list[tuple[int, int, int, tuple[int, ...]]]:
    return [
        (row.kernel_size[0], row.stride[0], row.output_shape[0], rows[row.sources[0]].output_shape[:2])
        for row in rows
        if row.kind == "conv"
    ]


def test_the_layers_of_version_1_are_table_1() -> None:
    assert convolutions(zoo.table("mobilenet_v1")) == V1


def test_the_lines_of_version_2_are_table_2() -> None:
    rows = zoo.table("mobilenet_v2")
    first = {name: next(row for row in rows if row.name.split(".")[0] == name) for name in V2}
    assert {name: rows[row.sources[0]].output_shape[:2] for name, row in first.items()} == V2


# MobileNet's Table 7: multiply-adds in millions at each resolution
@pytest.mark.parametrize(("side", "printed"), [(192, "418M"), (160, "290M"), (128, "186M")])
def test_a_smaller_image_costs_what_table_7_prints_and_no_fewer_parameters(side: int, printed: str) -> None:
    rows = zoo.table("mobilenet_v1", input_shape=(3, side, side))
    assert zoo.Printed(printed, "Table 7").agrees_with(sum(row.macs for row in rows))
    assert sum(row.params for row in rows) == zoo.totals("mobilenet_v1").params


def test_a_separable_convolution_of_12x12x3_to_8x8x256_takes_53_952_products_instead_of_1_228_800() -> None:
    with torch.device("meta"):
        separable = nn.Sequential(nn.Conv2d(3, 3, 5, groups=3), nn.Conv2d(3, 256, 1))
        full = nn.Conv2d(3, 256, 5)
    assert [sum(row.macs for row in table_of(model, (3, 12, 12))) for model in (separable, full)] == [53_952, 1_228_800]


def test_nineteen_twentieths_of_the_products_of_version_1_are_in_1x1_convolutions() -> None:
    rows = zoo.table("mobilenet_v1")
    share = sum(row.macs for row in rows if row.kernel_size == (1, 1)) / zoo.totals("mobilenet_v1").macs
    assert share == pytest.approx(0.9486, abs=0.0005)  # MobileNet's Table 2


def test_an_inverted_residual_is_wide_inside_linear_at_its_end_and_adds_x_where_the_sizes_agree() -> None:
    block = InvertedResidual(8, 8, stride=1, expansion=6).eval()
    assert [module.out_channels for module in block.modules() if isinstance(module, nn.Conv2d)] == [48, 48, 8]
    x = torch.randn(1, 8, 4, 4)
    torch.testing.assert_close(block(x), x + block.residual(x))
    assert (block.residual(x) < 0).any()
    assert not InvertedResidual(8, 8, stride=2, expansion=6).adds


def test_without_scales_of_normalisation_they_have_the_parameters_that_open_model_zoo_prints() -> None:
    for name, millions in (("mobilenet_v1", 4.221), ("mobilenet_v2", 3.489), ("mobilenet_v2_140", 6.087)):
        folded = sum(row.output_shape[0] for row in zoo.table(name) if row.kind == "norm")
        assert (zoo.totals(name).params - folded) / 1e6 == pytest.approx(millions, abs=0.003)  # theirs may have class 0, too


@pytest.mark.parametrize(("channels", "rounded"), [(1, 8), (22.4, 24), (33.6, 32), (44.8, 48), (12, 16), (11, 16), (1792, 1792)])
def test_widths_are_rounded_to_eights_and_lose_a_tenth_at_most(channels: float, rounded: int) -> None:
    assert in_eights(channels) == rounded
