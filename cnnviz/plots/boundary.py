"""The decision boundary over the plane: how sure a net is of the second class at each place, among its training points."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Headline, LivePlot, Quantity, plot
from cnnviz.plots.plane import plane

SCALE = [[0.0, "#7FB0D6"], [0.5, "#F7F7F7"], [1.0, "#E58A87"]]  # as theme.SIGNED_SCALE, paler: the points stand on it
EDGE = {"color": "#FFFFFF", "width": 0.8}
MARKS = (  # of the points of each class: filled in the scale's ends, darker
    {"color": "#053061", "size": 5, "symbol": "circle", "line": EDGE},
    {"color": "#67001F", "size": 5, "symbol": "square", "line": EDGE},
)

NEEDS = "Needs points in a plane: choose a starting point whose name begins with “In the plane”."


@plot
def decision_boundary(variants: Sequence[str]) -> LivePlot:
    """The probability of the second class over the plane at the cursor's step, one map a variant on the same colours; the line is
    where both classes are equally probable, the marks are the training points.

    Diagnoses: bays and islands of one colour around single points of the other are learned by heart; a smooth line that leaves
    some points on the wrong side takes them for noise.
    """
    chart, bindings = plane("decision_boundary", variants, "boundary", _map, 2, MARKS)
    bar = theme.shares("Probability of the second class (squares)") | {"colorscale": SCALE, "cmax": 100}
    bar["colorbar"] |= {"tickformat": None, "ticksuffix": " %"}
    chart.update_layout(coloraxis=bar)
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
    return Headline(f"Right answers, training / test: {told}", numbers, NEEDS)


def _map(variant: str) -> go.Heatmap:
    where = f"{variant}, (%{{x:.2f}}, %{{y:.2f}}): %{{z:.0f}} %<extra></extra>"
    return go.Heatmap(name=variant, coloraxis="coloraxis", zsmooth="best", hovertemplate=where)
