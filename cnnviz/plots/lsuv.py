"""LSUV's own loop as an animation: layer after layer, pass after pass, the variance that was measured and what was done."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.numbers import number_text

Turn = tuple[int, int, float, float]  # layer from 0, pass from 1, variance measured, factor on the weights then
FRAME_MS = 350


def lsuv_loop(layers: Sequence[str], turns: Sequence[Turn], variant: str) -> go.Figure:
    """Bars of Var z by layer, one frame a turn, with a play button and a slider; it opens at the last turn.

    Layers below the one at work have their final variance, those above it have not been reached and have no bar. A loop is
    drawn once: building its frames takes longer than the rest of a page.
    """
    return _loop(tuple(layers), tuple((layer, turn, variance, factor) for layer, turn, variance, factor in turns), variant)


@lru_cache(maxsize=32)
def _loop(layers: tuple[str, ...], turns: tuple[Turn, ...], variant: str) -> go.Figure:
    chart = theme.figure("lsuv_loop", theme.layer_axis(), theme.log_axis("Var z on the batch"))
    chart.update_xaxes(categoryarray=list(layers), categoryorder="array", range=[-0.6, len(layers) - 0.4])
    sizes = [variance for _layer, _turn, variance, _factor in turns if variance > 0] or [1.0]
    chart.update_yaxes(range=_exponents(min(*sizes, 0.5), max(*sizes, 2.0)))
    theme.level(chart, 1, "the aim: 1")
    frames = list(_frames(layers, turns, theme.variant_colour(variant)))
    chart.add_trace(frames[-1].data[0])
    chart.frames = frames
    chart.update_layout(
        height=430,
        hovermode="closest",
        title={"text": frames[-1].layout.title.text, "x": 0.01, "y": 0.98, "yanchor": "top", "automargin": False},
        updatemenus=[_buttons()],
        sliders=[_slider(frames)],
        margin={**theme.MARGIN, "t": 60, "b": 150},
    )
    return chart


def _exponents(low: float, high: float) -> list[float]:
    return [math.log10(low) - 0.3, math.log10(high) + 0.3]


def _frames(layers: Sequence[str], turns: Sequence[Turn], colour: str) -> Iterator[go.Frame]:
    heights: list[float | None] = [None] * len(layers)
    for number, (layer, turn, variance, factor) in enumerate(turns):
        heights[layer] = variance
        lit = [1.0 if place == layer else 0.45 for place in range(len(layers))]
        hover = "%{x}: Var z %{y:.3~g}<extra></extra>"
        bar = go.Bar(x=list(layers), y=list(heights), marker={"color": colour, "opacity": lit}, hovertemplate=hover)
        yield go.Frame(data=[bar], name=str(number), layout={"title": {"text": turn_text(layers[layer], turn, variance, factor)}})


def turn_text(layer: str, turn: int, variance: float, factor: float) -> str:
    """One turn of the loop in words."""
    done = "close enough to 1: next layer" if factor == 1 else f"its weights × 1/√Var = × {number_text(factor)}"
    return f"{layer}, pass {turn}: variance {number_text(variance)}, {done}"


def _buttons() -> dict[str, object]:
    timing = {"frame": {"duration": FRAME_MS, "redraw": True}, "transition": {"duration": 0}}
    play = {"label": "▶ Play", "method": "animate", "args": [None, {**timing, "fromcurrent": False}]}
    halt = {"frame": {"duration": 0, "redraw": True}, "mode": "immediate"}
    pause = {"label": "❚❚ Pause", "method": "animate", "args": [[None], halt]}
    return {"type": "buttons", "direction": "left", "x": 0, "y": -0.34, "xanchor": "left", "buttons": [play, pause]}


def _slider(frames: Sequence[go.Frame]) -> dict[str, object]:
    jump = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}, "transition": {"duration": 0}}
    steps = [{"label": str(int(frame.name) + 1), "method": "animate", "args": [[frame.name], jump]} for frame in frames]
    place = {"x": 0.24, "len": 0.76, "y": -0.24, "currentvalue": {"prefix": "Pass of the whole loop: "}}
    return {"active": len(frames) - 1, "steps": steps, "ticklen": 0, **place}
