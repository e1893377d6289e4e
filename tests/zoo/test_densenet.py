"""DenseNets: what a layer sees, and parameters by the formula of their blocks."""

from __future__ import annotations

import pytest
import torch

from cnnviz import zoo
from cnnviz.zoo.families.densenet import CONFIGURATIONS, DenseLayer


def test_a_layer_keeps_what_came_in_and_adds_k_maps() -> None:
    layer = DenseLayer(6, growth=3).eval()
    x = torch.randn(1, 6, 4, 4)
    y = layer(x)
    assert y.shape == (1, 9, 4, 4)
    torch.testing.assert_close(y[:, :6], x)


def test_layer_l_of_a_block_sees_the_input_and_k_maps_of_each_layer_before_it() -> None:
    rows = {row.name: row for row in zoo.table("densenet121")}
    seen = [rows[f"dense1.{place}.bottleneck.norm"].output_shape[0] for place in range(6)]
    assert seen == [64 + 32 * place for place in range(6)]


# Table 1: side of each block's maps
@pytest.mark.parametrize("depth", CONFIGURATIONS)
def test_the_blocks_have_the_sizes_of_table_1(depth: int) -> None:
    ends = {row.name.split(".")[0]: row.output_shape for row in zoo.table(f"densenet{depth}")}
    assert [ends[f"dense{number}"][1] for number in range(1, 5)] == [56, 28, 14, 7]
    for number in range(1, 4):
        assert ends[f"transition{number}"][0] == ends[f"dense{number}"][0] // 2


@pytest.mark.parametrize("depth", CONFIGURATIONS)
def test_the_parameters_are_those_of_the_formula(depth: int) -> None:
    counts, growth, channels = CONFIGURATIONS[depth][0], 32, 64
    total = 3 * 64 * 49 + 2 * 64
    for number, count in enumerate(counts):
        for _ in range(count):
            total += 2 * channels + channels * 4 * growth + 2 * 4 * growth + 4 * growth * growth * 9
            channels += growth
        if number < 3:
            total += 2 * channels + channels * channels // 2
            channels //= 2
    assert zoo.totals(f"densenet{depth}").params == total + 2 * channels + channels * 1000 + 1000
