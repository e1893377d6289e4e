"""SqueezeNet against its paper's Table 1."""

from __future__ import annotations

import pytest
import torch

from cnnviz import zoo

# Table 1: output and parameters before pruning
TABLE_1 = {
    "conv1": ((96, 111, 111), 14_208), "maxpool1": ((96, 55, 55), 0), "fire2": ((128, 55, 55), 11_920),
    "fire3": ((128, 55, 55), 12_432), "fire4": ((256, 55, 55), 45_344), "maxpool4": ((256, 27, 27), 0),
    "fire5": ((256, 27, 27), 49_440), "fire6": ((384, 27, 27), 104_880), "fire7": ((384, 27, 27), 111_024),
    "fire8": ((512, 27, 27), 188_992), "maxpool8": ((512, 13, 13), 0), "fire9": ((512, 13, 13), 197_184),
    "conv10": ((1000, 13, 13), 513_000), "avgpool10": ((1000, 1, 1), 0),
}  # fmt: skip


@pytest.mark.parametrize("layer", TABLE_1)
def test_each_layer_has_the_size_and_the_parameters_of_table_1(layer: str) -> None:
    rows = [row for row in zoo.table("squeezenet") if row.name.split(".")[0] == layer]
    assert (rows[-1].output_shape, sum(row.params for row in rows)) == TABLE_1[layer]


# SqueezeNet_v1.1/deploy.prototxt for images of 227: output of each layer, its pools rounded up
VERSION_1_1 = {
    "conv1": (64, 113, 113), "maxpool1": (64, 56, 56), "fire2": (128, 56, 56), "fire3": (128, 56, 56), "maxpool3": (128, 28, 28),
    "fire4": (256, 28, 28), "fire5": (256, 28, 28), "maxpool5": (256, 14, 14), "fire6": (384, 14, 14), "fire7": (384, 14, 14),
    "fire8": (512, 14, 14), "fire9": (512, 14, 14), "conv10": (1000, 14, 14), "avgpool10": (1000, 1, 1),
}  # fmt: skip


def test_version_1_1_has_the_sizes_of_the_authors_file() -> None:
    ends = {
        row.name.split(".")[0]: row.output_shape for row in zoo.table("squeezenet1_1") if row.kind in ("conv", "pool", "concat")
    }
    assert ends == VERSION_1_1


def test_version_1_1_has_the_fires_of_table_1_and_less_than_half_the_multiply_adds() -> None:
    def fires(name: str) -> list[int]:
        return [row.params for row in zoo.table(name) if row.name.startswith("fire")]

    assert fires("squeezenet1_1")[1:] == fires("squeezenet")[1:]  # the first reads 64 maps in place of 96
    assert zoo.totals("squeezenet").macs / zoo.totals("squeezenet1_1").macs == pytest.approx(2.15, abs=0.01)
    # torchvision's squeezenet1_1 at its 224 pixels, counted by others: 349,151,936
    assert sum(row.macs for row in zoo.table("squeezenet1_1", input_shape=(3, 224, 224))) == 349_151_936


def test_it_has_a_fiftieth_of_alexnets_parameters() -> None:
    assert zoo.totals("alexnet").params / zoo.totals("squeezenet").params == pytest.approx(50, rel=0.05)


def test_a_bypass_adds_what_came_in_around_every_second_fire() -> None:
    skipping = [row.name for row in zoo.table("squeezenet", simple_bypass=True) if row.kind == "add"]
    assert skipping == ["fire3.add", "fire5.add", "fire7.add", "fire9.add"]
    fire = zoo.build("squeezenet", simple_bypass=True).fire3
    x = torch.randn(1, 128, 3, 3)
    squeezed = torch.relu(fire.squeeze(x))
    expanded = torch.cat([branch(squeezed) for branch in fire.expand.branches.values()], 1)
    torch.testing.assert_close(fire(x), x + torch.relu(expanded))
