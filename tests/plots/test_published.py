import pytest

from cnnviz import zoo
from cnnviz.plots.labels import box_of
from cnnviz.plots.published import (
    PROTOCOLS,
    WIDTHS,
    Bubble,
    cheapest,
    error_by_cost,
    labelled,
    protocol,
    scene,
    unbeaten,
    ways_of_measuring,
    winners_by_year,
)
from cnnviz.ui.zoo.all import reported
from cnnviz.zoo.printed import ENTRIES, HUMAN

SMALL = Bubble("small", "Small", 30.0, "validation, one crop", PROTOCOLS[0], 1_000_000, 300_000_000)
LARGE = Bubble("large", "Large", 29.5, "validation, one crop", PROTOCOLS[0], 4_000_000, 9_000_000_000)
OTHER = Bubble("other", "Other", 20.0, "validation, ten crops", PROTOCOLS[1], 2_000_000, 10**9)


def test_an_area_is_in_proportion_to_the_parameters():
    (chart,) = error_by_cost([SMALL, LARGE], "top-1").data
    small, large = chart.marker.size
    assert large**2 / small**2 == pytest.approx(4)
    assert list(chart.x) == [SMALL.macs, LARGE.macs]
    assert list(chart.y) == [30.0, 29.5]
    assert list(chart.customdata) == ["small", "large"]


def test_each_way_of_measuring_has_a_colour_of_its_own():
    chart = error_by_cost([SMALL, OTHER, LARGE], "top-1")
    assert [(trace.name, len(trace.x)) for trace in chart.data] == [("one crop", 2), ("ten crops", 1)]
    assert len({trace.marker.color for trace in chart.data}) == 2


def test_the_finding_compares_only_what_was_measured_alike():
    told = cheapest([SMALL, LARGE, OTHER])
    assert told.startswith("With one crop, Large has the lowest error, 29.5 %, for 9 G multiply-adds")
    assert "Small is cheapest: 30 % for 300 M" in told
    assert "nothing within one per cent" in cheapest([OTHER])


@pytest.mark.parametrize(
    ("how", "way"),
    [
        ("validation, one crop", "one crop"),
        ("validation, one crop of 224", "one crop"),
        ("validation, one crop of 320, scale augmentation", "another way"),
        ("validation, ten crops", "ten crops"),
        ("validation, four networks, many crops", "another way"),
        ("test", "another way"),
    ],
)
def test_ways_of_measuring(how, way):
    assert protocol(how) == way


def test_each_winner_stands_at_its_year_and_error():
    chart = winners_by_year(ENTRIES, HUMAN)
    drawn = {(x, y) for trace in chart.data for x, y in zip(trace.x, trace.y, strict=True)}
    assert drawn == {(entry.year, entry.percent) for entry in ENTRIES}


def test_unbeaten_is_what_no_other_beats_in_both():
    worse = Bubble("worse", "Worse", 31.0, "validation, one crop", PROTOCOLS[0], 10, 400_000_000)
    assert unbeaten([SMALL, LARGE, worse]) == {"small", "large"}


def test_the_legend_tells_the_colours_that_are_drawn():
    chart = error_by_cost([SMALL, OTHER], "top-1")
    assert ways_of_measuring([SMALL, OTHER]) == {trace.marker.color: trace.name for trace in chart.data}


def test_unbeaten_ones_are_named():
    worse = Bubble("worse", "Worse", 31.0, "validation, one crop", PROTOCOLS[0], 10, 400_000_000)
    bubbles = [SMALL, worse, LARGE, OTHER]
    assert set(labelled(bubbles)) == {"small", "large"}
    alike, other = error_by_cost(bubbles, "top-1").data
    assert list(alike.text) == ["Small", "", "Large"]
    assert list(other.text) == [""]


@pytest.mark.parametrize("pair", reported(zoo.names()))
@pytest.mark.parametrize("width", WIDTHS)
def test_no_name_covers_another_or_a_bubble_or_leaves_the_plot_on_any_page(pair, width):
    bubbles = reported(zoo.names())[pair]
    drawn, named = scene(bubbles, width), labelled(bubbles)
    titles = {bubble.title: named[bubble.name] for bubble in bubbles if bubble.name in named}
    boxes = {title: box_of(drawn.spots[title], position) for title, position in titles.items()}
    assert len(boxes) >= 2
    for title, (left, top, right, bottom) in boxes.items():
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= drawn.height
        circles = [spot.box for other, spot in drawn.spots.items() if other != title]
        for other in (*circles, *(box for name, box in boxes.items() if name != title)):
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def test_bubbles_stand_where_plotly_puts_them():
    chart = error_by_cost([SMALL, LARGE], "top-1")
    (left, right), (low, high) = chart.layout.xaxis.range, chart.layout.yaxis.range
    drawn = scene([SMALL, LARGE], 500)
    for bubble, size in zip((SMALL, LARGE), chart.data[0].marker.size, strict=True):
        spot = drawn.spots[bubble.title]
        assert 10 ** (left + spot.x / 500 * (right - left)) == pytest.approx(bubble.macs)
        assert high - spot.y / drawn.height * (high - low) == pytest.approx(bubble.percent)
        assert low < bubble.percent < high
        assert 2 * spot.radius == size


def test_titles_are_different_so_that_a_name_means_one_bubble():
    assert len({zoo.card(name).title for name in zoo.names()}) == len(zoo.names())
