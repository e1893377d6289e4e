"""A network from its input down to its results: a bar a layer, the wider the more channels, the higher the larger its map."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.numbers import cost_text
from cnnviz.zoo.graph import WHOLE, Layout, Part, laid_out
from cnnviz.zoo.rows import Row

COLOUR_OF = {"add": "join", "concat": "join", "multiply": "join", "matmul": "other", "capsule": "other", "upsample": "other",
             "drop": "input"}  # fmt: skip
WORDS = {"conv": "convolution", "fc": "fully connected", "join": "add, concat, multiply",
         "other": "matrix product, capsule, upsample", WHOLE: "several layers"}  # fmt: skip
SIGNS = {"add": "+", "concat": "cat", "multiply": "×", "pool": "pool", "matmul": "@", "input": "in"}
LOWEST, HIGHEST, GAP = 10, 26, 11  # pixels: a map of side 1, the largest map, between two bars
WHOLE_FILL = "rgba(136,136,136,0.28)"
EDGE = {"color": theme.NEUTRAL, "width": 1}  # light bars are faint on white
JOINS = ("add", "concat", "multiply")
ROOMY = 4  # lanes, up to which words stand on bars
NAME_LETTERS = 15
MARGIN = {"l": 108, "r": 100, "t": 8, "b": 8}
PICKED = {"color": theme.VARIANT_COLOURS[0], "width": 3}


def architecture(rows: Sequence[Row], parts: Sequence[Part], picked: int | None = None) -> go.Figure:
    """The parts as bars, their ways as lines. picked: the part with a frame; a bar's customdata is its part's place.

    Diagnoses: where maps shrink and channels grow; what runs beside the longest way: a skip, a branch, a gate.
    """
    layout = laid_out(parts)
    heights = [_height(rows, part, parts) for part in parts]
    tops, total = _tops(layout, heights)
    chart = theme.dressed(go.Figure(), "architecture")
    chart.add_trace(_ways(layout, heights, tops))
    for kind in dict.fromkeys(_colour_kind(part) for part in parts):
        chart.add_trace(_bars(kind, rows, parts, layout, heights, tops, picked))
    chart.update_layout(
        height=total + MARGIN["t"] + MARGIN["b"],
        margin=MARGIN,
        barmode="overlay",
        hovermode="closest",
        clickmode="event+select",
        dragmode=False,
        xaxis={"visible": False, "range": _sides(layout), "fixedrange": True},
        yaxis=_names(parts, layout, heights, tops, total),
        annotations=_sizes(rows, parts, layout, heights, tops),
    )
    return chart


def _colour_kind(part: Part) -> str:
    return COLOUR_OF.get(part.kind, part.kind)


def kinds(parts: Sequence[Part]) -> dict[str, str]:
    """The legend: what each colour in the picture means, in words, by its colour."""
    shown = dict.fromkeys(_colour_kind(part) for part in parts)
    return {WHOLE_FILL if kind == WHOLE else theme.KIND_COLOURS[kind]: WORDS.get(kind, kind) for kind in shown}


def _map_side(row: Row) -> int:
    return row.output_shape[-1] if len(row.output_shape) > 2 else 1


def _height(rows: Sequence[Row], part: Part, parts: Sequence[Part]) -> float:
    if part.kind == WHOLE:
        return HIGHEST
    largest = max(_map_side(rows[other.rows[-1]]) for other in parts)
    share = math.log2(_map_side(rows[part.rows[-1]])) / max(math.log2(largest), 1)
    return LOWEST + (HIGHEST - LOWEST) * share


def _width(rows: Sequence[Row], part: Part, parts: Sequence[Part]) -> float:
    """A bar's width, in lanes."""
    most = max(rows[other.rows[-1]].output_shape[0] for other in parts)
    return 0.4 + 0.5 * math.sqrt(rows[part.rows[-1]].output_shape[0] / most)


def _tops(layout: Layout, heights: Sequence[float]) -> tuple[list[float], float]:
    """For each rank the pixels above it, and the height of all."""
    tops, below = [], 0.0
    for rank in range(max(layout.ranks) + 1):
        tops.append(below)
        below += GAP + max(height for height, own in zip(heights, layout.ranks, strict=True) if own == rank)
    return [*tops, below], below


def _sides(layout: Layout) -> list[float]:
    lanes = [*layout.lanes, *(lane for _source, _target, lane in layout.lines)]
    return [min(*lanes, 0) - 0.5, max(*lanes, 0) + 0.5] if any(lanes) else [-0.8, 0.8]


def _centre(place: int, layout: Layout, tops: Sequence[float]) -> float:
    rank = layout.ranks[place]
    return (tops[rank] + tops[rank + 1] - GAP) / 2


