"""Inception v4 and both Inception-ResNets: the sizes of their figures, and residuals that are scaled."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cnnviz import zoo
from cnnviz.zoo.families.inception_v3 import unit
from cnnviz.zoo.families.inception_v4 import reduction_a, residual_a, residual_bc, residual_reduction_b

# Figures 3, 7–9, 14 and 15: maps and side after the stem and after each reduction, and blocks of a kind
SIZES = {
    "inception_v4": ((384, 35), (1024, 17), (1536, 8), (4, 7, 3)),
    "inception_resnet_v1": ((256, 35), (896, 17), (1792, 8), (5, 10, 5)),
    "inception_resnet_v2": ((384, 35), (1152, 17), (2144, 8), (5, 10, 5)),
}


@pytest.mark.parametrize("name", SIZES)
def test_the_stem_and_the_reductions_have_the_sizes_of_the_figures(name: str) -> None:
    table = zoo.table(name)
    ends = {row.name.split(".")[0]: row.output_shape[:2] for row in table}
    stem, first, second, counts = SIZES[name]
    assert (ends["stem"], ends["reduction_a"], ends["reduction_b"]) == (stem, first, second)
    blocks = [sum(key.startswith(f"inception_{letter}") for key in ends) for letter in "abc"]
    assert tuple(blocks) == counts
    assert [ends[f"inception_{letter}1"] for letter in "abc"] == [stem, first, second]


def test_a_residual_module_adds_a_scaled_linear_mix_of_its_branches() -> None:
    torch.manual_seed(0)
    block = residual_a(8, 4, 4, scale=0.2).eval()
    x = torch.rand(1, 8, 5, 5)
    branches = torch.cat([branch(x) for branch in block.inception.branches.values()], 1)
    mixed = torch.einsum("oc,ncij->noij", block.linear.weight[:, :, 0, 0], branches) + block.linear.bias[:, None, None]
    torch.testing.assert_close(block(x), torch.relu(x + 0.2 * mixed))


def test_the_maps_of_the_figures_misprints_do_not_fit_what_comes_in() -> None:
    linear = {row.name: row.output_shape[0] for row in zoo.table("inception_resnet_v2") if row.name.endswith(".linear")}
    assert (linear["inception_b1.linear"], linear["inception_c1.linear"]) == (1152, 2144)  # 1154 and 2048 in print


def test_inception_resnet_v1_is_osmrs_network_less_a_sixth_block_and_a_layer_of_512() -> None:
    sixth = sum(row.params for row in zoo.table("inception_resnet_v1") if row.name.startswith("inception_c5."))
    through_512 = (1792 * 512 + 2 * 512) + (512 * 1000 + 1000)
    assert zoo.totals("inception_resnet_v1").params + sixth - (1792 * 1000 + 1000) + through_512 == 23_995_624


def test_the_same_blocks_in_the_order_of_the_authors_later_code_have_its_55_843_464_parameters() -> None:
    with torch.device("meta"):
        stem = [unit(3, 32, 3), unit(32, 32, 3), unit(32, 64, 3), unit(64, 80, 1), unit(80, 192, 3)]
        mixed = [unit(192, 96, 1), unit(192, 48, 1), unit(48, 64, 5), unit(192, 64, 1), unit(64, 96, 3), unit(96, 96, 3)]
        layers: list[nn.Module] = [*stem, *mixed, unit(192, 64, 1), *(residual_a(320, 48, 64, 0.17) for _ in range(10))]
        layers += [reduction_a(320, 256, 256, 384, 384), *(residual_bc(1088, (192, 128, 160, 192), 7, 0.1) for _ in range(20))]
        layers += [residual_reduction_b(1088, 288, 320), *(residual_bc(2080, (192, 192, 224, 256), 3, 0.2) for _ in range(10))]
        layers += [unit(2080, 1536, 1), nn.Linear(1536, 1000)]
    assert sum(weight.numel() for layer in layers for weight in layer.parameters()) == 55_843_464
