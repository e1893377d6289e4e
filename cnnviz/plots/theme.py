"""Colours, fonts, axes and margins of every chart, so that the same thing looks the same on every page.

The panel overrides what depends on the reader's theme: `layout.font.color` and `.family`, and every axis's `gridcolor`,
`zerolinecolor` and `linecolor`; it gives the size and draws its own legend. All else here reads on white and on a dark ground.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cnnviz.plots.live_plot import Headline, Quantity
from cnnviz.plots.log_ticks import log_ticks

# A to D: Okabe & Ito (2008), told apart with every kind of colour vision. Their orange and sky blue have 2.3 : 1 on white, so E
# and F are a brown and a violet: all six have 3 : 1 on both grounds, and no two come closer for any eye than theirs.
VARIANT_COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#A65132", "#9080FF")

MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x")  # with the colour, for whoever can't tell colours apart

# Paul Tol's "bright" scheme (SRON technical note, 2021), so that no layer kind looks like a variant.
# The light ones are drawn with an edge: they are faint on white.
# "join" is where ways meet (add, concat, multiply), "other" what has no kind of its own (matrix products, capsules).
KIND_COLOURS = {"conv": "#4477AA", "norm": "#AC3579", "activation": "#CCBB44", "pool": "#228833", "fc": "#EE6677",
                "join": "#66CCEE", "input": "#BBBBBB", "other": "#A6761D"}  # fmt: skip

MAGNITUDE_SCALE = "Cividis"
SIGNED_SCALE = "RdBu_r"  # blue below zero, red above; draw it with cmid=0
NEUTRAL = "#888888"  # rules and marks that belong to no variant: 3.5 : 1 on white, 5.4 : 1 on dark
FONT = "Source Sans Pro, Source Sans 3, Segoe UI, Helvetica, Arial, sans-serif"
FONT_SIZE = 14
SHORT = ".3~g"  # a hover label's number: three digits
POWERS = {"tickprefix": "10<sup>", "ticksuffix": "</sup>", "nticks": 6}  # ticks of an axis that holds log₁₀ values
MARGIN = {"l": 76, "r": 20, "t": 34, "b": 56}


def variant_colour(variant: str) -> str:
    """The colour of variant "A", "B", … Raises ValueError for a letter that has none."""
    place = ord(variant) - ord("A") if len(variant) == 1 else -1
    if not 0 <= place < len(VARIANT_COLOURS):
        last = chr(ord("A") + len(VARIANT_COLOURS) - 1)
        raise ValueError(f"variant (={variant!r}) must be a letter from A to {last}.")
    return VARIANT_COLOURS[place]


def figure(name: str, x: Mapping[str, Any], y: Mapping[str, Any], note: str = "") -> go.Figure:
    """An empty chart with one pair of axes. note: a line above the plot area, say what solid and dashed mean."""
    notes = [_note(note)] if note else []
    return go.Figure(layout={**_layout(name), "xaxis": dict(x), "yaxis": dict(y), "annotations": notes})


def beside(name: str, variants: Sequence[str], x: Mapping[str, Any], y: Mapping[str, Any], same_x: bool = False) -> go.Figure:
    """An empty chart with one pair of axes a variant, side by side, each headed by its letter; they share y and the x title. On
    a narrow page the panel's script puts one below the other.

    same_x: they share the range of x too.
    """
    count = max(len(variants), 1)
    grid = make_subplots(rows=1, cols=count, horizontal_spacing=0.16 / count)
    layout = _layout(name)
    heads = [_x_title(x["title"]["text"]), *(_head(variant, column) for column, variant in enumerate(variants, start=1))]
    for place in range(count):
        suffix = str(place + 1) if place else ""
        layout[f"xaxis{suffix}"] = {**x, "title": None, **({"matches": "x"} if same_x and place else {})}
        layout[f"yaxis{suffix}"] = {**y, "title": None, "showticklabels": False, "matches": "y"} if place else dict(y)
    grid.update_layout({**layout, "annotations": heads, "meta": {"beside": count}})
    return grid


def head(chart: go.Figure, variant: str, column: int) -> None:
    """A variant's letter, beside a square of its colour, above the plot areas of a column."""
    chart.add_annotation(_head(variant, column))


