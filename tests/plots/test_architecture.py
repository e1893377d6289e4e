import numpy as np
import pytest

from cnnviz import zoo
from cnnviz.plots import theme
from cnnviz.plots.architecture import PICKED, architecture, kinds, main_row
from cnnviz.zoo.graph import layers, view


def bars(chart):
    """Every bar by its part's place: (left, right, middle, height)."""
    return {
        int(place): (base, base + width, y, height)
        for trace in chart.data
        if trace.type == "bar"
        for place, base, width, y, height in zip(trace.customdata, trace.base, trace.x, trace.y, trace.width, strict=True)
    }


@pytest.mark.parametrize("name", zoo.names())
def test_every_network_has_a_bar_a_part_inside_of_the_picture_and_none_over_another(name):
    rows = zoo.table(name)
    parts = view(rows)
    chart = architecture(rows, parts)
    drawn = bars(chart)
    assert sorted(drawn) == list(range(len(parts)))
    left, right = chart.layout.xaxis.range
    low, high = chart.layout.yaxis.range
    for x0, x1, y, height in drawn.values():
        assert left < x0 < x1 < right
        assert high < y - height / 2 < y + height / 2 < low
    boxes = np.array(list(drawn.values()))
    apart = np.abs(boxes[:, None, 2] - boxes[None, :, 2]) >= (boxes[:, None, 3] + boxes[None, :, 3]) / 2
    beside = (boxes[:, None, 1] <= boxes[None, :, 0]) | (boxes[None, :, 1] <= boxes[:, None, 0])
    assert (apart | beside | np.eye(len(boxes), dtype=bool)).all()


def test_a_bar_is_wider_with_more_channels_and_higher_with_a_larger_map():
    rows = zoo.table("vgg16")
    parts = view(rows)
    drawn = bars(architecture(rows, parts))
    shapes = {place: rows[part.rows[-1]].output_shape for place, part in enumerate(parts)}
    for a in drawn:
        for b in drawn:
            if shapes[a][0] > shapes[b][0]:
                assert drawn[a][1] - drawn[a][0] > drawn[b][1] - drawn[b][0]
            if len(shapes[a]) == len(shapes[b]) == 3 and shapes[a][1] > shapes[b][1]:
                assert drawn[a][3] > drawn[b][3]


def test_lines_join_what_feeds_with_what_is_fed():
    rows = zoo.table("resnet18")
    parts = view(rows)
    chart = architecture(rows, parts)
    drawn = bars(chart)
    (ways,) = (trace for trace in chart.data if trace.type == "scatter")
    found, start = [], 0
    for place, x in enumerate(ways.x):
        if x is None:
            found.append(((ways.x[start], ways.y[start]), (ways.x[place - 1], ways.y[place - 1])))
            start = place + 1
    middle = {place: (left + right) / 2 for place, (left, right, _y, _height) in drawn.items()}
    wanted = [
        ((middle[s], drawn[s][2] + drawn[s][3] / 2), (middle[t], drawn[t][2] - drawn[t][3] / 2))
        for t, part in enumerate(parts)
        for s in part.sources
    ]
    np.testing.assert_allclose(sorted(np.round(found, 6).tolist()), sorted(np.round(wanted, 6).tolist()))


def test_the_picked_part_alone_has_a_frame():
    rows = zoo.table("alexnet")
    chart = architecture(rows, view(rows), picked=3)
    framed = [
        int(place)
        for trace in chart.data
        if trace.type == "bar"
        for place, colour in zip(trace.customdata, trace.marker.line.color, strict=True)
        if colour == PICKED["color"]
    ]
    assert framed == [3]


def test_kinds_wear_their_colours_and_the_legend_tells_those_that_are_there():
    rows = zoo.table("alexnet")
    parts = layers(rows)
    legend = kinds(parts)
    assert legend[theme.KIND_COLOURS["conv"]] == "convolution"
    assert theme.KIND_COLOURS["join"] not in legend
    assert len(legend) == len({trace.marker.color for trace in architecture(rows, parts).data if trace.type == "bar"})


def test_a_layers_main_row_is_the_one_that_gives_its_kind():
    rows = zoo.table("preact_resnet18")
    assert all(main_row(rows, part).kind == part.kind for part in layers(rows))
