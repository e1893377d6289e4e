"""A curve that is fitted: target and answer, and the convex halves that a maxout difference makes it of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from cnnviz.engine.data.curve import targets
from cnnviz.plots import lines, theme
from cnnviz.plots.live_plot import Binding, Given, LivePlot, plot

NEEDS = "Needs a curve to fit: choose the starting point “Any curve: maxout minus maxout”."

LIMIT = 1.35  # |y| that the axis reaches
ABOVE = 1.75  # y that it reaches where a legend stands in its corner
NEXT = "target of the next run"
POINTS = 161  # along x, as many as are recorded
LOWEST = -4.0  # where pieces that are far from being the largest leave the picture


@plot
def fitted_curve(variants: Sequence[str], curve: str = "", heights: tuple[float, ...] = ()) -> LivePlot:
    """The target (pale, wide) and each network's answer at the cursor's step; dashed, what the next run is to fit where that is
    another curve.

    curve, heights: of the next run.

    Diagnoses: kinks that are missing need more pieces; kinks in the wrong places need more steps, or another start.
    """
    chart = theme.figure(
        "fitted_curve",
        theme.linear_axis("Input x", range=[-1.03, 1.03]),
        theme.linear_axis("Output y", range=[-LIMIT, LIMIT]),
        "wide and pale: target · line: the network",
    )
    bindings: list[Binding] = []
    for variant in variants:
        target = len(chart.data)
        pale = {"color": theme.variant_colour(variant), "width": 9}
        chart.add_trace(go.Scatter(name=variant, mode="lines", line=pale, opacity=0.25, hoverinfo="skip", showlegend=False))
        chart.add_trace(theme.line(variant, f"{variant}: %{{y:{theme.SHORT}}}"))
        for trace, column in ((target, "fit_target"), (target + 1, "fit_output")):
            bindings += [Binding(trace, "x", "fit_x", variant, "rows"), Binding(trace, "y", column, variant, "rows")]
    return LivePlot(
        "fitted_curve",
        chart,
        tuple(bindings),
        theme.per_variant("Furthest from the target on the test set", variants, NEEDS, "test_largest_error"),
        "The curve that is asked for and the network's answer to it, over the whole range of the input x.",
        given=_next_target(chart, curve, heights) if curve else (),
    )


def _next_target(chart: go.Figure, curve: str, heights: Sequence[float]) -> tuple[Given, ...]:
    """Adds the curve that the next run is to fit, with a legend of its own."""
    trace = len(chart.data)
    line = {"color": theme.NEUTRAL, "width": 3, "dash": "dash"}
    chart.add_trace(go.Scatter(name=NEXT, mode="lines", line=line, hoverinfo="skip", legend="legend2", showlegend=True))
    corner = {"x": 1, "xanchor": "right", "y": 1, "yanchor": "top", "bgcolor": "rgba(0,0,0,0)"}
    own = {**corner, "font": {"size": theme.FONT_SIZE - 1}, "itemclick": False, "itemdoubleclick": False}
    chart.update_layout(yaxis_range=[-LIMIT, ABOVE], showlegend=True, legend={"visible": False}, legend2=own)
    x = np.linspace(-1, 1, POINTS)
    y = targets(x, curve, heights)
    setting = "heights" if curve == "drawn" else ""
    return Given(trace, "x", tuple(x.tolist())), Given(trace, "y", tuple(y.tolist()), "fit_target", setting)


@plot
def convex_halves(variants: Sequence[str]) -> LivePlot:
    """The two maxout units whose difference is the answer: up (solid) minus down (dashed), each with the pieces it is the
    largest of (thin).

    Diagnoses: each half is convex, as the largest of some lines always is; a piece that nowhere is the largest gets no gradient.
    """
    chart = theme.beside(
        "convex_halves",
        variants,
        theme.linear_axis("Input x", range=[-1.03, 1.03]),
        theme.linear_axis("Height of the units", autorangeoptions={"clipmin": LOWEST}),
    )
    bindings: list[Binding] = []
    for place, variant in enumerate(variants, start=1):
        hover = f"{variant}: %{{y:{theme.SHORT}}}"
        for half, dash in (("up", "solid"), ("down", "dash")):
            trace = len(chart.data)
            chart.add_trace(theme.line(variant, hover, dash, 0.8).update(opacity=0.45, hoverinfo="skip"), row=1, col=place)
            chart.add_trace(theme.line(variant, hover, dash, 3), row=1, col=place)
            bindings += [Binding(trace, "x", "piece_x", variant, "rows"), Binding(trace, "y", f"piece_{half}", variant, "rows")]
            bindings += [
                Binding(trace + 1, "x", "fit_x", variant, "rows"),
                Binding(trace + 1, "y", f"fit_{half}", variant, "rows"),
            ]
    return LivePlot(
        "convex_halves",
        chart,
        tuple(bindings),
        theme.per_variant("Mean squared error on the test set", variants, NEEDS, "test_loss"),
        "The answer is one convex unit (solid) minus another (dashed), and each is the largest of its pieces (thin lines).",
    )


@plot
def error_over_steps(variants: Sequence[str]) -> LivePlot:
    """Mean squared error on the training points (thin) and on the test points (thick) over the run.

    Diagnoses: a level that is reached early and kept is as good as these pieces get from this start.
    """
    chart = theme.figure(
        "error_over_steps", theme.step_axis(), theme.log_axis("Mean squared error"), "thin: training points · thick: test points"
    )
    bindings: list[Binding] = []
    for variant in variants:
        for column, width in (("loss", 1), ("test_loss", 3)):
            bindings += lines.along_steps(len(chart.data), variant, column)
            chart.add_trace(theme.line(variant, f"{variant}: %{{y:{theme.SHORT}}}", width=width))
    return LivePlot(
        "error_over_steps",
        chart,
        tuple(bindings),
        theme.per_variant("Mean squared error at this step", variants, NEEDS, "loss"),
        "How far the answer is from the target, squared and averaged: each factor of 100 is a factor of 10 in height.",
    )