def name_area(chart: go.Figure, text: str, column: int) -> None:
    """Words above the plot areas of a column."""
    chart.add_annotation(_above(text, column))


def x_title(chart: go.Figure, text: str) -> None:
    """One x title for plot areas side by side."""
    chart.add_annotation(_x_title(text))


def note(chart: go.Figure, text: str) -> None:
    """A line above the plot areas, say what solid and dashed mean."""
    chart.add_annotation(_note(text))


def dressed(chart: go.Figure, name: str) -> go.Figure:
    """A chart in the course's clothes."""
    return chart.update_layout(_layout(name))


def stacked(name: str, x: Mapping[str, Any], *ys: Mapping[str, Any]) -> go.Figure:
    """An empty chart with plot areas one above the other over the same x axis, a y axis each."""
    grid = make_subplots(rows=len(ys), cols=1, shared_xaxes=True, vertical_spacing=0.08)
    layout = _layout(name)
    for place, y in enumerate(ys):
        suffix = str(place + 1) if place else ""
        layout[f"xaxis{suffix}"] = dict(x) if place == len(ys) - 1 else {**x, "title": None}
        layout[f"yaxis{suffix}"] = dict(y)
    grid.update_layout(layout)
    return grid


def solid(name: str, titles: Sequence[str]) -> go.Figure:
    """An empty chart of three axes from 0 to 1, to be turned with the mouse, each with its title at its end."""
    quiet = {"gridcolor": "rgba(136,136,136,0.35)", "backgroundcolor": "rgba(0,0,0,0)", "linecolor": NEUTRAL}
    axis = {"title": {"text": ""}, "nticks": 4, "range": [-0.2, 1.2], **quiet}
    ends = [
        {"x": 0.9, "y": -0.1, "z": -0.15},
        {"x": 1.1, "y": 0.9, "z": -0.15},
        {"x": -0.1, "y": -0.1, "z": 1.1},
    ]  # as drawn at first
    words = [  # Plotly draws an axis title of its own too small to be read
        {"text": title, **end, "showarrow": False, "font": {"size": FONT_SIZE}} for title, end in zip(titles, ends, strict=True)
    ]
    place = {"camera": {"eye": {"x": 1.6, "y": -1.7, "z": 0.85}, "center": {"x": 0, "y": 0, "z": -0.1}}, "aspectmode": "cube"}
    scene = {f"{letter}axis": axis for letter in "xyz"} | {"annotations": words} | place
    chart = dressed(go.Figure(), name)
    return chart.update_layout(scene=scene, margin={"l": 0, "r": 0, "t": 0, "b": 0}, height=360, hovermode="closest")


def _layout(name: str) -> dict[str, Any]:
    """What all charts have in common. One dictionary, since Plotly checks a figure's layout at each call that changes it."""
    return {
        "template": "none",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": FONT_SIZE, "color": NEUTRAL},
        "title": {"font": {"size": FONT_SIZE + 1}, "x": 0, "xref": "container", "automargin": True, "yref": "container"},
        "margin": MARGIN,
        "showlegend": False,
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"},
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": "#222222",
            "bordercolor": "#222222",
            "font": {"color": "#FFFFFF", "size": FONT_SIZE - 1},
        },
        "uirevision": name,
    }


def _note(text: str) -> dict[str, Any]:
    """A line above the plot area, at its left."""
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xshift": 8, "xanchor": "left", "yanchor": "bottom"}
    return {"text": text, **place, "showarrow": False, "font": {"size": FONT_SIZE - 1}}


def _head(variant: str, column: int) -> dict[str, Any]:
    return _above(f'<span style="color:{variant_colour(variant)}">■</span> <b>{variant}</b>', column)


def _above(text: str, column: int) -> dict[str, Any]:
    return _centred(text, y=1, yanchor="bottom", xref=f"x{'' if column == 1 else column} domain")


def _x_title(text: str) -> dict[str, Any]:
    return _centred(text, y=0, yanchor="top", yshift=-26)


def _centred(text: str, y: float, yanchor: str, yshift: float = 0, xref: str = "paper") -> dict[str, Any]:
    """Words above or below a plot area, or all of them, in its middle."""
    place = {"xref": xref, "yref": "paper", "x": 0.5, "y": y, "xanchor": "center", "yanchor": yanchor, "yshift": yshift}
    return {"text": text, **place, "showarrow": False, "font": {"size": FONT_SIZE}}


