"""Dual path networks: what is added to, and what is appended."""

from __future__ import annotations

import pytest
import torch

from cnnviz import zoo
from cnnviz.zoo.cards import Printed
from cnnviz.zoo.families.dpn import CONFIGURATIONS, DualPath, dpn


def test_a_block_adds_to_the_residual_path_and_appends_to_the_dense_one() -> None:
    block = DualPath(12, 4, 2, residual=8, more=3).eval()
    x = torch.randn(2, 12, 5, 5)
    new = block.layers(x)
    y = block(x)
    torch.testing.assert_close(y[:, :8], x[:, :8] + new[:, :8])
    torch.testing.assert_close(y[:, 8:12], x[:, 8:])  # what was dense stays as it is
    torch.testing.assert_close(y[:, 12:], new[:, 8:])


def test_a_stage_grows_by_k_maps_a_block_and_its_first_brings_two_more() -> None:
    shapes = [row.output_shape for row in zoo.table("dpn131") if row.kind == "concat"]
    expected = [
        (residual + (place + 3) * k, side, side)
        for residual, k, count, side in ((256, 16, 4, 56), (512, 32, 8, 28), (1024, 32, 28, 14), (2048, 128, 3, 7))
        for place in range(count)
    ]
    assert shapes == expected


# osmr/imgclsmob's README has both counts
@pytest.mark.parametrize(("layers", "params"), [(98, "61,570,728"), (131, "79,254,504")])
def test_one_builder_makes_them_all(layers: int, params: str) -> None:
    with torch.device("meta"):
        model = dpn(*CONFIGURATIONS[layers], classes=1000, in_channels=3)
    assert Printed(params, "osmr").agrees_with(sum(weight.numel() for weight in model.parameters()))
