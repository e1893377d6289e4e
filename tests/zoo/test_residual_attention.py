"""Residual attention: a soft mask of every value, learned at a coarser scale, that can only add."""

from __future__ import annotations

import pytest
import torch
from weightless import weightless

from cnnviz import zoo
from cnnviz.zoo.cards import Printed
from cnnviz.zoo.families.residual_attention import Attention, Unit


def test_the_trunk_is_scaled_by_one_plus_a_mask_between_0_and_1() -> None:
    module = Attention(4, pools=2).eval()
    x = torch.randn(2, 16, 12, 12)
    before = module.before(x)
    mask, trunk = module.mask(before), module.trunk(before)
    assert mask.shape == trunk.shape
    assert 0 < mask.min() < mask.max() < 1
    torch.testing.assert_close(module(x), module.after((1 + mask) * trunk))


def test_a_mask_of_zero_leaves_a_residual_network() -> None:
    module = Attention(4, pools=1).eval()
    module.mask.gate.register_forward_hook(lambda _, __, output: torch.zeros_like(output))
    x = torch.randn(1, 16, 8, 8)
    torch.testing.assert_close(module(x), module.after(module.trunk(module.before(x))))


# Wang et al. 2017, Table 2 and section 4.2: the smallest map of every mask is 7×7
@pytest.mark.parametrize("network", ["attention56", "attention92"])
def test_each_mask_goes_down_to_7_pixels_and_up_to_its_trunk(network: str) -> None:
    rows = zoo.table(network)
    for stage, side in ((1, 56), (2, 28), (3, 14)):
        sides = [row.output_shape[-1] for row in rows if row.name.startswith(f"attention{stage}.") and ".mask." in row.name]
        assert (min(sides), max(sides)) == (7, side)
        gates = [row for row in rows if row.name.startswith(f"attention{stage}.") and row.name.endswith("gate")]
        assert {row.output_shape for row in gates} == {(256 * 2 ** (stage - 1), side, side)}


@pytest.mark.parametrize(("network", "layers", "modules"), [("attention56", 56, 3), ("attention92", 92, 6)])
def test_the_trunk_has_the_layers_of_the_name(network: str, layers: int, modules: int) -> None:
    paths = [path for path, module in weightless(network).named_modules() if isinstance(module, Unit)]
    trunk = [path for path in paths if ".mask." not in path]
    assert len(trunk) == 6 + 4 * modules
    assert 3 * len(trunk) + 2 == layers  # and conv1 and the classes


def test_attention_56_has_the_parameters_of_table_2_with_the_statistics_of_its_norms() -> None:
    model = weightless("attention56")
    statistics = sum(values.numel() for name, values in model.named_buffers() if "running" in name)
    assert Printed("31.9M", "Table 2").agrees_with(zoo.totals("attention56").params + statistics)


def test_the_modules_that_attention_92_has_more_come_to_more_than_table_2_prints() -> None:
    small, large = zoo.table("attention56"), zoo.table("attention92")
    module = {stage: sum(row.params for row in small if row.name.startswith(f"attention{stage}.")) for stage in (2, 3)}
    assert sum(row.params for row in large) == sum(row.params for row in small) + module[2] + 2 * module[3]
    assert round((module[2] + 2 * module[3]) / 1e6, 1) == 20.7
