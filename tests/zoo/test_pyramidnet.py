"""PyramidNet: every unit is a little wider than the one before."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from cnnviz import zoo
from cnnviz.zoo.cards import Printed
from cnnviz.zoo.families.pyramidnet import PyramidUnit, widths


def test_the_width_grows_at_every_unit_by_nearly_as_much() -> None:
    sums = [row.output_shape[0] for row in zoo.table("pyramidnet200") if row.kind == "add"]
    assert len(sums) == 66
    assert sums[-1] == 2056 == 4 * (64 + 450)  # the authors' README
    assert {after - before for before, after in pairwise(sums)} == {4 * (450 // 66), 4 * (450 // 66 + 1)}


def test_alpha_300_has_the_parameters_and_the_channels_of_the_authors_readme() -> None:
    with torch.device("meta"):
        model = zoo.build("pyramidnet200", alpha=300, dropped=0.0)
    assert Printed("62.1M", "README").agrees_with(sum(weight.numel() for weight in model.parameters()))
    assert model.head.fc.in_features == 1456


def test_the_widths_are_the_floor_of_a_straight_line() -> None:
    line = [64 + k * 300 / 66 for k in range(1, 67)]
    assert all(0 <= exact - width < 1 for exact, width in zip(line, widths(300, 66), strict=True))


@pytest.mark.parametrize("stride", [1, 2])
def test_a_shortcut_has_no_weights_and_leaves_the_new_channels_to_the_residual(stride: int) -> None:
    unit = PyramidUnit(16, 6, stride).eval()
    x = torch.randn(2, 16, 8, 8)
    way = x if stride == 1 else x.reshape(2, 16, 4, 2, 4, 2).mean((3, 5))
    expected = unit.residual(x).clone()
    expected[:, :16] += way
    torch.testing.assert_close(unit(x), expected)


def test_a_unit_begins_without_an_activation_and_ends_with_a_norm() -> None:
    kinds = [row.kind for row in zoo.table("pyramidnet200") if row.name.startswith("conv3_x.1.")]
    assert kinds == ["norm", "conv", "norm", "activation", "conv", "norm", "activation", "conv", "norm", "add"]