def _axis(title: str, **more: Any) -> dict[str, Any]:
    quiet = {"gridcolor": "rgba(136,136,136,0.25)", "zerolinecolor": "rgba(136,136,136,0.5)", "linecolor": NEUTRAL}
    return {
        "title": {"text": title, "standoff": 8, "font": {"size": FONT_SIZE}},
        "tickfont": {"size": FONT_SIZE - 1},
        **quiet,
        **more,
    }


def linear_axis(title: str, **more: Any) -> dict[str, Any]:
    """A linear axis with short numbers."""
    return _axis(title, exponentformat="SI", zeroline=False, **more)


def log_axis(title: str, counted: bool = False, **more: Any) -> dict[str, Any]:
    """A logarithmic axis whose ticks are written 10⁻⁵, or 2M of what is counted; zeros and negative numbers are not
    drawn."""
    return _axis(title, type="log", zeroline=False, **{**log_ticks(counted), **more})


def exponent_axis(title: str, **more: Any) -> dict[str, Any]:
    """A linear axis of log₁₀ values whose ticks are written 10⁻⁵, so that bars may start at 10⁰ = 1."""
    return _axis(title, zeroline=True, zerolinewidth=2, **POWERS, **more)


def step_axis(**more: Any) -> dict[str, Any]:
    """x: updates made."""
    return _axis("Step (updates made)", exponentformat="SI", zeroline=False, nticks=6, tickangle=0, **more)


def category_axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis of words, or of numbers that are as far from one another as words."""
    return _axis(title, type="category", zeroline=False, **more)


def layer_axis(**more: Any) -> dict[str, Any]:
    """x: the layers by name, input side first."""
    return _axis("Layer (input side → output side)", type="category", zeroline=False, tickangle=0, nticks=9, **more)


def layer_names_axis() -> dict[str, Any]:
    """y of a map: the layers by name, input side at the bottom."""
    return _axis("Layer (input side at the bottom)", type="category", zeroline=False, nticks=9)


def layer_stack_axis() -> dict[str, Any]:
    """y for ridges: layer numbers from the input up. Room for five layers at least, so that ticks never fall between two."""
    return _axis(
        "Layer (1 = next to the input)", zeroline=False, nticks=9, minallowed=0.5, autorangeoptions={"include": [0.9, 5.95]}
    )


def magnitudes(title: str, low: float, high: float) -> dict[str, Any]:
    """A colour axis over log₁₀ values, its bar below the plot areas with ticks written 10⁻⁵."""
    return {"colorscale": MAGNITUDE_SCALE, "cmin": low, "cmax": high, "colorbar": _bar_below(title, POWERS)}


def shares(title: str) -> dict[str, Any]:
    """A colour axis over shares from 0 to 1, its bar below the plot areas."""
    bar = _bar_below(title, {"tickformat": ".0%", "nticks": 6})
    return {"colorscale": MAGNITUDE_SCALE, "cmin": 0, "cmax": 1, "colorbar": bar}


def _bar_below(title: str, ticks: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "orientation": "h",
        "yref": "container",
        "y": 0,
        "yanchor": "bottom",
        "ypad": 2,  # Plotly makes more of it where the plot area is low, and the bar then covers the axis title
        "thickness": 12,
        "outlinewidth": 0,
        "title": {"text": title, "side": "bottom", "font": {"size": FONT_SIZE}},
        **ticks,
    }


def signed(title: str, ticks: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A colour axis for values of either sign, 0 in its middle, its bar below the plot areas; ticks: instead of short numbers."""
    bar = _bar_below(title, {"nticks": 5, "exponentformat": "SI"} if ticks is None else ticks)
    return {"colorscale": SIGNED_SCALE, "cmid": 0, "colorbar": bar}


def level(chart: go.Figure, y: float, text: str) -> None:
    """A dotted horizontal line at a level of the y axis, with its meaning written at its left end."""
    chart.add_hline(y=y, line={"color": NEUTRAL, "dash": "dot", "width": 1.5})
    place = math.log10(y) if chart.layout.yaxis.type == "log" else y  # an annotation on a log axis is placed by its exponent
    chart.add_annotation(
        text=text, xref="paper", x=0.01, y=place, xanchor="left", yanchor="bottom", showarrow=False, font_size=FONT_SIZE - 2
    )


