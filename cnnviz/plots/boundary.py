"""The decision boundary over the plane: how sure a net is of the second class at each place, among its training points."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, Headline, LivePlot, Quantity, plot

WAITING = "No net has been tested yet"
SCALE = [[0.0, "#7FB0D6"], [0.5, "#F7F7F7"], [1.0, "#E58A87"]]  # as theme.SIGNED_SCALE, paler: the points stand on it
FILLS = ("#053061", "#67001F")  # of the points of each class: the scale's ends, darker
SYMBOLS = ("circle", "square")


@plot
def decision_boundary(variants: Sequence[str]) -> LivePlot:
    """The probability of the second class over the plane at the cursor's step, one map a variant on the same colours; the line is
    where both classes are equally probable, the marks are the training points.

    Diagnoses: bays and islands of one colour around single points of the other are learned by heart; a smooth line that leaves
    some points on the wrong side takes them for noise.
    """
    axis = {"nticks": 5}
    x, y = (theme.linear_axis(f"{name} coordinate (σ)", **axis) for name in ("First", "Second"))
    chart = theme.beside("decision_boundary", variants, x, y, same_x=True)
    bindings: list[Binding] = []
    for place, variant in enumerate(variants, start=1):
        for trace in (_map(variant), _edge(variant)):
            number = len(chart.data)
            chart.add_trace(trace, row=1, col=place)
            bindings += [Binding(number, attr, "boundary_at", variant, "rows") for attr in ("x", "y")]
            bindings.append(Binding(number, "z", "boundary", variant, "matrix"))
        for label in (0, 1):
            number = len(chart.data)
            chart.add_trace(_points(variant, label), row=1, col=place)
            bindings += [Binding(number, attr, f"points_{attr}_{label}", variant, "rows") for attr in ("x", "y")]
    bar = theme.shares("Probability of the second class (squares)") | {"colorscale": SCALE, "cmax": 100}
    bar["colorbar"] |= {"tickformat": None, "ticksuffix": " %"}
    chart.update_layout(coloraxis=bar, hovermode="closest", margin_b=118)
    return LivePlot(
        "decision_boundary",
        chart,
        tuple(bindings),
        _accuracies(variants),
        "Where each net says circle (blue) and square (red), with the points it learns from; on the line it can't tell.",
    )


def _accuracies(variants: Sequence[str]) -> Headline:
    told = ", ".join(f"{v} {{{v}}} / {{{v}_test}}" for v in variants)
    numbers = {
        f"{v}{end}": Quantity(v, column, form="percent")
        for v in variants
        for end, column in (("", "train_accuracy"), ("_test", "test_accuracy"))
    }
    return Headline(f"Right answers, training / test: {told}", numbers, WAITING)


def _map(variant: str) -> go.Heatmap:
    where = f"{variant}, (%{{x:.2f}}, %{{y:.2f}}): %{{z:.0f}} %<extra></extra>"
    return go.Heatmap(name=variant, coloraxis="coloraxis", zsmooth="best", hovertemplate=where)


def _edge(variant: str) -> go.Contour:
    return go.Contour(
        name=variant,
        coloraxis="coloraxis",
        contours={"start": 50, "end": 50, "size": 1, "coloring": "none"},
        line={"color": "#000000", "width": 2},
        hoverinfo="skip",
        showlegend=False,
    )


def _points(variant: str, label: int) -> go.Scatter:
    edge = {"color": "#FFFFFF", "width": 0.8}
    marks = {"color": FILLS[label], "size": 5, "symbol": SYMBOLS[label], "line": edge}
    line = {"color": theme.variant_colour(variant)}  # the variant's own, though marks alone are drawn
    return go.Scatter(name=variant, mode="markers", marker=marks, line=line, hoverinfo="skip", showlegend=False)
