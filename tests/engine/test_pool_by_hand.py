"""Pools by hand are those of the nets, draws are as likely as they should be, and maps come back as torch brings them back."""

from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnnviz.engine import pool_by_hand as hand
from cnnviz.engine.experiment import Net
from cnnviz.engine.nets.pooling import POOLS
from cnnviz.engine.nets.pooling.strided import stride

MAP = np.random.default_rng(0).random((8, 12)) * (np.random.default_rng(1).random((8, 12)) > 0.4)
OF_NETS = {
    "max": hand.largest,
    "average": hand.average,
    "stochastic": hand.weighted,
    "lp": lambda maps: hand.power_mean(maps, 3.0),
    "blur": hand.blurred,
}


def in_torch(maps):
    return torch.from_numpy(maps)[None, None]


@pytest.mark.parametrize("pooling", OF_NETS)
def test_a_pool_by_hand_is_that_of_a_net_in_eval_mode(pooling):
    module = POOLS[pooling](Net(pool_p=3.0)).double().eval()
    np.testing.assert_allclose(OF_NETS[pooling](MAP), module(in_torch(MAP))[0, 0].numpy(), rtol=1e-9)


def test_a_strided_convolution_is_every_second_place_of_a_dense_one():
    kernel = np.array(hand.FILTERS["vertical edges"], float)
    weight = torch.from_numpy(kernel / np.abs(kernel).sum())[None, None]
    dense = F.conv2d(in_torch(MAP), weight, padding=1).relu()
    strided = F.conv2d(in_torch(MAP), weight, padding=1, stride=stride(Net(pooling="strided"), True)).relu()
    np.testing.assert_allclose(hand.rectified(MAP, kernel), dense[0, 0].numpy(), atol=1e-12)
    np.testing.assert_allclose(hand.every_second(hand.rectified(MAP, kernel)), strided[0, 0].numpy(), atol=1e-12)


def test_the_power_mean_goes_from_the_average_to_the_maximum():
    np.testing.assert_allclose(hand.power_mean(MAP, 1.0), hand.average(MAP))
    np.testing.assert_allclose(hand.power_mean(MAP, 1_000.0), hand.largest(MAP), rtol=2e-3)
    means = [hand.power_mean(MAP, p) for p in (1.0, 2.0, 5.0, 20.0)]
    assert all((lower <= higher + 1e-12).all() for lower, higher in pairwise(means))


def test_the_lectures_region_has_its_probabilities_and_its_weighted_mean():
    chances = hand.probabilities(hand.LECTURE.ravel())
    assert chances[[0, 8]] == pytest.approx([0.4, 0.6])
    assert chances.sum() == pytest.approx(1)
    assert (chances * hand.LECTURE.ravel()).sum() == pytest.approx(2.08)


def test_draws_tend_to_the_probabilities_and_more_of_them_begin_the_same():
    region = np.array([[1.0, 2.0], [3.0, 4.0]])
    counts = hand.draws(region, 20_000, 3)
    assert counts.sum() == 20_000
    assert counts / 20_000 == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=0.015)
    assert (hand.draws(region, 50, 3) <= hand.draws(region, 51, 3)).all()
    places = [hand.last_draw(region, count, 3) for count in range(1, 51)]
    assert np.bincount(places, minlength=4).tolist() == hand.draws(region, 50, 3).tolist()
    assert hand.draws(region, 50, 3).tolist() != hand.draws(region, 50, 4).tolist()


def test_a_region_of_zeros_can_not_be_drawn_from():
    nothing = np.zeros((3, 3))
    assert not hand.draws(nothing, 10, 0).any()
    assert hand.last_draw(nothing, 10, 0) is None
    assert hand.last_draw(hand.LECTURE, 0, 0) is None
    assert not hand.drawn(np.zeros((2, 2)), 0).any()


def test_what_is_drawn_of_a_map_is_one_of_each_window_and_as_often_as_its_size_says():
    wide = np.tile([[1.6, 0.0], [0.0, 2.4]], (1, 5_000))
    found = hand.drawn(wide, 0)
    assert set(found.ravel().tolist()) == {1.6, 2.4}
    assert (found == 2.4).mean() == pytest.approx(0.6, abs=0.025)
    assert (hand.windows(MAP) == hand.drawn(MAP, 1)[..., None]).any(2).all()


@pytest.mark.parametrize("times", [1, 2])
def test_a_map_comes_back_as_torch_brings_it_back(times):
    pooled, places, sizes = in_torch(MAP), [], []
    for _time in range(times):
        sizes.append(pooled.shape[2:])
        pooled, place = F.max_pool2d(pooled, 2, return_indices=True)
        places.append(place)
    back = pooled
    for place, size in zip(reversed(places), reversed(sizes), strict=True):
        back = F.max_unpool2d(back, place, [2, 2], output_size=size)
    found = hand.unpooled(MAP, times)
    np.testing.assert_array_equal(found["switches"], back[0, 0].numpy())
    np.testing.assert_array_equal(found["spread"], np.kron(pooled[0, 0].numpy(), np.ones((2**times, 2**times))))
    assert (found["corner"][:: 2**times, :: 2**times] == pooled[0, 0].numpy()).all()
    assert (found["corner"] != 0).sum() == (pooled != 0).sum()


def test_a_maximum_in_its_own_place_is_never_farther_off_than_in_the_corner():
    """‖x − x̂‖² is Σx² − m² a window with switches, and 2m(m − x₁) more in the corner."""
    found = hand.unpooled(MAP, 1)
    cut = hand.windows(MAP)
    most = cut.max(2)
    assert hand.lost(MAP, found["switches"]) == pytest.approx(1 - (most**2).sum() / (MAP**2).sum())
    more = (2 * most * (most - cut[..., 0])).sum() / (MAP**2).sum()
    assert hand.lost(MAP, found["corner"]) == pytest.approx(hand.lost(MAP, found["switches"]) + more)
    assert hand.lost(np.zeros((4, 4)), np.zeros((4, 4))) == 0


def test_a_picture_loses_what_does_not_fill_a_window():
    assert hand.cropped(np.zeros((28, 30)), 3).shape == (24, 24)
