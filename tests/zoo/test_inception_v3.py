"""The lecture's 299-pixel table and the published Inception v3."""

from __future__ import annotations

import pytest

from cnnviz import zoo

# Table 1: patch size, stride and input size of each layer before the modules
STEM = (
    ("conv1.conv", 3, 2, (3, 299)), ("conv2.conv", 3, 1, (32, 149)), ("conv3.conv", 3, 1, (32, 147)), ("pool1", 3, 2, (64, 147)),
    ("conv4.conv", 3, 1, (64, 73)), ("conv5.conv", 3, 2, (80, 71)), ("conv6.conv", 3, 1, (192, 35)),
)  # fmt: skip
# Table 1: how many modules of a kind, the input size of the group, and of what follows
GROUPS = {"mixed_35": (3, (288, 35), (768, 17)), "mixed_17": (5, (768, 17), (1280, 8)), "mixed_8": (2, (1280, 8), (2048, 8))}


@pytest.mark.parametrize(("name", "kernel", "stride", "size"), STEM)
def test_the_stem_of_the_299_pixel_network_is_table_1(name: str, kernel: int, stride: int, size: tuple[int, int]) -> None:
    table = zoo.table("inception_v2")
    row = next(row for row in table if row.name == name)
    assert (row.kernel_size, row.stride) == ((kernel,) * 2, (stride,) * 2)
    assert table[row.sources[0]].output_shape[:2] == size


@pytest.mark.parametrize("group", GROUPS)
def test_the_groups_of_modules_are_table_1(group: str) -> None:
    table = zoo.table("inception_v2")
    count, before, after = GROUPS[group]
    ends = [row for row in table if row.name.startswith(group) and row.name.endswith(".cat") and row.name.count(".") == 1]
    assert len(ends) == count
    first = next(row for row in table if row.name == f"{group}a.branches.one.conv")
    assert table[first.sources[0]].output_shape[:2] == before
    place = next(place for place, row in enumerate(table) if row.name == ends[-1].name)
    last = table[place] if group == "mixed_8" else next(row for row in table[place + 1 :] if row.name.endswith(".cat"))
    assert last.output_shape[:2] == after


def test_a_7x7_window_is_a_row_and_a_column_for_two_sevenths_of_the_weights() -> None:
    rows = {row.name: row for row in zoo.table("inception_v3")}
    row, column = (rows[f"mixed_17d.branches.once.{side}.conv"] for side in ("row", "column"))
    assert (row.kernel_size, column.kernel_size) == ((1, 7), (7, 1))
    assert row.params + column.params == 192 * 192 * 7 * 7 * 2 // 7
    assert column.receptive_field == tuple(side + 6 * 16 for side in row.receptive_field[:1]) + row.receptive_field[1:]


def test_modules_at_8x8_widen_instead_of_deepen() -> None:
    table = zoo.table("inception_v3")
    both = [row for row in table if row.name.startswith("mixed_8a.branches.once.both") and row.kind == "conv"]
    assert [row.kernel_size for row in both] == [(1, 3), (3, 1)]
    assert both[0].sources == both[1].sources


def test_the_head_is_3_3_m_weights_beside_the_same_network() -> None:
    plain, with_head = zoo.table("inception_v3"), zoo.table("inception_v3_aux")
    assert [row for row in with_head if not row.name.startswith("aux")] == list(plain)
    assert zoo.totals("inception_v3_aux").params - zoo.totals("inception_v3").params == 3_326_696
