"""Published errors against what a network costs, and the winners of ImageNet by year."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.labels import FONT, Scene, Spot, placed
from cnnviz.plots.numbers import cost_text
from cnnviz.zoo.printed import Entry

LARGEST = 46  # pixels across, of the bubble with most parameters
HEIGHT = 470
WIDTHS = (262, 400, 600, 900)  # pixels across the plot area, on a page of 390 and on wider ones
BORDER = 0.1  # of an axis, kept free at either end
PROTOCOLS = ("one crop", "ten crops", "another way")


@dataclass(frozen=True)
class Bubble:
    """A network with an error that its paper reports, in per cent, and what it costs for one example. protocol: one of
    PROTOCOLS."""

    name: str
    title: str
    percent: float
    how: str
    protocol: str
    params: int
    macs: int


def protocol(how: str) -> str:
    """How an error was measured, in one of three ways that can't be compared with one another."""
    one, ten = "one crop" in how, "ten crops" in how
    return PROTOCOLS[0] if one and "scale" not in how and "networks" not in how else PROTOCOLS[1] if ten else PROTOCOLS[2]


def error_by_cost(bubbles: Sequence[Bubble], measure: str, picked: str = "") -> go.Figure:
    """A bubble a network: multiply-adds to the right, error upwards, its area the parameters; a colour each way of measuring.

    Diagnoses: what lies further down and to the left is better in both; a large bubble pays in memory.
    """
    chart = theme.figure(
        "error_by_cost",
        theme.log_axis("Multiply-adds for one example", counted=True, tickangle=0),
        theme.linear_axis(f"Published error, {measure}, %"),
    )
    across, up = spans(bubbles)
    chart.update_layout(
        hovermode="closest",
        clickmode="event+select",
        dragmode=False,
        height=HEIGHT,
        xaxis_range=across,
        yaxis_range=up,
    )
    named = labelled(bubbles)
    for place, way in enumerate(PROTOCOLS):
        own = [bubble for bubble in bubbles if bubble.protocol == way]
        if own:
            chart.add_trace(_bubbles(own, way, place, most_params(bubbles), picked, named))
    return chart


def most_params(bubbles: Sequence[Bubble]) -> int:
    """Those of the largest bubble."""
    return max((bubble.params for bubble in bubbles), default=1)


def radius(bubble: Bubble, most: int) -> float:
    """In pixels; the area is in proportion to the parameters."""
    return max(LARGEST * math.sqrt(bubble.params / most), 7) / 2


def spans(bubbles: Sequence[Bubble]) -> tuple[list[float], list[float]]:
    """What the axes show: powers of ten of multiply-adds, and errors, with a border for half bubbles."""
    return _span([math.log10(bubble.macs) for bubble in bubbles]), _span([bubble.percent for bubble in bubbles])


def _span(numbers: Sequence[float]) -> list[float]:
    low, high = min(numbers), max(numbers)
    border = BORDER * (high - low) or 0.5
    return [low - border, high + border]


def commonest(bubbles: Sequence[Bubble]) -> str:
    """The way of measuring that most of them share."""
    ways = [bubble.protocol for bubble in bubbles]
    return max(PROTOCOLS, key=ways.count)


def labelled(bubbles: Sequence[Bubble]) -> dict[str, str]:
    """Those with their names beside them, and on which side: unbeaten ones of the commonest way of measuring, the lowest error
    and the fewest multiply-adds first, as many as have room on narrow pages and on wide ones."""
    way = commonest(bubbles)
    own = [bubble for bubble in bubbles if bubble.protocol == way]
    best = unbeaten(own)
    ends = sorted((it for it in own if it.name in best), key=lambda bubble: bubble.percent)
    order = [bubble.title for bubble in (*ends[:1], *reversed(ends[1:]))]
    positions = placed(order, [scene(bubbles, width) for width in WIDTHS])
    return {bubble.name: positions[bubble.title] for bubble in ends if bubble.title in positions}


def scene(bubbles: Sequence[Bubble], width: float) -> Scene:
    """Where the bubbles stand in a plot area of this width."""
    (left, right), (low, high) = spans(bubbles)
    height, most = HEIGHT - theme.MARGIN["t"] - theme.MARGIN["b"], most_params(bubbles)
    spots = {
        bubble.title: Spot(
            bubble.title,
            width * (math.log10(bubble.macs) - left) / (right - left),
            height * (high - bubble.percent) / (high - low),
            radius(bubble, most),
        )
        for bubble in bubbles
    }
    return Scene(width, height, spots)


