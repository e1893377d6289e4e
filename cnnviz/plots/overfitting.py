"""Overfitting drawn: how a net does on its own training set and on the test set, and what penalties make of its weights."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, Headline, LivePlot, Quantity, plot

NEEDS = "Needs tests on the whole training set: choose a starting point that makes them."
HELD_OUT = "Needs held-out examples: choose the starting point “In the plane: early stopping”."
WEIGHTS = "Needs measured weights: choose a starting point that is about them."

NOTE = "dashed: training set · solid: test set"


@plot
def accuracy_on_both_sets(variants: Sequence[str]) -> LivePlot:
    """Share of right answers over the run on the whole training set (dashed) and on the test set (solid), both in eval mode.

    Diagnoses: lines of one colour that part are a net that learns its examples by heart.
    """
    y = theme.linear_axis("Accuracy (share of right answers)", tickformat=".0%", autorangeoptions={"clipmin": 0.6})
    chart = theme.figure("accuracy_on_both_sets", theme.step_axis(), y, NOTE)
    return LivePlot(
        "accuracy_on_both_sets",
        chart,
        _both(chart, variants, "accuracy", "%{y:.1%}"),
        _pair(variants, "Right answers, training / test", "accuracy", "percent"),
        "How often each net is right on the examples that it learns from, dashed, and on those that it never sees, solid.",
    )


@plot
def loss_on_both_sets(variants: Sequence[str]) -> LivePlot:
    """Cross-entropy over the run on the whole training set (dashed) and on the test set (solid), both in eval mode.

    Diagnoses: a solid line that turns upwards while the dashed one still falls is overfitting; its lowest point is where early
    stopping would have kept the weights.
    """
    chart = theme.figure("loss_on_both_sets", theme.step_axis(), theme.log_axis("Loss (cross-entropy, nats)", nticks=5), NOTE)
    return LivePlot(
        "loss_on_both_sets",
        chart,
        _both(chart, variants, "loss", f"%{{y:{theme.SHORT}}}"),
        _pair(variants, "Loss, training / test", "loss", "number"),
        "The mean loss over the examples that each net learns from, dashed, and over those that it never sees, solid.",
    )


@plot
def validation_over_steps(variants: Sequence[str]) -> LivePlot:
    """Loss on the held-out examples (thin) and on the test set (thick) over the run; the star is the best step that early
    stopping has found so far.

    Diagnoses: where the thin line turns up, more updates make it worse; the thick line, which early stopping never sees, turns up
    at about the same step.
    """
    chart = theme.figure(
        "validation_over_steps",
        theme.step_axis(),
        theme.log_axis("Loss (cross-entropy, nats)", nticks=5),
        "thin: held out · thick: test set · star: best",
    )
    bindings: list[Binding] = []
    for variant in variants:
        for part, width in (("validation", 1.2), ("test", 3.0)):
            trace = len(chart.data)
            line = theme.line(variant, f"{variant}, {part}: %{{y:{theme.SHORT}}}", width=width)
            chart.add_trace(line.update(showlegend=part == "test"))
            bindings += [Binding(trace, attr, f"{part}_loss", variant) for attr in ("x", "y")]
        trace = len(chart.data)
        marks = {"color": theme.variant_colour(variant), "size": 16, "symbol": "star", "line": {"color": "#FFFFFF", "width": 1}}
        hover = f"{variant}, best step: %{{x:,}}<extra></extra>"
        chart.add_trace(go.Scatter(name=variant, mode="markers", marker=marks, hovertemplate=hover, showlegend=False))
        bindings += [Binding(trace, "x", "best_step", variant, "layers"), Binding(trace, "y", "best_loss", variant, "layers")]
    return LivePlot(
        "validation_over_steps",
        chart,
        tuple(bindings),
        theme.per_variant("Loss on the held-out examples", variants, HELD_OUT, "validation_loss"),
        "The loss on examples that are held out to choose by, thin, and on the test set, thick, which chooses nothing.",
    )


def _both(chart: go.Figure, variants: Sequence[str], what: str, number: str) -> tuple[Binding, ...]:
    bindings: list[Binding] = []
    for variant in variants:
        for part, dash, width in (("train", "dash", 1.8), ("test", "solid", 2.5)):
            trace = len(chart.data)
            chart.add_trace(theme.line(variant, f"{variant}, {part}: {number}", dash, width))
            bindings += [Binding(trace, attr, f"{part}_{what}", variant) for attr in ("x", "y")]
    return tuple(bindings)


def _pair(variants: Sequence[str], start: str, what: str, form: str) -> Headline:
    told = ", ".join(f"{v} {{{v}}} / {{{v}_test}}" for v in variants)
    numbers = {
        f"{v}{end}": Quantity(v, column, form=form)
        for v in variants
        for end, column in (("", f"train_{what}"), ("_test", f"test_{what}"))
    }
    return Headline(f"{start}: {told}", numbers, NEEDS)


@plot
def zero_weights_over_steps(variants: Sequence[str]) -> LivePlot:
    """Share of all weights that are exactly 0, over the run.

    Diagnoses: L1 takes weights out one by one; L2 makes them small and leaves them all.
    """
    y = theme.linear_axis("Weights that are exactly 0", tickformat=".0%", range=[-0.02, 1.02])
    chart = theme.figure("zero_weights_over_steps", theme.step_axis(), y)
    bindings: list[Binding] = []
    for trace, variant in enumerate(variants):
        chart.add_trace(theme.line(variant, f"{variant}: %{{y:.1%}}"))
        bindings += [Binding(trace, attr, "zero_share", variant) for attr in ("x", "y")]
    return LivePlot(
        "zero_weights_over_steps",
        chart,
        tuple(bindings),
        theme.per_variant("Weights that are exactly 0", variants, WEIGHTS, "zero_share", form="percent"),
        "How many of the net's weights are exactly 0, of all its layers together.",
    )


@plot
def largest_unit_by_layer(variants: Sequence[str]) -> LivePlot:
    """The largest norm of one unit's incoming weights in each layer, at the cursor's step.

    Diagnoses: bars that end at one height in every layer are held there by max-norm; penalties pull them down without a bound.
    """
    y = theme.linear_axis("Largest unit (L2 norm of its weights)", rangemode="tozero")
    chart = theme.figure("largest_unit_by_layer", theme.layer_axis(), y)
    bindings: list[Binding] = []
    for trace, variant in enumerate(variants):
        hover = f"{variant}: %{{y:{theme.SHORT}}}<extra></extra>"
        chart.add_trace(go.Bar(name=variant, marker_color=theme.variant_colour(variant), hovertemplate=hover))
        bindings += [
            Binding(trace, "x", "layers", variant, "layers"),
            Binding(trace, "y", "largest_unit", variant, "layers"),
        ]
    chart.update_layout(barmode="group")
    return LivePlot(
        "largest_unit_by_layer",
        chart,
        tuple(bindings),
        theme.per_variant("Largest unit of layer 1", variants, WEIGHTS, "largest_unit", layer=0),
        "How long the weight vector of the largest unit of each layer is.",
    )
