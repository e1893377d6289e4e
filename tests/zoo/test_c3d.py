"""C3D: convolution over time as well."""

from __future__ import annotations

from cnnviz import zoo


# Tran et al. 2014, section 3 and Figure 3
def test_time_is_merged_from_the_second_pool_on() -> None:
    pools = [row for row in zoo.table("c3d") if row.kind == "pool"]
    assert [row.output_shape for row in pools] == [
        (64, 16, 56, 56), (128, 8, 28, 28), (256, 4, 14, 14), (512, 2, 7, 7), (512, 1, 4, 4)
    ]  # fmt: skip
    assert [row.kernel_size for row in pools] == [(1, 2, 2), *[(2, 2, 2)] * 4]


def test_every_convolution_is_3x3x3_and_keeps_the_clips_size() -> None:
    convolutions = [row for row in zoo.table("c3d") if row.kind == "conv"]
    assert len(convolutions) == 8
    assert {(row.kernel_size, row.stride, row.padding) for row in convolutions} == {((3, 3, 3), (1, 1, 1), (1, 1, 1))}
