"""Covariate shift drawn: accuracy by domain, inputs that move while a net learns, and the loss along the step."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.engine.words import DOMAINS
from cnnviz.plots import lines, theme
from cnnviz.plots.live_plot import Binding, Given, Headline, LivePlot, Quantity, plot
from cnnviz.plots.numbers import percent_text

SHAPE_CLASSES = 8
NEEDS = "Needs a look inside the net: choose the starting point “Batch norm, and noise after it”."
NO_DOMAINS = "Needs shapes in many colours: choose the starting point that learns from red shapes."


@plot
def accuracy_by_domain(variants: Sequence[str], adapted: bool = False) -> LivePlot:
    """Share of right answers in each domain's test set at the cursor's step. adapted: dots beside the bars, with batch norm's
    statistics renewed there.

    Diagnoses: a bar that is high in one domain alone is a net that learned that domain's colours instead of the shapes; a dot
    far above its bar says that only the statistics were wrong.
    """
    x = theme.linear_axis("Domain of the test images", type="category")
    chart = theme.figure(
        "accuracy_by_domain",
        x,
        theme.linear_axis("Test accuracy", range=[0, 1.02], tickformat=".0%"),
        "bars: as learned · dots: statistics renewed" if adapted else "",
    )
    bindings, given = [], []
    for place, variant in enumerate(variants):
        colour = theme.variant_colour(variant)
        where = {"offsetgroup": variant, "legendgroup": variant, "name": variant}
        traces = {"domain_accuracy": go.Bar(marker_color=colour, hovertemplate=f"{variant}: %{{y:.0%}}<extra></extra>", **where)}
        if adapted:
            marks = {"color": colour, "size": 11, "symbol": theme.MARKERS[place], "line": {"color": "#FFFFFF", "width": 1.5}}
            hover = f"{variant}, renewed: %{{y:.0%}}<extra></extra>"
            dots = go.Scatter(mode="markers", marker=marks, hovertemplate=hover, showlegend=False, **where)
            traces["domain_adapted"] = dots
        for column, trace in traces.items():
            bindings.append(Binding(len(chart.data), "y", column, variant, "layers"))
            given.append(Given(len(chart.data), "x", DOMAINS))
            chart.add_trace(trace)
    chart.update_layout(barmode="group", scattermode="group")
    _at_chance(chart)
    told = ", ".join(f"{v} {{{v}}} on blue" for v in variants)
    numbers = {v: Quantity(v, "domain_accuracy", layer=DOMAINS.index("blue"), form="percent") for v in variants}
    return LivePlot(
        "accuracy_by_domain",
        chart,
        tuple(bindings),
        Headline(f"Right answers: {told}", numbers, NO_DOMAINS),
        "Each bar is one net on one domain's test set: the same shapes in the same places, coloured otherwise.",
        given=tuple(given),
    )


@plot
def domains_over_steps(variants: Sequence[str]) -> LivePlot:
    """Test accuracy over the run: in red, solid, and in blue, dashed.

    Diagnoses: lines that part while the net learns are its reliance on colour growing with its skill.
    """
    chart = theme.figure(
        "domains_over_steps",
        theme.step_axis(),
        theme.linear_axis("Test accuracy", range=[0, 1.02], tickformat=".0%"),
        "solid: red shapes · dashed: blue shapes",
    )
    bindings: list[Binding] = []
    for variant in variants:
        for domain, dash in (("red", "solid"), ("blue", "dash")):
            bindings += lines.along_steps(len(chart.data), variant, "domain_accuracy", DOMAINS.index(domain))
            chart.add_trace(theme.line(variant, f"{variant}, {domain}: %{{y:.0%}}", dash).update(mode="lines+markers"))
    _at_chance(chart)
    numbers = {v: Quantity(v, "domain_accuracy", layer=DOMAINS.index("red"), form="percent") for v in variants}
    told = ", ".join(f"{v} {{{v}}} on red" for v in variants)
    return LivePlot(
        "domains_over_steps",
        chart,
        tuple(bindings),
        Headline(f"Right answers: {told}", numbers, NO_DOMAINS),
        "How often each net is right on red and on blue shapes while it learns.",
    )


def _at_chance(chart: go.Figure) -> None:
    theme.level(chart, 1 / SHAPE_CLASSES, f"guessing among {SHAPE_CLASSES}: {percent_text(1 / SHAPE_CLASSES)}")


@plot
def unit_percentiles(variants: Sequence[str], layer: int = 2) -> LivePlot:
    """15th, 50th and 85th percentile of the input of a typical unit of a layer over the run, one plot area a variant, as in Ioffe
    & Szegedy 2015, figure 1.

    Diagnoses: a band that wanders or widens is a unit whose inputs do not stay what they were.
    """
    chart = theme.beside(
        "unit_percentiles", variants, theme.step_axis() | {"nticks": 4}, theme.linear_axis("Input z of the unit"), same_x=True
    )
    bindings: list[Binding] = []
    for place, variant in enumerate(variants, start=1):
        first = len(chart.data)
        for trace in (*_band(variant), theme.line(variant, f"{variant}, median: %{{y:{theme.SHORT}}}")):
            chart.add_trace(trace, row=1, col=place)
        for trace_number, column in enumerate(("unit_low", "unit_high", "unit_median"), first):
            bindings += lines.along_steps(trace_number, variant, column, layer)
    return LivePlot(
        "unit_percentiles",
        chart,
        tuple(bindings),
        theme.per_variant(f"Median input of a unit in layer {layer + 1}", variants, NEEDS, "unit_median", layer=layer),
        "The line is the median over the batch, the band reaches from the 15th to the 85th percentile.",
    )


@plot
def input_shift_over_steps(variants: Sequence[str], layer: int = 2) -> LivePlot:
    """How far the inputs of a layer's units have moved since the snapshot before, in standard deviations.

    Diagnoses: the higher the line, the less a unit can rely on what it was given; batch norm holds mean and spread still, noise
    after it moves them again.
    """
    return lines.over_steps(
        "input_shift_over_steps",
        variants,
        "input_shift",
        theme.linear_axis("Shift (σ of the inputs)", rangemode="tozero"),
        theme.per_variant(f"Inputs of layer {layer + 1} moved by, in σ", variants, NEEDS, "input_shift", layer=layer),
        "How far mean and spread of a unit's inputs went from one snapshot to the next, mean over the layer's units.",
        layer,
    )


@plot
def gradient_angle_by_layer(variants: Sequence[str]) -> LivePlot:
    """Cosine between a layer's gradient before and after the layers below made their update, Santurkar et al. 2018, figure 3.

    Diagnoses: near 1 the layer's own step still points the right way; near 0 the layers below have made it stale.
    """
    return lines.by_layer(
        "gradient_angle_by_layer",
        variants,
        "gradient_angle",
        theme.linear_axis("Cosine of the angle", range=[-1.02, 1.05]),
        theme.per_variant("Cosine at the last hidden layer", variants, NEEDS, "gradient_angle", layer=-2),
        "How much of a layer's gradient is left once only the layers below have made their step: 1 is all of it.",
        "cosine",
    )


@plot
def loss_along_step(variants: Sequence[str]) -> LivePlot:
    """Lowest and highest loss of the batch at half, one, two and four times the step, over the run.

    Diagnoses: a wide band is a direction that is good for a short way only; Santurkar et al. 2018, figure 4a.
    """
    return _range(
        "loss_along_step",
        variants,
        ("loss_along_low", "loss_along_high"),
        "Loss along the step (nats)",
        theme.per_variant("Width of the loss range along the step", variants, NEEDS, "loss_along_range"),
        "The band holds the batch's loss at 0.5 to 4 times the step that is taken: a narrow band is a step that can be trusted.",
    )


@plot
def gradient_change_along_step(variants: Sequence[str]) -> LivePlot:
    """Least and greatest distance of the gradient at half, one, two and four times the step from the one before it.

    Diagnoses: gradient predictiveness, Santurkar et al. 2018, figure 4b: a low band keeps its direction on the way.
    """
    return _range(
        "gradient_change_along_step",
        variants,
        ("gradient_change_low", "gradient_change_high"),
        "Change of the gradient (L2)",
        theme.per_variant("Greatest change of the gradient", variants, NEEDS, "gradient_change_high"),
        "How far the gradient changes along the step, L2 over all parameters: the lower, the better it predicts what comes.",
    )


@plot
def smoothness_over_steps(variants: Sequence[str]) -> LivePlot:
    """The greatest change of the gradient per distance along the step: the effective β of Santurkar et al. 2018, figure 4c.

    Diagnoses: rates well below 2/β lower the loss; a β that leaps makes the same rate too large.
    """
    return lines.over_steps(
        "smoothness_over_steps",
        variants,
        "smoothness",
        theme.log_axis("Effective β (change / distance)"),
        theme.per_variant("Effective β", variants, NEEDS, "smoothness"),
        "The gradient's greatest change along the step over the distance gone: low and level is a smooth surface.",
    )


def _range(
    name: str, variants: Sequence[str], columns: tuple[str, str], title: str, headline: Headline, explain: str
) -> LivePlot:
    chart = theme.figure(name, theme.step_axis(), theme.log_axis(title), "band: 0.5 to 4 times the step")
    bindings: list[Binding] = []
    for variant in variants:
        for trace, column in zip(_band(variant, width=1.2), columns, strict=True):
            bindings += lines.along_steps(len(chart.data), variant, column)
            chart.add_trace(trace)
    return LivePlot(name, chart, tuple(bindings), headline, explain)


def _band(variant: str, width: float = 0) -> list[go.Scatter]:
    """The lower and the upper edge of a band."""
    hover = f"{variant}: %{{y:{theme.SHORT}}}<extra></extra>"
    return [theme.band_edge(variant, filled, opacity=0.22, width=width, hover=hover) for filled in (False, True)]
