"""How sure a net is: margins between logits while it learns, and on the test set confidence beside how often it is right."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, Given, Headline, LivePlot, Quantity, plot

NEEDS = "Needs tests of how sure a net is: choose the starting point “300 clothes, learned by heart”."

BINS = 15
MIDDLES = tuple(round((place + 0.5) / BINS, 4) for place in range(BINS))
WIDTH = 0.94 / BINS


@plot
def margin_over_steps(variants: Sequence[str]) -> LivePlot:
    """The true class's logit less the mean of the others, over the run, and less the largest of them, dashed; dotted: the gap at
    which the targets are met.

    Diagnoses: a line that settles on its dotted one has learned what it was asked for; one without a dotted line has hard
    targets, which no finite logits meet, and climbs for as long as it trains.
    """
    chart = theme.figure(
        "margin_over_steps",
        theme.step_axis(),
        theme.linear_axis("Margin of the true logit (nats)"),
        "dashed: over the largest · dotted: formula",
    )
    bindings: list[Binding] = []
    for variant in variants:
        for column, words, dash in (
            ("margin", "over the mean of the others", "solid"),
            ("margin_least", "over the largest", "dash"),
            ("margin_limit", "formula", "dot"),
        ):
            bindings += [Binding(len(chart.data), attr, column, variant) for attr in ("x", "y")]
            width = 2.5 if dash == "solid" else 1.5
            chart.add_trace(theme.line(variant, f"{variant}, {words}: %{{y:{theme.SHORT}}}", dash, width))
    return LivePlot(
        "margin_over_steps",
        chart,
        tuple(bindings),
        theme.per_variant("Margin at this step, nats", variants, NEEDS, "margin"),
        "How far the true class’s logit is ahead of the mean of the others, and of the largest, averaged over each step’s batch.",
    )


@plot
def logits_and_weights(variants: Sequence[str]) -> LivePlot:
    """Size of the logits (above) and of the output layer's weights (below) over the run.

    Diagnoses: both climb for ever where targets are hard; where they settle, growing further would cost more than it gains.
    """
    y = (theme.linear_axis("Logits (L2)", rangemode="tozero"), theme.linear_axis("Output weights (L2)"))
    chart = theme.stacked("logits_and_weights", theme.step_axis(), *y)
    bindings: list[Binding] = []
    for variant in variants:
        for row, (column, layer) in enumerate((("logit_norm", None), ("weight_norm", -1)), start=1):
            bindings += [Binding(len(chart.data), attr, column, variant, layer=layer) for attr in ("x", "y")]
            line = theme.line(variant, f"{variant}: %{{y:{theme.SHORT}}}").update(showlegend=row == 1)
            chart.add_trace(line, row=row, col=1)
    return LivePlot(
        "logits_and_weights",
        chart,
        tuple(bindings),
        theme.per_variant("Size of the logits at this step (L2)", variants, NEEDS, "logit_norm"),
        "Above, the L2 norm of an example’s logits around their mean; below, that of the weights which make them.",
    )


@plot
def confidence_histogram(variants: Sequence[str]) -> LivePlot:
    """Share of the test set by confidence, the probability of the answer that is given.

    Diagnoses: a tower at the right end with an accuracy far below it is a net that is sure and wrong. Guo et al. 2017, figure 1.
    """
    chart = theme.figure(
        "confidence_histogram",
        theme.linear_axis("Confidence (probability of the answer)", range=[0, 1], tickformat=".0%"),
        theme.linear_axis("Share of the test set", tickformat=".0%", rangemode="tozero"),
    )
    bindings, given = [], []
    for trace, variant in enumerate(variants):
        hover = f"{variant}, confidence %{{x:.0%}}: %{{y:.1%}} of the answers<extra></extra>"
        colour = theme.variant_colour(variant)
        chart.add_trace(go.Bar(name=variant, legendgroup=variant, marker_color=colour, hovertemplate=hover))
        bindings.append(Binding(trace, "y", "confidence_hist", variant, "layers"))
        given.append(Given(trace, "x", MIDDLES))
    chart.update_layout(barmode="group", bargap=0.1, hovermode="closest")
    numbers = {v: Quantity(v, "confidence", form="percent") for v in variants}
    numbers |= {f"{v}_right": Quantity(v, "test_accuracy", form="percent") for v in variants}
    told = ", ".join(f"{v} {{{v}}} sure, {{{v}_right}} right" for v in variants)
    return LivePlot(
        "confidence_histogram",
        chart,
        tuple(bindings),
        Headline(f"On average: {told}", numbers, NEEDS),
        "Each bar is the share of the test images that the net answers with about that probability.",
        given=tuple(given),
    )


@plot
def reliability_diagram(variants: Sequence[str]) -> LivePlot:
    """How often answers of each confidence are right, one plot area a variant; hatched: how far that is from what was said.

    Diagnoses: on the diagonal confidence can be trusted; hatching above the bars says too sure, hatching inside them not sure
    enough. Guo et al. 2017, figure 1; a bin without answers has no bar.
    """
    chart = theme.beside(
        "reliability_diagram",
        variants,
        theme.linear_axis("Confidence (probability of the answer)", range=[0, 1], tickformat=".0%", tickvals=[0.25, 0.5, 0.75]),
        theme.linear_axis("Right answers", range=[0, 1.02], tickformat=".0%"),
        same_x=True,
    )
    bindings, given = [], []
    for place, variant in enumerate(variants, start=1):
        bars, gaps = len(chart.data), len(chart.data) + 1
        colour = theme.variant_colour(variant)
        for trace in (
            go.Bar(name=variant, marker_color=colour, hovertemplate=f"{variant}: %{{y:.0%}} right<extra></extra>"),
            go.Bar(
                name=variant,
                marker={
                    "color": colour,
                    "opacity": 0.45,
                    "pattern": {"shape": "/", "solidity": 0.4, "fgcolor": "#FFFFFF", "fillmode": "overlay"},
                },
                hovertemplate=f"{variant}: sure by %{{y:.0%}} more than right<extra></extra>",
                showlegend=False,
            ),
        ):
            chart.add_trace(trace.update(width=WIDTH, legendgroup=variant), row=1, col=place)
        anchor = str(place) if place > 1 else ""
        chart.add_shape(
            type="line", x0=0, x1=1, y0=0, y1=1, xref=f"x{anchor}", yref=f"y{anchor}",
            line={"color": theme.NEUTRAL, "dash": "dot", "width": 1.5},
        )  # fmt: skip
        bindings += [
            Binding(bars, "y", "reliability", variant, "layers"),
            Binding(gaps, "y", "reliability_gap", variant, "layers"),
            Binding(gaps, "base", "reliability", variant, "layers"),
        ]
        given += [Given(trace_number, "x", MIDDLES) for trace_number in (bars, gaps)]
    chart.update_layout(barmode="overlay", hovermode="closest")
    return LivePlot(
        "reliability_diagram",
        chart,
        tuple(bindings),
        theme.per_variant("Expected calibration error", variants, NEEDS, "ece", form="percent"),
        "Each bar is how often answers of that confidence are right, and its hatched part how far from what the net said.",
        given=tuple(given),
    )


@plot
def calibration_error_over_steps(variants: Sequence[str]) -> LivePlot:
    """Expected calibration error on the test set over the run.

    Diagnoses: an error that grows while accuracy stands still is a net that only becomes surer of what it already says.
    """
    chart = theme.figure(
        "calibration_error_over_steps",
        theme.step_axis(),
        theme.linear_axis("Calibration error (ECE, 15 bins)", rangemode="tozero", tickformat=".0%"),
    )
    bindings: list[Binding] = []
    for place, variant in enumerate(variants):
        chart.add_trace(theme.marked_line(variant, place, f"{variant}: %{{y:.1%}}"))
        bindings += [Binding(place, attr, "ece", variant) for attr in ("x", "y")]
    return LivePlot(
        "calibration_error_over_steps",
        chart,
        tuple(bindings),
        theme.per_variant("Calibration error at this step", variants, NEEDS, "ece", form="percent"),
        "The mean distance between how sure the net is and how often it is right, over all test images.",
    )
