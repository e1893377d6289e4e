"""The chain rule factor by factor, along one path of the net and summed over all of them, as measured in this very run."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import lines, theme
from cnnviz.plots.live_plot import Binding, LivePlot, plot

NEEDS = "Needs a fully connected net: choose it under Network."
SOLID_AND_DASHED = "solid: measured · dashed: √(n·Var(w)·E[f′²])"


@plot
def chain_walk(variants: Sequence[str], paths: str = "many") -> LivePlot:
    """Above, the factor ∂aₗ/∂aₗ₋₁ of each layer as a bar from 1; below, their running product with the loss's own gradient.

    The path is one example's strongest: from the true class's output down, each time to the unit with the largest factor.
    paths: how many there are, in words. Diagnoses: bars that hang below 1 shrink the gradient at every layer, so the product
    falls as a straight line on this scale: exponentially in depth; bars above 1 explode it. It is one path's share, not the
    gradient: see `all_paths`. Recorded for fully connected nets only; for others nothing is drawn.
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
            Binding(bar + 1, "customdata", "path_unit", variant, "layers"),
        ]
    return LivePlot(
        "chain_walk",
        chart,
        tuple(bindings),
        theme.per_variant(
            "Gradient of the loss along this one path, at layer 1",
            variants,
            NEEDS,
            "path_gradient",
            layer=0,
        ),
        f"One path of {paths}: the first example's, from its true class down, each time to the unit that passes most on; bars "
        "are its factors, the line their product.",
        {v: _detail(v) for v in variants},
    )


def _detail(variant: str) -> str:
    return (
        f"{variant}, {{layer}}, unit {{path_unit}}: factor {{path_factor}}; here slope f′(z) = {{path_slope}} and weight "
        "w = {path_weight}. "
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
        hovertemplate=f"{variant}: gradient %{{y:{theme.SHORT}}} at unit %{{customdata}}<extra></extra>",
    )


@plot
def all_paths(variants: Sequence[str]) -> LivePlot:
    """Above, how many times as large the gradient's typical entry is below a layer as above it; below, that entry at each layer.
    Solid as measured, dashed as the sum over all paths predicts it, where no layer is normalised.

    Diagnoses: a level line near 1 hands the gradient on, whatever becomes of it along a single path; one that keeps below it
    vanishes as a whole. Where solid leaves dashed, weights are no longer independent of one another and of the gradients.
    """
    chart = theme.stacked(
        "all_paths",
        theme.layer_axis(),
        theme.log_axis("Factor, all paths", nticks=5),
        theme.log_axis("√mean (∂loss / ∂aₗ)²", nticks=5),
    )
    bindings: list[Binding] = []
    for place, variant in enumerate(variants):
        for row, (measured, expected) in enumerate(
            (("gradient_ratio", "expected_ratio"), ("gradient_rms", "expected_rms")), start=1
        ):
            name = "factor" if row == 1 else "gradient"
            solid = theme.marked_line(variant, place, f"{variant}: {name} %{{y:{theme.SHORT}}}").update(showlegend=row == 1)
            dashed = theme.line(variant, f"{variant}: {name} by formula %{{y:{theme.SHORT}}}", "dash", width=1.8)
            for column, trace in ((measured, solid), (expected, dashed)):
                bindings += lines.along_layers(len(chart.data), variant, column)
                chart.add_trace(trace, row=row, col=1)
    theme.note(chart, SOLID_AND_DASHED)
    return LivePlot(
        "all_paths",
        chart,
        tuple(bindings),
        theme.per_variant(
            "Of the output's gradient, layer 1 gets over all paths",
            variants,
            NEEDS,
            "gradient_rms",
            layer=0,
            per=-1,
            form="times",
        ),
        "All paths together: what each layer multiplies the gradient's typical size by, read from right to left, and the size "
        "that is left at each layer.",
    )
