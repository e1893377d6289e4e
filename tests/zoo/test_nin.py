"""Network In Network: a perceptron slid over the image, and no weights after the last map."""

from __future__ import annotations

import pytest
import torch

from cnnviz import zoo


def test_an_mlpconv_layer_is_the_same_small_perceptron_at_every_place() -> None:
    torch.manual_seed(0)
    layer = zoo.build("nin_cifar10").mlpconv1
    images = torch.randn(1, 3, 9, 9)
    maps = layer(images)
    window = images[:, :, 2:7, 3:8].flatten()  # around row 4, column 5
    for conv in (layer.conv, layer.cccp1, layer.cccp2):
        window = torch.relu(conv.weight.flatten(1) @ window + conv.bias)
    torch.testing.assert_close(maps[0, :, 4, 5], window)


@pytest.mark.parametrize("name", ["nin_cifar10", "nin_imagenet"])
def test_the_classes_are_averages_of_their_own_maps_without_a_weight(name: str) -> None:
    table = zoo.table(name)
    assert [row.kind for row in table if row.kind in ("conv", "fc")] == ["conv"] * zoo.totals(name).depth
    assert (table[-1].kind, table[-1].params, table[-1].output_shape[0]) == ("pool", 0, zoo.card(name).classes)


def test_images_of_other_sizes_go_through_one_network() -> None:
    model = zoo.build("nin_cifar10").eval()
    with torch.no_grad():
        assert [model(torch.randn(1, 3, side, side)).shape for side in (20, 32, 45)] == [(1, 10)] * 3
