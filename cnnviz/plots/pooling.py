"""Poolings compared: what a net says of images that are moved, and what is left of its first maps."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.engine.words import SHIFTS, UNPOOLINGS
from cnnviz.plots import theme
from cnnviz.plots.lines import over_steps
from cnnviz.plots.live_plot import Binding, Given, Headline, LivePlot, plot

NEEDS = "Needs tests with moved images: choose the starting point “Six poolings, and images that move”."
NOT_REBUILT = "Needs maps that are rebuilt: choose the starting point “Six poolings, and images that move”."

WAYS = {"switches": "where it stood", "corner": "top left corner", "spread": "all its places"}


@plot
def consistency_by_shift(variants: Sequence[str]) -> LivePlot:
    """Share of test images that get the same answer, right or wrong, after a shift, at the cursor's step. Zhang 2019.

    Diagnoses: a line that falls at once belongs to a net that answers by where an image lies on its grid.
    """
    return _by_shift(
        "consistency_by_shift",
        variants,
        "shift_consistency",
        "Same answer as unmoved (share of images)",
        theme.per_variant(
            "Same answer after a shift by one pixel", variants, NEEDS, "shift_consistency", layer=1, form="percent"
        ),
        "Each point is the share of test images whose answer stays what it was when they are moved left, up, right or down.",
    )


@plot
def accuracy_by_shift(variants: Sequence[str]) -> LivePlot:
    """Share of right answers on test images that are moved, at the cursor's step.

    Diagnoses: how much of a net's skill holds only for images that lie as those that it learned from.
    """
    return _by_shift(
        "accuracy_by_shift",
        variants,
        "shift_accuracy",
        "Accuracy on moved images (share right)",
        theme.per_variant("Right after a shift by two pixels", variants, NEEDS, "shift_accuracy", layer=2, form="percent"),
        "How often each net is right on the test set when all its images are moved by so many pixels, mean of four directions.",
    )


@plot
def change_by_shift(variants: Sequence[str]) -> LivePlot:
    """How far the predicted probabilities go when an image is moved, at the cursor's step: half the sum of the differences.

    Diagnoses: answers may stay while the certainty behind them goes; here that shows.
    """
    return _by_shift(
        "change_by_shift",
        variants,
        "shift_change",
        "Probability that moves to other classes",
        theme.per_variant("Probability moved by one pixel", variants, NEEDS, "shift_change", layer=1, form="percent"),
        "How much probability a shift takes from some classes and gives to others, mean over the test images.",
    )


def _by_shift(name: str, variants: Sequence[str], column: str, title: str, headline: Headline, explain: str) -> LivePlot:
    x = theme.linear_axis("Images moved by (pixels)", tickvals=list(SHIFTS), range=[-0.2, SHIFTS[-1] + 0.2])
    chart = theme.figure(name, x, theme.linear_axis(title, tickformat=".0%"))
    bindings, given = [], []
    for trace, variant in enumerate(variants):
        chart.add_trace(theme.marked_line(variant, trace, f"{variant}: %{{y:.1%}}"))
        bindings.append(Binding(trace, "y", column, variant, "layers"))
        given.append(Given(trace, "x", SHIFTS))
    return LivePlot(name, chart, tuple(bindings), headline, explain, given=tuple(given))


@plot
def consistency_over_steps(variants: Sequence[str]) -> LivePlot:
    """Share of test images with the same answer after a shift by one pixel, over the run.

    Diagnoses: a fresh net says nearly the same of every image; what it loses while it learns, and gets back, is told here.
    """
    return over_steps(
        "consistency_over_steps",
        variants,
        "shift_consistency",
        theme.linear_axis("Same answer, moved by 1 px (share)", tickformat=".0%"),
        theme.per_variant("Same answer after one pixel", variants, NEEDS, "shift_consistency", layer=1, form="percent"),
        "How many answers survive a shift by one pixel while the net learns, mean of four directions.",
        layer=1,
    )


@plot
def rebuilt_maps(variants: Sequence[str]) -> LivePlot:
    """Error of the first layer's maps, max-pooled and brought back, relative to the maps themselves, at the cursor's step.

    Diagnoses: what lies between the first two columns is what the places of the maxima are worth; a low third column says that
    neighbours are alike, so that a maximum stands for them all.
    """
    chart = theme.figure(
        "rebuilt_maps",
        theme.category_axis("Where each maximum is put back"),
        theme.linear_axis("What is lost, ‖x − x̂‖² / ‖x‖²", tickformat=".0%", rangemode="tozero"),
        "filled: pooled once · open: twice",
    )
    bindings, given = [], []
    for place, variant in enumerate(variants):
        for column, opened in (("unpooled_once", ""), ("unpooled_twice", "-open")):
            trace = len(chart.data)
            told = column.removeprefix("unpooled_")
            marks = {"color": theme.variant_colour(variant), "size": 12, "symbol": theme.MARKERS[place] + opened}
            marks |= {"line": {"width": 2, "color": theme.variant_colour(variant)}} if opened else {}
            dots = go.Scatter(
                name=variant,
                legendgroup=variant,
                showlegend=not opened,
                mode="markers",
                marker=marks,
                offsetgroup=variant,
                hovertemplate=f"{variant}, {told}: %{{y:.0%}}<extra></extra>",
            )
            chart.add_trace(dots)
            bindings.append(Binding(trace, "y", column, variant, "layers"))
            given.append(Given(trace, "x", tuple(WAYS[way] for way in UNPOOLINGS)))
    chart.update_layout(scattermode="group", scattergap=0.4)
    return LivePlot(
        "rebuilt_maps",
        chart,
        tuple(bindings),
        theme.per_variant(
            "Lost of the maps, each maximum back in its place", variants, NOT_REBUILT, "unpooled_once", form="percent"
        ),
        "How far the first layer's maps are from what is rebuilt of their maxima, as a share of their squared size.",
        given=tuple(given),
    )
