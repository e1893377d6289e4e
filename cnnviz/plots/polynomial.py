"""Polynomials through noisy points: the curve, its coefficients, its errors on points old and new, and paths over the penalty."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, Given, Headline, LivePlot, Quantity, plot

NEEDS = "Needs a polynomial: choose a starting point whose name begins with “Polynomials”."

HIGHEST = 1.9  # |t| that the axis reaches: beyond it a polynomial runs out of the picture
LARGEST_PATH = 32.0


@plot
def polynomial_fit(variants: Sequence[str]) -> LivePlot:
    """The points, the sine that they come from (wide and pale), and each polynomial.

    Diagnoses: a curve that meets every point and swings between them has learned the noise.
    """
    chart = theme.figure(
        "polynomial_fit",
        theme.linear_axis("Input x", range=[-0.02, 1.02]),
        theme.linear_axis("Target t and polynomial y(x)", range=[-HIGHEST, HIGHEST]),
        "wide and pale: the sine · marks: noisy points",
    )
    bindings: list[Binding] = []
    for place, variant in enumerate(variants):
        colour = theme.variant_colour(variant)
        pale = {"color": colour, "width": 10}
        first = len(chart.data)
        chart.add_trace(go.Scatter(name=variant, mode="lines", line=pale, opacity=0.18, hoverinfo="skip", showlegend=False))
        marks = {"color": colour, "size": 9, "symbol": f"{theme.MARKERS[place]}-open", "line": {"width": 2}}
        hover = f"{variant}, point: %{{y:{theme.SHORT}}}<extra></extra>"
        chart.add_trace(go.Scatter(name=variant, mode="markers", marker=marks, hovertemplate=hover, showlegend=False))
        chart.add_trace(theme.line(variant, f"{variant}: %{{y:{theme.SHORT}}}"))
        for trace, (x, y) in enumerate(
            (("curve_x", "curve_true"), ("points_x", "points_t"), ("curve_x", "curve_fitted")), start=first
        ):
            bindings += [Binding(trace, "x", x, variant, "rows"), Binding(trace, "y", y, variant, "rows")]
    return LivePlot(
        "polynomial_fit",
        chart,
        tuple(bindings),
        _errors(variants),
        "Each line is a polynomial fitted to the marked points; the sine that the points were made from is wide and pale.",
    )


def _errors(variants: Sequence[str]) -> Headline:
    told = "; ".join(f"{v} {{{v}}} on its points, {{{v}_new}} on new ones" for v in variants)
    numbers = {f"{v}{end}": Quantity(v, column) for v in variants for end, column in (("", "train_rms"), ("_new", "test_rms"))}
    return Headline(f"Typical error: {told}", numbers, NEEDS)


@plot
def error_by_degree(variants: Sequence[str], degrees: tuple[int, ...] = ()) -> LivePlot:
    """Root mean square error against the degree, at the λ that is set: on the points themselves (dashed), and on 100 new ones.
    degrees: those that are set, one a variant, told beside the errors and ringed.

    Diagnoses: lines that part to the right are overfitting; a solid line that is high at the left is a curve that can't bend.
    """
    chart = theme.figure(
        "error_by_degree",
        theme.linear_axis("Degree M", dtick=1),
        theme.linear_axis("Error (root mean square)", range=[0, 1.6]),
        "dashed: its points · solid: new ones" + (" · ring: the degree that is set" if degrees else ""),
    )
    bindings: list[Binding] = []
    for place, variant in enumerate(variants):
        for column, dash in (("degree_train_rms", "dash"), ("degree_test_rms", "solid")):
            trace = len(chart.data)
            line = theme.line(variant, f"{variant}: %{{y:{theme.SHORT}}}", dash)
            width = 6 if place == 0 else 2  # so that it is seen where another lies upon it
            line.update(mode="lines+markers", marker={"size": 6}, line_width=width)
            chart.add_trace(line)
            bindings += [Binding(trace, "x", "degrees", variant, "layers"), Binding(trace, "y", column, variant, "layers")]
    given = []
    known = dict(zip(variants, degrees, strict=True)) if degrees else {}
    for variant, degree in known.items():
        given.append(Given(len(chart.data), "x", (degree,)))
        bindings.append(Binding(len(chart.data), "y", "test_rms", variant))
        marker = {"color": theme.variant_colour(variant), "size": 15, "symbol": "circle-open", "line": {"width": 2.5}}
        chart.add_trace(go.Scatter(name=variant, mode="markers", marker=marker, hoverinfo="skip", showlegend=False))
    told = ", ".join(f"{v} {{{v}}}" + (f" with degree {known[v]}" if known else "") for v in variants)
    return LivePlot(
        "error_by_degree",
        chart,
        tuple(bindings),
        Headline(f"Error on new points: {told}", {v: Quantity(v, "test_rms") for v in variants}, NEEDS),
        "The typical error of the polynomial of each degree, on the points that it was fitted to and on new ones.",
        given=tuple(given),
    )


@plot
def coefficient_sizes(variants: Sequence[str]) -> LivePlot:
    """|w| of each coefficient; one that is exactly 0 has no mark.

    Diagnoses: sizes of 10⁵ with both signs cancel almost wholly: the curve between the points is what is left.
    """
    chart = theme.figure(
        "coefficient_sizes",
        theme.category_axis("Coefficient", tickangle=0),
        theme.log_axis("Size |w| of the coefficient", nticks=7),
        "no mark: exactly 0, or not in the polynomial",
    )
    bindings: list[Binding] = []
    for place, variant in enumerate(variants):
        chart.add_trace(theme.marked_line(variant, place, f"{variant}: %{{y:{theme.SHORT}}}"))
        bindings += [
            Binding(place, "x", "layers", variant, "layers"),
            Binding(place, "y", "coefficients", variant, "layers", transform="abs"),
        ]
    return LivePlot(
        "coefficient_sizes",
        chart,
        tuple(bindings),
        theme.per_variant("Largest coefficient", variants, NEEDS, "largest"),
        "How large each coefficient is, the sign left out, on an axis where each step up is ten times more.",
    )


@plot
def coefficient_paths(variants: Sequence[str]) -> LivePlot:
    """Every coefficient against λ, one plot area a variant; marks stand at the λ that is set.

    Diagnoses: with ridge all shrink together and none ends at 0; with lasso one after the other arrives at 0 and stays.
    """
    chart = theme.beside(
        "coefficient_paths",
        variants,
        theme.log_axis("Penalty λ", nticks=5),
        theme.linear_axis("Coefficient w", range=[-LARGEST_PATH, LARGEST_PATH]),
        same_x=True,
    )
    bindings: list[Binding] = []
    for place, variant in enumerate(variants, start=1):
        trace = len(chart.data)
        chart.add_trace(theme.line(variant, f"{variant}: %{{y:{theme.SHORT}}}", width=1.6), row=1, col=place)
        marks = {"color": theme.variant_colour(variant), "size": 8, "symbol": theme.MARKERS[place - 1]}
        hover = f"{variant}: %{{y:{theme.SHORT}}}<extra></extra>"
        chart.add_trace(go.Scatter(name=variant, mode="markers", marker=marks, hovertemplate=hover), row=1, col=place)
        for number, (x, y) in enumerate((("path_strength", "path"), ("here_strength", "here")), start=trace):
            bindings += [Binding(number, "x", x, variant, "rows"), Binding(number, "y", y, variant, "rows")]
    chart.update_layout(hovermode="closest")
    return LivePlot(
        "coefficient_paths",
        chart,
        tuple(bindings),
        theme.per_variant("Coefficients that are exactly 0", variants, NEEDS, "zeros"),
        "Each line is one coefficient while the penalty grows from left to right; marks show the penalty that is set.",
    )
