import math

import pytest

from cnnviz import zoo
from cnnviz.plots import theme
from cnnviz.plots.cost import NEEDS, Curve, macs_along, memory_along
from cnnviz.zoo.budget import budget


def curve(letter, name, picked):
    points = {side: budget(zoo.totals(name).params, cost, 8) for side, cost in zoo.costs(name).items()}
    return Curve(letter, zoo.card(name).title, points, picked)


CURVES = [curve("A", "resnet50", 224), curve("B", "mobilenet_v1", 96)]


def test_a_line_a_network_has_a_mark_at_every_counted_side_and_no_other():
    chart = macs_along("side", CURVES)
    for trace, name, letter in zip(chart.data, ("resnet50", "mobilenet_v1"), "AB", strict=True):
        assert list(trace.x) == list(zoo.costs(name))
        assert list(trace.y) == [8 * cost.macs for cost in zoo.costs(name).values()]
        assert trace.line.color == theme.variant_colour(letter)


def test_memory_has_a_line_a_need_and_training_takes_most():
    chart = memory_along("side", CURVES)
    assert [trace.line.dash for trace in chart.data] == [*NEEDS.values()] * 2
    training, inference, weights = (list(trace.y) for trace in chart.data[:3])
    assert weights == [4 * zoo.totals("resnet50").params] * len(weights)
    assert all(t > i > w for t, i, w in zip(training, inference, weights, strict=True))


def test_the_mark_where_the_sliders_are_is_larger():
    for trace, picked in zip(macs_along("side", CURVES).data, (224, 96), strict=True):
        sizes = dict(zip(trace.x, trace.marker.size, strict=True))
        assert [side for side, size in sizes.items() if size == max(sizes.values())] == [picked]


def test_a_network_of_convolutions_costs_four_times_as_much_at_twice_the_side():
    trace = macs_along("side", CURVES).data[0]
    numbers = dict(zip(trace.x, trace.y, strict=True))
    assert math.log2(numbers[512] / numbers[256]) == pytest.approx(2, abs=0.01)
