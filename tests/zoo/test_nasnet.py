"""NASNet-A: two cells, and how they are stacked."""

from __future__ import annotations

import pytest
import torch
from weightless import weightless

from cnnviz import zoo
from cnnviz.zoo.cards import Printed
from cnnviz.zoo.families.nasnet import CELLS, Cell, Halved, Separable


# Zoph et al. 2017, Figure 4
def test_a_normal_cell_is_figure_4() -> None:
    cell = Cell("normal", 4, below=6, before=10).eval()
    h, p = torch.randn(1, 6, 5, 5), torch.randn(1, 10, 5, 5)
    a, b, op = cell.h(h), cell.p(p), cell.operations

    def mean(x: torch.Tensor) -> torch.Tensor:
        around = torch.nn.functional.pad(x, (1, 1, 1, 1)).unfold(2, 3, 1).unfold(3, 3, 1).sum((4, 5))
        return around / torch.nn.functional.pad(torch.ones_like(x), (1, 1, 1, 1)).unfold(2, 3, 1).unfold(3, 3, 1).sum((4, 5))

    expected = [b, op.left1(a) + op.right1(b), op.left2(b) + op.right2(b), mean(a) + b, 2 * mean(b), op.left5(a) + a]
    torch.testing.assert_close(cell(h, p), torch.cat(expected, 1))
    kernels = [op[name].layers.depthwise1.kernel_size[0] for name in ("left1", "right1", "left2", "right2", "left5")]
    assert kernels == [5, 3, 5, 3, 3]


@pytest.mark.parametrize("kind", CELLS)
def test_each_block_is_taken_by_another_or_is_a_result(kind: str) -> None:
    blocks, results = CELLS[kind]
    taken = {source for left, _, right, _ in blocks for source in (left, right)} | set(results)
    assert taken >= {"h", "p", "1", "2", "3", "4", "5"}
    assert len(blocks) == 5


def test_a_reduction_cell_halves_the_size_and_has_four_results() -> None:
    cell = Cell("reduction", 4, below=6, before=10, halve=True).eval()
    y = cell(torch.randn(1, 6, 9, 9), torch.randn(1, 10, 17, 17))
    assert y.shape == (1, 4 * 4, 5, 5)


def test_halving_looks_at_the_even_places_and_at_the_odd_ones() -> None:
    layer = Halved(3, 4).eval()
    x = torch.rand(1, 3, 6, 6)
    with torch.no_grad():
        y = layer(x) * (1 + layer.norm.eps) ** 0.5
        torch.testing.assert_close(y[:, :2], layer.near(x[:, :, ::2, ::2]))
        torch.testing.assert_close(y[:, 2:], layer.far(x[:, :, 1::2, 1::2]))


def test_a_separable_convolution_is_applied_twice() -> None:
    rows = [row for row in zoo.table("nasnet_a_4_1056") if row.name.startswith("cells.normal1_1.operations.left1.")]
    kinds = ["activation", "conv", "conv", "norm"] * 2
    assert [row.kind for row in rows] == kinds
    assert [row.groups for row in rows if row.kind == "conv"] == [44, 1, 44, 1]


@pytest.mark.parametrize(("network", "repeats", "last"), [("nasnet_a_4_1056", 4, 1056), ("nasnet_a_6_4032", 6, 4032)])
def test_n_normal_cells_stand_between_reductions_and_the_last_has_the_channels_of_the_name(
    network: str, repeats: int, last: int
) -> None:
    cells = list(weightless(network).cells.items())
    normal = [f"normal{stage}_{place}" for stage in (1, 2, 3) for place in range(1, repeats + 1)]
    expected = [
        "stem1",
        "stem2",
        *normal[:repeats],
        "reduction1",
        *normal[repeats : 2 * repeats],
        "reduction2",
        *normal[2 * repeats :],
    ]
    assert [name for name, _ in cells] == expected
    assert cells[-1][1].channels == last
    assert all(isinstance(cell, Cell) for _, cell in cells)


def test_the_papers_count_of_the_large_network_has_the_statistics_of_its_norms() -> None:
    model = weightless("nasnet_a_6_4032")
    statistics = sum(values.numel() for name, values in model.named_buffers() if "running" in name)
    assert Printed("88.9M", "Table 2").agrees_with(zoo.totals("nasnet_a_6_4032").params + statistics)


def test_the_stride_is_at_the_first_filter() -> None:
    strides = [layer.stride for layer in Separable(4, 8, 5, 2).modules() if isinstance(layer, torch.nn.Conv2d)]
    assert strides == [(2, 2), (1, 1), (1, 1), (1, 1)]
