"""ResNeXt: the lecture's table of ResNet-50 and ResNeXt-50, and paths that are groups."""

from __future__ import annotations

import pytest
import torch

from cnnviz import zoo
from cnnviz.zoo.families.resnext import GroupedBottleneck

# Table 1: filters of the three convolutions of a block at each stage
RESNET = {"conv2_x": (64, 64, 256), "conv3_x": (128, 128, 512), "conv4_x": (256, 256, 1024), "conv5_x": (512, 512, 2048)}
RESNEXT = {"conv2_x": (128, 128, 256), "conv3_x": (256, 256, 512), "conv4_x": (512, 512, 1024), "conv5_x": (1024, 1024, 2048)}


@pytest.mark.parametrize(("name", "filters", "groups"), [("resnet50", RESNET, 1), ("resnext50_32x4d", RESNEXT, 32)])
def test_the_blocks_are_those_of_table_1(name: str, filters: dict[str, tuple[int, ...]], groups: int) -> None:
    rows = {row.name: row for row in zoo.table(name)}
    for stage, widths in filters.items():
        convolutions = [rows[f"{stage}.1.conv{number}.conv"] for number in (1, 2, 3)]
        assert tuple(row.output_shape[0] for row in convolutions) == widths
        assert [row.groups for row in convolutions] == [1, groups, 1]


def test_the_parameters_of_both_are_the_prints_cut_after_one_decimal() -> None:
    assert [int(zoo.totals(name).params / 1e5) / 10 for name in ("resnet50", "resnext50_32x4d")] == [25.5, 25.0]
    assert zoo.totals("resnet50_v1_5").macs / 1e9 == pytest.approx(4.1, abs=0.05)


def test_a_grouped_block_is_the_sum_of_its_paths() -> None:
    torch.manual_seed(0)
    block = GroupedBottleneck(256, 64, 1, cardinality=4, d=3).eval()
    x = torch.randn(1, 256, 4, 4)
    narrow = torch.relu(block.conv1.norm(block.conv1.conv(x)))
    paths = torch.zeros(1, 256, 4, 4)
    for path in range(4):
        mine = slice(3 * path, 3 * path + 3)
        maps = torch.nn.functional.conv2d(narrow[:, mine], block.conv2.conv.weight[mine], padding=1)
        scale = block.conv2.norm.weight[mine] / (1 + block.conv2.norm.eps) ** 0.5
        maps = torch.relu(maps * scale[:, None, None] + block.conv2.norm.bias[mine, None, None])
        paths += torch.nn.functional.conv2d(maps, block.conv3.conv.weight[:, mine])
    torch.testing.assert_close(block(x), torch.relu(block.conv3.norm(paths) + x), rtol=1e-4, atol=1e-5)


def test_twice_the_paths_cost_twice_the_operations() -> None:
    assert zoo.totals("resnext101_64x4d").macs / zoo.totals("resnext101_32x4d").macs == pytest.approx(2, rel=0.05)
