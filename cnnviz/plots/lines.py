"""Charts of lines, a colour a variant, that many lessons draw: a quantity layer by layer, and a quantity over the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, Headline, LivePlot

Axis = Mapping[str, Any]


def along_layers(trace: int, variant: str, column: str) -> list[Binding]:
    """x: the layers; y: the column's number of each at the cursor's step."""
    return [Binding(trace, "x", "layers", variant, "layers"), Binding(trace, "y", column, variant, "layers")]


def along_steps(trace: int, variant: str, column: str, layer: int | None = None) -> list[Binding]:
    """x: the steps at which the column was measured; y: its numbers, or those of one layer."""
    return [Binding(trace, attr, column, variant, layer=layer) for attr in ("x", "y")]


def divergence_marks(chart: go.Figure, variants: Sequence[str]) -> list[Binding]:
    """Where a variant's line ends because it diverged, that and when, at the upper edge: a line that ends is no line that stopped
    to be measured. The bindings of the traces that it adds."""
    bindings: list[Binding] = []
    theme.edge_axis(chart)
    for place, variant in enumerate(variants):
        for mark in theme.edge_mark(variant, place, f"{variant} diverged at step %{{text}}"):
            trace = len(chart.data)
            chart.add_trace(mark)
            bindings += [
                Binding(trace, "x", "diverged", variant),
                Binding(trace, "y", "diverged", variant, minus="diverged"),
                Binding(trace, "text", "diverged", variant),
            ]
    return bindings


def by_layer(
    name: str,
    variants: Sequence[str],
    column: str,
    y: Axis,
    headline: Headline,
    explain: str,
    words: str,
    x: Axis | None = None,
    note: str = "",
) -> LivePlot:
    """A mark a layer at the cursor's step, joined by lines. words: the quantity, for a mark's label and a picked layer;
    x: another axis where the layers have another name."""
    chart = theme.figure(name, theme.layer_axis() if x is None else x, y, note)
    bindings: list[Binding] = []
    for trace, variant in enumerate(variants):
        chart.add_trace(theme.marked_line(variant, trace, f"{variant}: {words} %{{y:{theme.SHORT}}}"))
        bindings += along_layers(trace, variant, column)
    details = {v: f"{v}, {{layer}}: {words} {{{column}}}" for v in variants}
    return LivePlot(name, chart, tuple(bindings), headline, explain, details)


def over_steps(
    name: str, variants: Sequence[str], column: str, y: Axis, headline: Headline, explain: str, layer: int | None = None
) -> LivePlot:
    """A line over the run. layer: whose, where the column has a number a layer."""
    chart = theme.figure(name, theme.step_axis(), y)
    bindings: list[Binding] = []
    for trace, variant in enumerate(variants):
        chart.add_trace(theme.line(variant, f"{variant}: %{{y:{theme.SHORT}}}"))
        bindings += along_steps(trace, variant, column, layer)
    return LivePlot(name, chart, tuple(bindings), headline, explain)


def ends_over_steps(
    name: str,
    variants: Sequence[str],
    column: str,
    y: Axis,
    headline: Headline,
    explain: str,
    hidden: bool = True,
    spread: str = "",
) -> LivePlot:
    """The first layer and the last hidden one, or the last of all, over the run. spread: a column that a band around each line is
    wide, up and down."""
    kind, last = ("hidden layer", -2) if hidden else ("layer", -1)
    note = "solid: first layer · dashed: last · band: ± σ" if spread else f"solid: first {kind} · dashed: last"
    chart = theme.figure(name, theme.step_axis(), y, note)
    bindings: list[Binding] = []
    for variant in variants:
        for which, layer, dash in (("first", 0, "solid"), ("last", last, "dash")):
            for upper in (False, True) if spread else ():
                x, edge = along_steps(len(chart.data), variant, column, layer)
                bindings += [x, replace(edge, plus=spread) if upper else replace(edge, minus=spread)]
                chart.add_trace(theme.band_edge(variant, filled=upper, opacity=0.12))
            bindings += along_steps(len(chart.data), variant, column, layer)
            chart.add_trace(theme.line(variant, f"{variant}, {which} {kind}: %{{y:{theme.SHORT}}}", dash, width=2))
    bindings += divergence_marks(chart, variants)
    return LivePlot(name, chart, tuple(bindings), headline, explain)
