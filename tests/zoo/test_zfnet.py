"""ZFNet's maps against its paper's Figure 3."""

from __future__ import annotations

from cnnviz import zoo


def test_each_layer_has_the_size_of_figure_3() -> None:
    sides = {row.name: row.output_shape for row in zoo.table("zfnet") if row.kind in ("conv", "pool", "fc")}
    assert sides == {
        "conv1": (96, 110, 110), "pool1": (96, 55, 55), "conv2": (256, 26, 26), "pool2": (256, 13, 13),
        "conv3": (384, 13, 13), "conv4": (384, 13, 13), "conv5": (256, 13, 13), "pool5": (256, 6, 6),
        "fc6": (4096,), "fc7": (4096,), "fc8": (1000,),
    }  # fmt: skip


def test_its_first_windows_are_smaller_and_closer_than_alexnets() -> None:
    first = {name: zoo.table(name)[1] for name in ("alexnet", "zfnet")}
    assert [(row.kernel_size[0], row.stride[0]) for row in first.values()] == [(11, 4), (7, 2)]
