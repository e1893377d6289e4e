"""Highway networks: the gated layer's formula, and the parameters that the papers print."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import nn

from cnnviz import zoo
from cnnviz.zoo.families.highway import Highway


def layer(gate_bias: float) -> Highway:
    torch.manual_seed(0)
    return Highway(lambda: nn.Linear(5, 5), gate_bias)


def test_a_layer_mixes_what_it_makes_of_x_with_x_itself() -> None:
    made, x = layer(-2.0), torch.randn(3, 5)
    h = torch.relu(x @ made.h.weight.T + made.h.bias)
    t = 1 / (1 + torch.exp(-(x @ made.t.weight.T + made.t.bias)))
    torch.testing.assert_close(made(x), h * t + x * (1 - t))


def test_a_closed_gate_passes_x_and_an_open_one_is_a_plain_layer() -> None:
    x = torch.randn(3, 5)
    torch.testing.assert_close(layer(-100.0)(x), x)
    torch.testing.assert_close(layer(100.0)(x), torch.relu(layer(100.0).h(x)))


# Training Very Deep Networks, Table 1
@pytest.mark.parametrize(("width", "printed"), [(16, 39_000), (32, 151_000)])
def test_both_widths_have_the_parameters_that_the_paper_prints(width: int, printed: int) -> None:
    with torch.device("meta"):
        model = zoo.build("highway_conv10", width=width)
    assert sum(weight.numel() for weight in model.parameters()) == pytest.approx(printed, abs=500)


def test_each_gated_layer_of_50_units_has_the_5000_weights_of_a_plain_one_of_71() -> None:
    layers = Counter[str]()
    for row in zoo.table("highway_fc50"):
        if row.kind == "fc" and row.name.startswith("highway"):
            layers[row.name.split(".")[0]] += row.params - 50  # without biases
    assert (len(layers), set(layers.values())) == (49, {5000})
    assert abs(71 * 71 - 5000) < 50


def test_gates_start_below_zero() -> None:
    model = zoo.build("highway_fc50", layers=3, gate_bias=-3.0)
    assert model.highway3.t.bias.unique().tolist() == [-3.0]
    assert zoo.table("highway_fc50", layers=20)[-1].name == "output"
