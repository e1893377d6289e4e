"""Inception v4 and both Inception-ResNets: the sizes of their figures, and residuals that are scaled."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cnnviz import zoo
from cnnviz.zoo.families.inception_v4 import ResidualInception, residual_a, residual_bc

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


def test_the_network_as_released_has_the_sizes_and_the_blocks_of_the_authors_code() -> None:
    table = zoo.table("inception_resnet_v2_released")
    ends = {row.name.split(".")[0]: row.output_shape for row in table}
    named = {
        name: ends[name] for name in ("stem", "inception_a10", "reduction_a", "inception_b20", "reduction_b", "conv", "head")
    }
    assert named == {
        "stem": (320, 35, 35), "inception_a10": (320, 35, 35), "reduction_a": (1088, 17, 17), "inception_b20": (1088, 17, 17),
        "reduction_b": (2080, 8, 8), "conv": (1536, 8, 8), "head": (1000,),
    }  # fmt: skip
    assert [sum(name.startswith(f"inception_{letter}") for name in ends) for letter in "abc"] == [10, 20, 10]


def test_residuals_as_released_have_their_own_scales_and_the_last_block_is_not_rectified() -> None:
    with torch.device("meta"):
        model = zoo.build("inception_resnet_v2_released")
    blocks = {name: module for name, module in model.named_children() if isinstance(module, ResidualInception)}
    scales = {name: block.scale for name, block in blocks.items()}
    letters = {"a": 0.17, "b": 0.1, "c": 0.2}
    assert scales == {name: letters[name[10]] for name in scales} | {"inception_c10": 1.0}
    assert [name for name, block in blocks.items() if not isinstance(block.relu, nn.ReLU)] == ["inception_c10"]


def test_a_block_that_is_not_rectified_lets_negative_values_through() -> None:
    torch.manual_seed(0)
    block = residual_bc(8, (4, 4, 4, 4), 3, 1.0, rectified=False).eval()
    x = -torch.ones(1, 8, 5, 5)
    torch.testing.assert_close(block(x), x + block.linear(block.inception(x)))


def test_each_of_the_two_cards_names_the_other() -> None:
    paper, released = zoo.card("inception_resnet_v2"), zoo.card("inception_resnet_v2_released")
    assert "inception_resnet_v2_released here, with 10, 20 and 10 blocks" in paper.differs
    assert "the paper's figures, inception_resnet_v2 here, have 5, 10 and 5" in released.differs
    assert round(zoo.totals(released.name).params / 1e6, 2) == 55.84
