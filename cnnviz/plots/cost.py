"""What a batch costs against the side of its images or against its examples: multiply-adds, and memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.numbers import cost_text
from cnnviz.zoo.budget import Budget

AXES = {"side": "Side of the input, pixels", "batch": "Examples in a batch"}
NEEDS = {"training": "solid", "inference": "dash", "weights": "dot"}  # properties of a budget, and how their lines are drawn
WORDS = {"training": "training with Adam", "inference": "only answering", "weights": "weights alone"}
TICKS = {"side": (16, 32, 64, 128, 256, 512), "batch": (1, 4, 16, 64, 256, 1024)}
HEIGHT = 330


@dataclass(frozen=True)
class Curve:
    """One network's budgets along an axis of AXES. variant: its letter; points: for each place on the axis its budget; picked:
    the place that the sliders are at."""

    variant: str
    title: str
    points: Mapping[int, Budget]
    picked: int


def macs_along(axis: str, curves: Sequence[Curve]) -> go.Figure:
    """Multiply-adds of a forward pass; a mark a counted place, a large one where the sliders are.

    Diagnoses: along the side a slope of two is a network of convolutions; flatter at small sides is what padding adds.
    """
    chart = _empty("macs_along", axis, theme.log_axis("Multiply-adds of a batch", counted=True))
    for curve in curves:
        chart.add_trace(_line(curve, [budget.macs for budget in curve.points.values()], "multiply-adds"))
    return chart


def memory_along(axis: str, curves: Sequence[Curve]) -> go.Figure:
    """Bytes while training, while only answering, and of the weights alone.

    Diagnoses: where the line of training leaves that of the weights, maps take over.
    """
    chart = _empty("memory_along", axis, theme.log_axis("Memory (bytes)", counted=True))
    for curve in curves:
        for need, dash in NEEDS.items():
            numbers = [getattr(budget, need) for budget in curve.points.values()]
            chart.add_trace(_line(curve, numbers, f"B, {WORDS[need]}", dash))
    return chart


def _empty(name: str, axis: str, y: Mapping[str, Any]) -> go.Figure:
    ticks = TICKS[axis]
    x = theme.log_axis(AXES[axis], tickvals=ticks, ticktext=list(map(str, ticks)), tickangle=0)
    return theme.figure(name, x, y).update_layout(height=HEIGHT, hovermode="closest", dragmode=False)


def _line(curve: Curve, numbers: Sequence[int], what: str, dash: str = "solid") -> go.Scatter:
    colour = theme.variant_colour(curve.variant)
    gap = "" if what.startswith("B") else " "
    return go.Scatter(
        name=f"{curve.title}, {what.removeprefix('B, ')}",
        mode="lines+markers",
        x=list(curve.points),
        y=list(numbers),
        line={"color": colour, "width": 2, "dash": dash},
        marker={
            "color": colour,
            "opacity": 1,
            "line": {"width": 0},
            "size": [13 if place == curve.picked else 6 for place in curve.points],
        },
        hovertext=[
            f"<b>{curve.title}</b><br>{place}: {cost_text(number)}{gap}{what}"
            for place, number in zip(curve.points, numbers, strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
