"""The chain rule along one path of the net, factor by factor, as numbers that were multiplied in this very run."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, LivePlot, plot


@plot
def chain_walk(variants: Sequence[str]) -> LivePlot:
    """Above, the factor ∂aₗ/∂aₗ₋₁ of each layer as a bar from 1; below, their running product with the loss's own gradient.

    The path is one example's strongest: from the true class's output down, each time to the unit with the largest factor.
    Diagnoses: bars that hang below 1 shrink the gradient at every layer, so the product falls as a straight line on this scale:
    exponentially in depth; bars above 1 explode it. Recorded for fully connected nets only; for others nothing is drawn.
    """
    chart = theme.stacked(
        "chain_walk",
        theme.layer_axis(),
        theme.exponent_axis("Factor |∂aₗ / ∂aₗ₋₁|") | {"dtick": 1, "autorangeoptions": {"include": [-1, 0.3]}},
        theme.log_axis("|∂loss / ∂aₗ|", nticks=5),
    )
    bindings: list[Binding] = []
    for variant in variants:
        bar = len(chart.data)
        chart.add_trace(_bar(variant), row=1, col=1)
        chart.add_trace(_line(variant), row=2, col=1)
        bindings += [
            Binding(bar, "x", "layers", variant, "layers"),
            Binding(bar, "y", "path_factor", variant, "layers", transform="log10"),
            Binding(bar, "customdata", "path_factor", variant, "layers"),
            Binding(bar + 1, "x", "layers", variant, "layers"),
            Binding(bar + 1, "y", "path_gradient", variant, "layers", transform="abs"),
        ]
    return LivePlot(
        "chain_walk",
        chart,
        tuple(bindings),
        theme.per_variant(
            "Gradient of the loss along this path, at layer 1",
            variants,
            "Needs a fully connected net: choose it under Network.",
            "path_gradient",
            layer=0,
        ),
        "Each bar is what one layer multiplies the gradient by, read from right to left; the line is the product so far.",
        {v: _detail(v) for v in variants},
    )


def _detail(variant: str) -> str:
    return (
        f"{variant}, {{layer}}: factor {{path_factor}}; here slope f′(z) = {{path_slope}} and weight w = {{path_weight}}. "
        "In a plain layer the factor is slope × weight; a skip connection adds 1 where the path stays on the same unit, "
        "and normalisation rescales."
    )


def _bar(variant: str) -> go.Bar:
    return go.Bar(
        name=variant,
        legendgroup=variant,
        marker={"color": theme.variant_colour(variant), "line_width": 0},
        hovertemplate=f"{variant}: factor %{{customdata:{theme.SHORT}}}<extra></extra>",
    )


def _line(variant: str) -> go.Scatter:
    return go.Scatter(
        name=variant,
        legendgroup=variant,
        showlegend=False,
        mode="lines+markers",
        line={"color": theme.variant_colour(variant), "width": 2},
        marker_size=7,
        hovertemplate=f"{variant}: gradient %{{y:{theme.SHORT}}}<extra></extra>",
    )