def line(variant: str, hover: str, dash: str = "solid", width: float = 2.5) -> go.Scatter:
    """A line in the variant's colour; where it has several, the solid one stands for it in the legend."""
    return go.Scatter(
        name=variant,
        legendgroup=variant,
        showlegend=dash == "solid",
        mode="lines",
        line={"color": variant_colour(variant), "width": width, "dash": dash},
        hovertemplate=f"{hover}<extra></extra>",
    )


def marked_line(variant: str, place: int, hover: str) -> go.Scatter:
    """A line with marks in the variant's colour, and in the shape of its place among the variants."""
    colour = variant_colour(variant)
    return go.Scatter(
        name=variant,
        legendgroup=variant,
        mode="lines+markers",
        line={"color": colour, "width": 2.5},
        marker={"color": colour, "size": 8, "symbol": MARKERS[place % len(MARKERS)]},
        hovertemplate=f"{hover}<extra></extra>",
    )


EDGE = "y9"  # an axis over the others, whose 0 is the upper edge of the plot area
MARK_PIXELS = 160  # that a mark's words take at its right


def edge_axis(chart: go.Figure) -> None:
    """Give a chart the axis of its upper edge, for marks that belong to no height. What they say needs room at their right; a
    count of steps is never made negative for it."""
    unseen = {"showgrid": False, "zeroline": False, "showline": False, "showticklabels": False, "fixedrange": True}
    chart.update_layout(yaxis9={"overlaying": "y", "range": [-1, 0], **unseen})
    chart.update_xaxes(rangemode="nonnegative")


def edge_mark(variant: str, place: int, words: str) -> tuple[go.Scatter, go.Scatter]:
    """Words of `%{text}` at the upper edge, a line lower for each place, and a mark that is not seen and makes room for them."""
    colour = variant_colour(variant)
    shared = {"name": variant, "legendgroup": variant, "showlegend": False, "yaxis": EDGE, "hoverinfo": "skip"}
    text = {"texttemplate": "<br>" * place + f"× {words}", "textposition": "bottom right", "textfont": {"color": colour}}
    room = {"color": colour, "size": MARK_PIXELS / 0.8, "opacity": 0}  # Plotly leaves 0.8 of a mark's size free on either side
    return go.Scatter(mode="text", line_color=colour, **text, **shared), go.Scatter(mode="markers", marker=room, **shared)


def band_edge(variant: str, filled: bool, opacity: float = 0.18, width: float = 0, hover: str = "") -> go.Scatter:
    """A line that bounds a band of the variant's colour, invisible at width 0; filled: down to the edge drawn before it."""
    red, green, blue = (int(variant_colour(variant)[place : place + 2], 16) for place in (1, 3, 5))
    return go.Scatter(
        name=variant,
        legendgroup=variant,
        showlegend=bool(filled and width),
        mode="lines",
        line={"color": variant_colour(variant), "width": width},
        fill="tonexty" if filled else None,
        fillcolor=f"rgba({red},{green},{blue},{opacity})",
        **({"hovertemplate": hover} if hover else {"hoverinfo": "skip"}),
    )


def per_variant(start: str, variants: Sequence[str], needs: str, column: str, end: str = "", **where: Any) -> Headline:
    """A headline of one number a variant: "start: A 0.02 %, B 64 %end"; `where` are the Quantity's other fields. A share of
    another layer's number is followed by the number itself, "A 3.65 times (2 × 10⁻⁹)": it may be a share of almost nothing."""
    numbers = {v: Quantity(v, column, **where) for v in variants}
    sizes = {f"{v}_size": replace(share, per=None, form="number") for v, share in numbers.items() if share.per is not None}
    words = {v: f"{{{v}}}" + (f" ({{{v}_size}})" if sizes else "") for v in variants}
    told = ", ".join(f"{v} {text}" for v, text in words.items()) if len(variants) > 1 else "".join(words.values())
    return Headline(f"{start}: {told}{end}", numbers | sizes, needs)
