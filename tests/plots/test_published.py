import pytest

from cnnviz.plots.published import (
    PROTOCOLS,
    Bubble,
    cheapest,
    error_by_cost,
    labelled,
    protocol,
    unbeaten,
    ways_of_measuring,
    winners_by_year,
)
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


def test_names_stand_apart():
    near = Bubble("near", "Near", 29.8, "validation, one crop", PROTOCOLS[0], 10, 310_000_000)
    assert labelled([SMALL, near, LARGE]) == {"small", "large"}
    (chart,) = error_by_cost([SMALL, near, LARGE], "top-1").data
    assert list(chart.text) == ["Small", "", "Large"]