def ways_of_measuring(bubbles: Sequence[Bubble]) -> dict[str, str]:
    """The legend: the ways of measuring that are there, by their colour."""
    there = {bubble.protocol for bubble in bubbles}
    return {theme.VARIANT_COLOURS[place]: way for place, way in enumerate(PROTOCOLS) if way in there}


def unbeaten(bubbles: Sequence[Bubble]) -> set[str]:
    """Those than which none of the others has both fewer multiply-adds and a lower error."""
    return {
        it.name
        for it in bubbles
        if not any(
            o.macs <= it.macs and o.percent <= it.percent and (o.macs, o.percent) != (it.macs, it.percent) for o in bubbles
        )
    }


def _bubbles(own: Sequence[Bubble], way: str, place: int, most: int, picked: str, named: Mapping[str, str]) -> go.Scatter:
    return go.Scatter(
        name=way,
        mode="markers+text",
        text=[bubble.title if bubble.name in named else "" for bubble in own],
        textposition=[named.get(bubble.name, "top right") for bubble in own],
        textfont={"size": FONT},
        cliponaxis=False,
        x=[bubble.macs for bubble in own],
        y=[bubble.percent for bubble in own],
        customdata=[bubble.name for bubble in own],
        hovertext=[_told(bubble) for bubble in own],
        hovertemplate="%{hovertext}<extra></extra>",
        marker={
            "color": theme.VARIANT_COLOURS[place],
            "opacity": 0.65,
            "size": [2 * radius(bubble, most) for bubble in own],
            "line": {
                "color": theme.NEUTRAL,
                "width": [4 if bubble.name == picked else 1 for bubble in own],
            },
        },
        selected={"marker": {"opacity": 0.65}},
        unselected={"marker": {"opacity": 0.65}},
    )


def _told(bubble: Bubble) -> str:
    return (
        f"<b>{bubble.title}</b><br>{bubble.percent:g} %, {bubble.how}<br>"
        f"{cost_text(bubble.macs)} multiply-adds, {cost_text(bubble.params)} parameters"
    )


def cheapest(bubbles: Sequence[Bubble]) -> str:
    """In a sentence: the lowest error, and how much less the cheapest network within one per cent of it costs, for the way of
    measuring that most networks share."""
    way = commonest(bubbles)
    own = [bubble for bubble in bubbles if bubble.protocol == way]
    best = min(own, key=lambda bubble: (bubble.percent, bubble.macs))
    close = min((bubble for bubble in own if bubble.percent <= best.percent + 1), key=lambda bubble: bubble.macs)
    least = f"With {way}, {best.title} has the lowest error, {best.percent:g} %, for {cost_text(best.macs)} multiply-adds"
    if close is best:
        return f"{least}; nothing within one per cent of it is cheaper."
    return f"{least}; within one per cent of it {close.title} is cheapest: {close.percent:g} % for {cost_text(close.macs)}."


def winners_by_year(entries: Sequence[Entry], human: float) -> go.Figure:
    """Top-5 error by year, open marks where other data helped, the depth written beside; a person's error as a dotted line."""
    years = sorted({entry.year for entry in entries})
    chart = theme.figure(
        "winners_by_year",
        theme.linear_axis("Year of the challenge", tickvals=years, range=[years[0] - 0.4, years[-1] + 0.9]),
        theme.linear_axis("Top-5 error, %", range=[0, 1.12 * max(entry.percent for entry in entries)]),
    )
    chart.update_layout(hovermode="closest", height=380)
    for outside in (False, True):
        own = [entry for entry in entries if entry.outside is outside]
        chart.add_trace(
            go.Scatter(
                name="with other data" if outside else "on ImageNet alone",
                mode="markers+text",
                x=[entry.year for entry in own],
                y=[entry.percent for entry in own],
                text=[f"{entry.layers} layers" if entry.layers else "" for entry in own],
                textposition=[
                    "bottom right" if entry.year == before else "top right" for before, entry in _with_year_before(own)
                ],
                marker={"size": 12, "symbol": "circle-open" if outside else "circle", "color": theme.VARIANT_COLOURS[1]},
                hovertext=[f"<b>{entry.team}</b><br>{entry.percent:g} % top-5" for entry in own],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    theme.level(chart, human, f"a person: {human:g} %")
    return chart


def _with_year_before(entries: Sequence[Entry]) -> list[tuple[int, Entry]]:
    """Each entry with the year of the one before it, so that two of one year are labelled above and below."""
    return list(zip([0, *(entry.year for entry in entries)], entries, strict=False))
