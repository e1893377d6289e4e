"""Slices through the loss surface of trained nets: the loss around their weights, along one random direction or two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, Headline, LivePlot, Quantity, plot
from cnnviz.plots.numbers import number_text

NEEDS = "Needs trained nets: they learn first, then the slice grows outwards from their weights."

ALONG = "Step α along direction 1"
ACROSS = "Step β along direction 2"
LOWEST, HIGHEST = -1.0, 1.0  # log₁₀ of the losses between which colours differ: 0.1 and 10 nats
LINES = 0.25  # between two lines of equal loss, in log₁₀: a factor of 1.8
CENTRE = 5  # pixels


@plot
def loss_plane(variants: Sequence[str], classes: int | None = None, reach: float | None = None) -> LivePlot:
    """The loss over a plane through the trained weights, a map a variant on the same colours; lines join points of equal loss,
    the circle is the trained net. classes: draws the line at the loss of guessing, ln(classes), dashed. reach: of the
    slice, so that the axes are there before it is.

    Diagnoses: a wide, round valley lets a long step be safe in any direction; a narrow or bent one punishes it. Of thousands of
    directions it shows two.
    """
    axis: dict[str, Any] = {"nticks": 5} if reach is None else {"nticks": 5, "range": [-reach, reach]}
    chart = theme.beside("loss_plane", variants, theme.linear_axis(ALONG, **axis), theme.linear_axis(ACROSS, **axis), same_x=True)
    bindings: list[Binding] = []
    for place, variant in enumerate(variants, start=1):
        for trace in _maps(variant, classes):
            number = len(chart.data)
            chart.add_trace(trace, row=1, col=place)
            bindings += [
                Binding(number, "x", "surface_at", variant, "rows"),
                Binding(number, "y", "surface_at", variant, "rows"),
                Binding(number, "z", "surface_plane", variant, "matrix", transform="log10"),
            ]
        chart.add_shape(_centre(place))
    chart.update_yaxes(scaleanchor="x", constrain="domain").update_xaxes(constrain="domain")
    bar = theme.magnitudes("Loss (cross-entropy, nats)", LOWEST, HIGHEST)
    chart.update_layout(coloraxis=bar, hovermode="closest", margin_b=118)
    return LivePlot(
        "loss_plane",
        chart,
        tuple(bindings),
        theme.per_variant("Points of the plane that beat guessing", variants, NEEDS, "surface_better", form="percent"),
        "Each point is the trained net with its filters moved α along one random direction and β along another, by their norms.",
    )


def _maps(variant: str, classes: int | None) -> list[go.Contour]:
    """The map of a variant and, where there is one, its line at the loss of guessing."""
    hover = f"{variant}, α = %{{x:.2f}}, β = %{{y:.2f}}: loss 10^%{{z:.2f}}<extra></extra>"
    thin = {"color": "rgba(255,255,255,0.35)", "width": 0.7, "smoothing": 0}
    shown = go.Contour(
        name=variant,
        coloraxis="coloraxis",
        contours={"start": 3 * LOWEST, "end": 2 * HIGHEST, "size": LINES, "coloring": "heatmap"},
        line=thin,
        hovertemplate=hover,
        connectgaps=False,
    )
    if classes is None:
        return [shown]
    level = math.log10(math.log(classes))
    edge = go.Contour(
        name=variant,
        coloraxis="coloraxis",
        contours={"start": level, "end": level, "size": 1, "coloring": "none"},
        line={"color": "#FFFFFF", "width": 2.5, "dash": "dash"},
        hoverinfo="skip",
        showlegend=False,
    )
    return [shown, edge]


def _centre(place: int) -> dict[str, Any]:
    """A ring of fixed size around the trained net."""
    suffix = "" if place == 1 else str(place)
    ends = {"x0": -CENTRE, "x1": CENTRE, "y0": -CENTRE, "y1": CENTRE, "xanchor": 0, "yanchor": 0}
    where = {"xref": f"x{suffix}", "yref": f"y{suffix}", "xsizemode": "pixel", "ysizemode": "pixel"}
    return {"type": "circle", **ends, **where, "line": {"color": "#FFFFFF", "width": 2}}


@plot
def loss_along_line(variants: Sequence[str], classes: int | None = None) -> LivePlot:
    """The loss along one direction through the trained weights: over training examples (solid) and over the test set (dashed).
    classes: draws the loss of guessing, ln(classes).

    Diagnoses: the curve's bend at 0 is what a step in this direction costs; where it stays low on both sides the net can be
    moved far without harm. Lines that lie apart at 0 and meet outside say that only the very minimum is overfitted.
    """
    chart = _line_chart("loss_along_line", theme.log_axis("Loss (cross-entropy, nats)", nticks=6))
    if classes is not None:
        theme.level(chart, math.log(classes), f"guessing among {classes}: {number_text(math.log(classes))}")
    return _along(
        chart,
        variants,
        ("surface_loss", "surface_test_loss"),
        f"%{{y:{theme.SHORT}}}",
        _width_and_curvature(variants),
        "Each point is the trained net, at 0, with its filters moved by α times their own norm along one random direction.",
    )


def _width_and_curvature(variants: Sequence[str]) -> Headline:
    width = theme.per_variant("Stretch until the loss has doubled", variants, NEEDS, "surface_width_1")
    bend = ", ".join(f"{variant} {{{variant}_bend}}" for variant in variants)
    bends = {f"{variant}_bend": Quantity(variant, "surface_curvature_1") for variant in variants}
    return Headline(f"{width.text}; curvature at 0: {bend}", {**width.quantities, **bends}, NEEDS)


@plot
def accuracy_along_line(variants: Sequence[str]) -> LivePlot:
    """The share of right answers along the same direction: training examples (solid), test set (dashed).

    Diagnoses: a loss that soars while the accuracy holds is a net that is too sure of its few mistakes, not one that has
    forgotten everything.
    """
    chart = _line_chart("accuracy_along_line", theme.linear_axis("Share of right answers", range=[0, 1.02], tickformat=".0%"))
    return _along(
        chart,
        variants,
        ("surface_accuracy", "surface_test_accuracy"),
        "%{y:.0%}",
        theme.per_variant("Right answers on average along the line", variants, NEEDS, "surface_mean_accuracy", form="percent"),
        "How often the moved net is still right: at 0 it is as trained, to both sides it forgets.",
    )


def _line_chart(name: str, y: dict[str, Any]) -> go.Figure:
    return theme.figure(name, theme.linear_axis(ALONG), y, "solid: training examples · dashed: test set")


def _along(
    chart: go.Figure, variants: Sequence[str], columns: tuple[str, str], number: str, headline: Headline, explain: str
) -> LivePlot:
    bindings: list[Binding] = []
    for variant in variants:
        for column, dash, told in zip(columns, ("solid", "dash"), ("training", "test"), strict=True):
            trace = len(chart.data)
            line = {"color": theme.variant_colour(variant), "width": 2.5 if dash == "solid" else 1.8, "dash": dash}
            hover = f"{variant}, {told}: {number}<extra></extra>"
            chart.add_trace(go.Scatter(name=variant, mode="lines", line=line, hovertemplate=hover))
            bindings += [Binding(trace, "x", "surface_at", variant, "rows"), Binding(trace, "y", column, variant, "rows")]
    return LivePlot(str(chart.layout.uirevision), chart, tuple(bindings), headline, explain)
