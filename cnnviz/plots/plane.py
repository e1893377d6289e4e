"""The plane as a chart: a field over it, the border between two classes, and the training points, one plot area a variant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding


def plane(
    name: str,
    variants: Sequence[str],
    column: str,
    field: Callable[[str], go.Heatmap],
    edge_width: float,
    marks: Sequence[Mapping[str, Any]],
) -> tuple[go.Figure, list[Binding]]:
    """A chart of a column's field over the plane, one a variant, under the border between the classes and the training points.

    marks: how the points of each class are drawn.
    """
    x, y = (theme.linear_axis(f"{which} coordinate (σ)", nticks=5) for which in ("First", "Second"))
    chart = theme.beside(name, variants, x, y, same_x=True)
    bindings: list[Binding] = []
    for place, variant in enumerate(variants, start=1):
        for trace, shown in ((field(variant), column), (_edge(variant, edge_width), "boundary")):
            number = len(chart.data)
            chart.add_trace(trace, row=1, col=place)
            bindings += [Binding(number, attr, "boundary_at", variant, "rows") for attr in ("x", "y")]
            bindings.append(Binding(number, "z", shown, variant, "matrix"))
        for label, mark in enumerate(marks):
            number = len(chart.data)
            chart.add_trace(_points(variant, mark), row=1, col=place)
            bindings += [Binding(number, attr, f"points_{attr}_{label}", variant, "rows") for attr in ("x", "y")]
    chart.update_layout(hovermode="closest", margin_b=118)
    return chart, bindings


def _edge(variant: str, width: float) -> go.Contour:
    """The border, whose map is in per cent: on its chart's colour axis, of which it uses none."""
    return go.Contour(
        name=variant,
        coloraxis="coloraxis",
        contours={"start": 50, "end": 50, "size": 1, "coloring": "none"},
        line={"color": "#000000", "width": width},
        hoverinfo="skip",
        showlegend=False,
    )


def _points(variant: str, mark: Mapping[str, Any]) -> go.Scatter:
    line = {"color": theme.variant_colour(variant)}  # the variant's own, though marks alone are drawn
    return go.Scatter(name=variant, mode="markers", marker=mark, line=line, hoverinfo="skip", showlegend=False)
