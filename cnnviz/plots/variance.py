"""Variances by layer of a fresh net, with the curve of theory behind what was measured, and what its weights look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go

from cnnviz.plots import lines, theme
from cnnviz.plots.live_plot import Binding, Given, Headline, LivePlot, plot

NEEDS = "Needs a measured net: its first numbers are drawn here."
LAYER_2 = "Needs a net of at least two layers whose weights are measured."

NOTE = "solid: measured · dashed: theory"
Curves = tuple[tuple[str, tuple[str, ...], tuple[float | None, ...]], ...]  # variant, layers, a value a layer


def variance_by_layer(variants: Sequence[str], curves: Curves = ()) -> LivePlot:
    """Var z of each layer, z = w ∗ x before the activation; `curves` is what theory says.

    Diagnoses: a level line keeps the signal; a straight fall on this scale loses the same factor at each layer; a straight rise
    blows up. Where the measured line leaves theory's, the net is too narrow for it, or its assumptions don't hold.
    """
    return _with_theory(_variance_by_layer(variants, theory=bool(curves)), curves)


@plot
def _variance_by_layer(variants: Sequence[str], theory: bool) -> LivePlot:
    return _by_layer(
        "variance_by_layer",
        variants,
        "z_var",
        "Var z, before the activation",
        "Of layer 1's variance, the last hidden layer has",
        {"layer": -2, "per": 0},
        "Each point is the variance of one layer's z on a batch; a level line carries the signal through the net.",
        theory,
    )


def activation_variance_by_layer(variants: Sequence[str], curves: Curves = ()) -> LivePlot:
    """Variance of each layer's activations; `curves` is what theory says.

    Diagnoses: as for z, after the activation: tanh's and sigmoid's are bounded, so that too large weights show here as a level
    line near the top, with every unit saturated.
    """
    return _with_theory(_activation_variance_by_layer(variants, theory=bool(curves)), curves)


@plot
def _activation_variance_by_layer(variants: Sequence[str], theory: bool) -> LivePlot:
    return _by_layer(
        "activation_variance_by_layer",
        variants,
        "activation_var",
        "Var a, after the activation",
        "Of layer 1's variance, the last hidden layer's activations have",
        {"layer": -2, "per": 0},
        "Each point is the variance of one layer's activations on a batch, which is what the next layer gets to see.",
        theory,
    )


def gradient_variance_by_layer(variants: Sequence[str], curves: Curves = ()) -> LivePlot:
    """Mean of (∂loss/∂a)² of each layer, its variance but for a mean near 0; `curves` is what theory says.

    Diagnoses: a line that falls to the left vanishes on its way down, one that rises to the left explodes. Level here and level
    forward are two wishes, and a scheme may grant only one.
    """
    return _with_theory(_gradient_variance_by_layer(variants, theory=bool(curves)), curves)


@plot
def _gradient_variance_by_layer(variants: Sequence[str], theory: bool) -> LivePlot:
    return _by_layer(
        "gradient_variance_by_layer",
        variants,
        "activation_grad_var",
        "Var ∂loss/∂a",
        "Of the last hidden layer's gradient variance, layer 1 gets",
        {"layer": 0, "per": -2},
        "Each point is the variance of the gradient that reaches one layer's activations; read it from right to left.",
        theory,
    )


def _by_layer(
    name: str,
    variants: Sequence[str],
    column: str,
    title: str,
    start: str,
    where: Mapping[str, Any],
    explain: str,
    theory: bool,
) -> LivePlot:
    headline = theme.per_variant(start, variants, NEEDS, column, form="times", **where)
    note = NOTE if theory else ""
    live = lines.by_layer(name, variants, column, theme.log_axis(title), headline, explain, title, note=note)
    for variant in variants if theory else ():
        live.figure.add_trace(theme.line(variant, f"{variant}, theory: %{{y:{theme.SHORT}}}", "dash", width=1.8))
    return live


def _with_theory(live: LivePlot, curves: Curves) -> LivePlot:
    """The plot with theory's curves in the traces that wait for them: the variant's second one."""
    places = {trace.name: place for place, trace in enumerate(live.figure.data) if trace.line.dash == "dash"}
    given = [
        Given(places[variant], attr, tuple(held))
        for variant, layers, held_y in curves
        for attr, held in (("x", layers), ("y", held_y))
    ]
    return replace(live, given=tuple(given)) if given else live


@plot
def weight_image(variants: Sequence[str]) -> LivePlot:
    """The first weights of the first units of layer 2: a row a unit, a column an input, one image a variant.

    Diagnoses: rows that are all alike are units that compute the same thing; while they stay alike, the layer is one unit wide.
    """
    return _images(
        "weight_image",
        variants,
        "weight_rows",
        ("Input (a unit of layer 1)", "Unit of layer 2"),
        "Weight",
        theme.per_variant("Most that two units of layer 2 differ in a weight", variants, LAYER_2, "row_difference", layer=1),
        "Each row is one unit of layer 2 with its first weights: rows that look alike are units that do the same.",
    )


@plot
def gram_image(variants: Sequence[str]) -> LivePlot:
    """WᵀW of layer 2, its first rows and columns: products of the columns of W with one another, one image a variant.

    Diagnoses: 1 on the diagonal and 0 elsewhere is orthogonal; a colour beside the diagonal is two columns that overlap; a
    diagonal far from 1 stretches or shrinks what passes.
    """
    return _images(
        "gram_image",
        variants,
        "weight_gram",
        ("Column of W", "Column of W"),
        "Product of two columns, WᵀW",
        theme.per_variant("Farthest entry of WᵀW from the identity", variants, LAYER_2, "gram_error"),
        "Each cell is the product of two columns of layer 2's W: an orthogonal matrix has 1 on the diagonal, 0 elsewhere.",
    )


def _images(
    name: str, variants: Sequence[str], column: str, axes: tuple[str, str], bar: str, headline: Headline, explain: str
) -> LivePlot:
    x, y = (theme.linear_axis(title, dtick=8, tick0=1, showgrid=False) for title in axes)
    chart = theme.beside(name, variants, x, y | {"autorange": "reversed"})
    for place, variant in enumerate(variants, start=1):
        hover = f"{variant}, row %{{y}}, column %{{x}}: %{{z:{theme.SHORT}}}<extra></extra>"
        cells: dict[str, Any] = {"x0": 1, "dx": 1, "y0": 1, "dy": 1}
        chart.add_trace(go.Heatmap(name=variant, coloraxis="coloraxis", hovertemplate=hover, **cells), row=1, col=place)
    bindings = tuple(Binding(place, "z", column, variant, "matrix") for place, variant in enumerate(variants))
    chart.update_layout(coloraxis=theme.signed(bar), hovermode="closest", margin_b=118)
    return LivePlot(name, chart, bindings, headline, explain)


@plot
def row_difference_over_steps(variants: Sequence[str]) -> LivePlot:
    """The largest difference between two units' weights in layer 2, over the run.

    Diagnoses: a line that stays at 0 is a symmetry that gradient descent can't break: equal units get equal gradients.
    """
    start = "Most that two units of layer 2 differ in a weight"
    return lines.over_steps(
        "row_difference_over_steps",
        variants,
        "row_difference",
        theme.linear_axis("Largest difference of two units' weights", rangemode="tozero"),
        theme.per_variant(start, variants, LAYER_2, "row_difference", layer=1),
        "Equal units get equal gradients, so a layer whose units start equal keeps its line at exactly 0.",
        layer=1,
    )
