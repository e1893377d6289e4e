"""Before the task: how well images are rebuilt or other classes told apart, and what layer 1 looks for, unit by unit."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import lines, theme
from cnnviz.plots.live_plot import Binding, LivePlot, plot

NEEDS = "Needs pre-training: choose a starting point in which a net is pre-trained."

LEVELS = 32  # a unit's largest weight, as `first_filters` records it


@plot
def pretraining_loss_over_steps(variants: Sequence[str]) -> LivePlot:
    """The loss of each pre-training update: squared error of the rebuilt image or layer, or cross-entropy on other classes.

    Diagnoses: a greedy run falls in as many stairs as there are hidden layers, each layer rebuilding the one below it; a curve
    that is still falling at its end has more to learn before the task begins. A variant without pre-training draws nothing.
    """
    taught = variants[1:] or variants  # the first variant has nothing to learn before the task
    return lines.over_steps(
        "pretraining_loss_over_steps",
        variants,
        "pretraining_loss",
        theme.log_axis("Pre-training loss (squared error; D: nats)"),
        theme.per_variant("Pre-training loss at this step", taught, NEEDS, "pretraining_loss"),
        "Before the task, two variants learn to rebuild images and one to tell other classes; the first variant waits.",
    )


@plot
def first_filters(variants: Sequence[str]) -> LivePlot:
    """The weights of some units of layer 1, each as an image over the pixels that it reads, one mosaic a variant.

    Diagnoses: noise is a unit that has not learned from images; strokes and blobs are; move the cursor to the start for before.
    """
    chart = theme.beside(
        "first_filters",
        variants,
        theme.linear_axis("Units of layer 1, a tile each, laid out as the pixels read", showticklabels=False, showgrid=False),
        theme.linear_axis("Units, row by row", showticklabels=False, showgrid=False, autorange="reversed"),
    )
    bindings: list[Binding] = []
    for trace, variant in enumerate(variants):
        chart.add_trace(
            go.Heatmap(name=variant, coloraxis="coloraxis", hoverinfo="skip"),
            row=1,
            col=trace + 1,
        )
        anchor = "x" if trace == 0 else f"x{trace + 1}"
        chart.update_yaxes(matches=None, scaleanchor=anchor, constrain="domain", constraintoward="top", ticks="", col=trace + 1)
        chart.update_xaxes(matches=None, constrain="domain", ticks="", col=trace + 1)
        bindings += [Binding(trace, attr, "first_filters", variant, "tiles") for attr in ("x", "y", "z")]
    chart.update_layout(coloraxis=_signed(), hovermode=False, margin_b=118)
    return LivePlot(
        "first_filters",
        chart,
        tuple(bindings),
        theme.per_variant(
            "Layer 1 has moved from its fresh weights, relative to their size", variants, NEEDS, "first_moved", form="percent"
        ),
        "Each tile is what one unit of layer 1 looks for: red pixels raise it, blue ones lower it, each by its own scale.",
    )


def _signed() -> dict[str, object]:
    ticks = {"tickvals": [-LEVELS, 0, LEVELS], "ticktext": ["−1", "0", "1"]}
    axis = theme.signed("Weight, over the largest of its tile", ticks)
    return {**axis, "cmid": None, "cmin": -LEVELS, "cmax": LEVELS}