def _ways(layout: Layout, heights: Sequence[float], tops: Sequence[float]) -> go.Scatter:
    x: list[float | None] = []
    y: list[float | None] = []
    for source, target, lane in layout.lines:
        x += [layout.lanes[source]]
        y += [_centre(source, layout, tops) + heights[source] / 2]
        if layout.ranks[target] - layout.ranks[source] > 1:
            x += [lane, lane]
            y += [tops[layout.ranks[source] + 1], tops[layout.ranks[target]] - GAP]
        x += [layout.lanes[target], None]
        y += [_centre(target, layout, tops) - heights[target] / 2, None]
    return go.Scatter(
        x=x, y=y, mode="lines", line={"color": theme.NEUTRAL, "width": 1.5}, hoverinfo="skip", name="ways", showlegend=False
    )


def _bars(
    kind: str,
    rows: Sequence[Row],
    parts: Sequence[Part],
    layout: Layout,
    heights: Sequence[float],
    tops: Sequence[float],
    picked: int | None,
) -> go.Bar:
    places = [place for place, part in enumerate(parts) if _colour_kind(part) == kind]
    widths = [_width(rows, parts[place], parts) for place in places]
    return go.Bar(
        name=WORDS.get(kind, kind),
        orientation="h",
        x=widths,
        base=[layout.lanes[place] - width / 2 for place, width in zip(places, widths, strict=True)],
        y=[_centre(place, layout, tops) for place in places],
        width=[heights[place] for place in places],
        customdata=places,
        text=[_sign(rows, parts[place], layout) for place in places],
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        constraintext="none",
        textfont={"size": 10, "color": _ink(kind)},
        marker={
            "color": WHOLE_FILL if kind == WHOLE else theme.KIND_COLOURS[kind],
            "line": {
                "color": [PICKED["color"] if place == picked else EDGE["color"] for place in places],
                "width": [PICKED["width"] if place == picked else EDGE["width"] for place in places],
            },
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        hovertext=[_hover(rows, parts[place]) for place in places],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _ink(kind: str) -> str:
    """What can be read on a bar: white on the dark colours; on the glass of several layers what is read on either ground."""
    return theme.NEUTRAL if kind == WHOLE else "#FFFFFF" if kind in ("conv", "norm", "pool") else "#111111"


def _sign(rows: Sequence[Row], part: Part, layout: Layout) -> str:
    """What stands on a bar, as far as there is room."""
    left, right = _sides(layout)
    if part.kind in JOINS or right - left <= ROOMY:
        return _word(rows, part)
    return ""


def _word(rows: Sequence[Row], part: Part) -> str:
    if part.kind == WHOLE:
        return layers_text(part.layers) if part.layers else ""
    row = main_row(rows, part)
    return window(row.kernel_size) if part.kind == "conv" else SIGNS.get(part.kind, "fc" if part.kind == "fc" else "")


def layers_text(count: int) -> str:
    """ "3 layers"."""
    return f"{count or 'no'} layer{'' if count == 1 else 's'}"


def main_row(rows: Sequence[Row], part: Part) -> Row:
    """The row that gave a layer its kind; the last for several layers."""
    return next((rows[place] for place in part.rows if rows[place].kind == part.kind), rows[part.rows[-1]])


def window(sides: Sequence[int]) -> str:
    """ "3×3"."""
    return "×".join(map(str, sides))


def told(rows: Sequence[Row], part: Part) -> tuple[str, ...]:
    """A bar in a few lines: its name, what it is, the size that it puts out, and what it costs."""
    own = [rows[place] for place in part.rows]
    what = ", ".join(dict.fromkeys(row.kind for row in own)) if part.kind != WHOLE else f"{layers_text(part.layers)} with weights"
    params, macs = sum(row.params for row in own), sum(row.macs for row in own)
    costs = f"{cost_text(params)} parameters, {cost_text(macs)} multiply-adds"
    return part.name, what, window(own[-1].output_shape), costs


def _hover(rows: Sequence[Row], part: Part) -> str:
    name, *lines = told(rows, part)
    return "<br>".join([f"<b>{name}</b>", *lines])


def _names(
    parts: Sequence[Part], layout: Layout, heights: Sequence[float], tops: Sequence[float], total: float
) -> dict[str, object]:
    middle = [place for place, lane in enumerate(layout.lanes) if not lane]
    return {
        "range": [total, -2],
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
        "tickvals": [_centre(place, layout, tops) for place in middle],
        "ticktext": [_short(parts[place].name) for place in middle],
        "tickfont": {"size": 11},
    }


def _short(name: str) -> str:
    """The end of a name that is too long."""
    return name if len(name) <= NAME_LETTERS else f"…{name[1 - NAME_LETTERS :]}"


def _sizes(
    rows: Sequence[Row], parts: Sequence[Part], layout: Layout, heights: Sequence[float], tops: Sequence[float]
) -> list[dict[str, object]]:
    """The output's size at the right, wherever the longest way changes it."""
    found, before = [], ""
    middle = sorted((place for place, lane in enumerate(layout.lanes) if not lane), key=lambda place: layout.ranks[place])
    for place in middle:
        text = window(rows[parts[place].rows[-1]].output_shape)
        if text != before:
            spot = {"xref": "paper", "x": 1, "xshift": 8, "xanchor": "left", "yref": "y", "y": _centre(place, layout, tops)}
            found.append({"text": text, **spot, "showarrow": False, "font": {"size": 11}})
        before = text
    return found
