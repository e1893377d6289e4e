"""What the output layer reads of three classes: points in the plane through their templates, and how tight they lie."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, Headline, LivePlot, Quantity, plot

NEEDS = "Needs three classes in a plane: choose the starting point “Three classes in a plane”."

DRAWN = 40  # examples of a class
SYMBOLS = ("circle", "square-open", "x")
MARKS = ("●", "□", "×")
NAMES = ("first class", "second", "third")


@plot
def clusters_trained(variants: Sequence[str], names: tuple[str, ...] = NAMES) -> LivePlot:
    """Training examples of three classes in the plane through the weights of their output units. Müller et al. 2019, figure 1.

    Diagnoses: tight heaps at the corners of a triangle are examples that the output layer can't tell apart within their class;
    wide clouds still hold how much each example resembles the other classes.
    """
    return _clusters("clusters_trained", variants, "train", names, "training examples")


@plot
def clusters_tested(variants: Sequence[str], names: tuple[str, ...] = NAMES) -> LivePlot:
    """The same for test examples, which the net has never seen.

    Diagnoses: heaps as tight as those of the training set have been learned for good; stray marks between them are mistakes.
    """
    return _clusters("clusters_tested", variants, "test", names, "test examples")


def _clusters(name: str, variants: Sequence[str], split: str, names: tuple[str, ...], words: str) -> LivePlot:
    x = theme.linear_axis(
        " · ".join(f"{mark} {one}" for mark, one in zip(MARKS, names, strict=True)), range=[-1.25, 1.25], nticks=4
    )
    y = theme.linear_axis("In distances between centres", range=[-1.25, 1.25])
    chart = theme.beside(name, variants, x, y, same_x=True)
    bindings: list[Binding] = []
    symbols = [symbol for place, symbol in enumerate(SYMBOLS) for _one in range(DRAWN + (place < len(SYMBOLS) - 1))]
    for place, variant in enumerate(variants):
        marker = {"color": theme.variant_colour(variant), "size": 7, "symbol": symbols, "opacity": 0.75}
        dots = go.Scatter(name=variant, legendgroup=variant, mode="markers", marker=marker, hoverinfo="skip")
        chart.add_trace(dots, row=1, col=place + 1)
        bindings += [Binding(place, attr, f"{split}_cluster_{attr}", variant, "rows") for attr in ("x", "y")]
    chart.update_layout(hovermode=False)
    return LivePlot(
        name,
        chart,
        tuple(bindings),
        theme.per_variant(
            f"Spread within a class, of the distance between classes, {words}",
            variants,
            NEEDS,
            f"{split}_cluster_spread",
            form="percent",
        ),
        f"Each mark is one of the {words} of three classes, where the output layer sees it: in the plane of their weights.",
    )


@plot
def cluster_spread_over_steps(variants: Sequence[str]) -> LivePlot:
    """Distance of an example from its class's centre over the distance between centres: training set solid, test set dashed.

    Diagnoses: a solid line that goes on falling is a class that becomes one point; the dashed one says what of it carries over.
    """
    chart = theme.figure(
        "cluster_spread_over_steps",
        theme.step_axis(),
        theme.linear_axis("Spread / distance of centres", rangemode="tozero", tickformat=".0%"),
        "solid: training set · dashed: test set",
    )
    bindings: list[Binding] = []
    for variant in variants:
        for split, dash in (("train", "solid"), ("test", "dash")):
            bindings += [Binding(len(chart.data), attr, f"{split}_cluster_spread", variant) for attr in ("x", "y")]
            line = go.Scatter(name=variant, legendgroup=variant, mode="lines+markers", showlegend=split == "train")
            line.update(line={"color": theme.variant_colour(variant), "width": 2.5, "dash": dash})
            chart.add_trace(line.update(hovertemplate=f"{variant}, {split}: %{{y:.1%}}<extra></extra>"))
    told = ", ".join(f"{v} {{{v}_train}} in training and {{{v}_test}} on the test set" for v in variants)
    spreads = {
        f"{v}_{split}": Quantity(v, f"{split}_cluster_spread", form="percent") for v in variants for split in ("train", "test")
    }
    return LivePlot(
        "cluster_spread_over_steps",
        chart,
        tuple(bindings),
        Headline(f"Spread: {told}", spreads, NEEDS),
        "How wide the heaps of three classes are, over how far apart their centres lie: the lower, the tighter.",
    )
