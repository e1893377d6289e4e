"""Squeeze-and-excitation networks: the gate, and what it costs."""

from __future__ import annotations

import pytest
import torch

from cnnviz import zoo
from cnnviz.zoo.families.se_resnet import resnet_block

GATED = {"se_resnet50": "resnet50", "se_resnet101": "resnet101", "se_resnet152": "resnet152"}


# Hu et al. 2017, section 4: 2/r Σ N_s C_s² weights more; here with the biases of the gates
@pytest.mark.parametrize(("network", "ungated"), GATED.items())
def test_a_gate_costs_2c_squared_over_r_weights_a_block(network: str, ungated: str) -> None:
    widths = [row.output_shape[0] for row in zoo.table(network) if row.name.endswith("se.mul")]
    weights = [2 * c * c // 16 for c in widths]
    biases = [c // 16 + c for c in widths]
    assert len(widths) == (int(network.removeprefix("se_resnet")) - 2) // 3  # three layers a block
    assert zoo.totals(network).params - zoo.totals(ungated).params == sum(weights) + sum(biases)


def test_se_resnet_50_adds_a_tenth_of_the_parameters_and_hardly_any_work() -> None:
    gated, ungated = zoo.totals("se_resnet50"), zoo.totals("resnet50")
    assert 2.5e6 < gated.params - ungated.params < 2.6e6  # "about 2.5 million", section 4
    assert gated.macs / ungated.macs - 1 < 0.0026  # "0.26 % relative increase", section 4


def test_the_gate_scales_each_map_by_equations_2_to_4() -> None:
    block = resnet_block(256, 64, 1).eval()
    x = torch.randn(2, 256, 5, 5)
    u = block.conv3(block.conv2(block.conv1(x)))
    w1, w2 = block.se.reduce, block.se.expand
    for n in range(2):
        z = torch.stack([u[n, c].sum() / 25 for c in range(256)])
        hidden = torch.clamp(w1.weight[:, :, 0, 0] @ z + w1.bias, min=0)
        s = 1 / (1 + torch.exp(-(w2.weight[:, :, 0, 0] @ hidden + w2.bias)))
        torch.testing.assert_close(block(x)[n], torch.relu(s[:, None, None] * u[n] + x[n]), rtol=1e-4, atol=1e-5)


def test_senet_154_is_a_halved_resnext_with_a_deep_stem_and_3x3_shortcuts() -> None:
    rows = {row.name: row for row in zoo.table("senet154")}
    assert [rows[f"conv1.{place}.conv"].output_shape[0] for place in range(3)] == [64, 64, 128]
    assert [rows[f"conv2_x.1.conv{n}.conv"].output_shape[0] for n in (1, 2, 3)] == [128, 256, 256]
    assert rows["conv2_x.1.conv2.conv"].groups == 64
    kernels = [rows[f"conv{stage}_x.0.shortcut.conv"].kernel_size[0] for stage in (2, 3, 4, 5)]
    assert kernels == [1, 3, 3, 3]
