"""Inside the units: where their inputs fall on the activation's curve, how far layers saturate, and which units are dead."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cnnviz.plots import lines, theme
from cnnviz.plots.live_plot import Binding, LivePlot, plot

NEEDS = "Needs a run that looks inside the units: press Train."
NO_SLOPE = "Needs an activation with a learned slope: choose PReLU under Activation."
DEAD_SCALE = [[0, "rgba(136,136,136,0.18)"], [1, "#CC3311"]]  # alive, dead: grey against a red that no variant wears


@plot
def inputs_on_curve(variants: Sequence[str]) -> LivePlot:
    """Above, f(z) (solid) and its slope f'(z) (dashed), as they are in the first layer at the cursor's step; below, on the same
    z axis, the histogram of each layer's inputs z.

    Diagnoses: a ridge that stands where the dashed line is at 0 is a layer that lets no gradient through; one that sits on the
    straight part of the curve is a layer that is all but linear. No curve is drawn for maxout: its h depends on several z.
    """
    count = max(len(variants), 1)
    chart = make_subplots(
        rows=2,
        cols=count,
        shared_xaxes="columns",
        vertical_spacing=0.06,
        horizontal_spacing=0.14 / count,
        row_heights=[0.45, 0.55],
    )
    theme.dressed(chart, "inputs_on_curve")
    theme.x_title(chart, "Input z of the activation")
    value, stack = (
        theme.linear_axis("Value, slope", range=[-1.3, 2.4], nticks=4),
        theme.layer_stack_axis(),
    )
    chart.update_xaxes(**theme.linear_axis("", nticks=5)).update_xaxes(title=None)
    chart.update_yaxes(**value, row=1).update_yaxes(**stack, row=2)
    bindings: list[Binding] = []
    for column, variant in enumerate(variants, start=1):
        first = len(chart.data)
        colour = theme.variant_colour(variant)
        for attr, dash in (("value", "solid"), ("slope", "dash")):
            chart.add_trace(theme.line(variant, f"{variant}: {attr} %{{y:{theme.SHORT}}}", dash), row=1, col=column)
        chart.add_trace(_outline(variant, colour), row=2, col=column)
        for trace, name in ((first, "curve_value"), (first + 1, "curve_slope")):
            bindings += [Binding(trace, "x", "curve_z", variant, "rows"), Binding(trace, "y", name, variant, "rows")]
        ridges = {"low": "preactivation_low", "high": "preactivation_high"}
        bindings += [Binding(first + 2, attr, "preactivation_hist", variant, "ridges", **ridges) for attr in ("x", "y")]  # type: ignore[arg-type]
        theme.head(chart, variant, column)
        if column > 1:
            chart.update_yaxes(title_text=None, showticklabels=False, col=column)
            chart.update_yaxes(matches=f"y{count + 1}", row=2, col=column)
    return LivePlot(
        "inputs_on_curve",
        chart,
        tuple(bindings),
        theme.per_variant(
            "On a flat part of the curve in the last hidden layer",
            variants,
            NEEDS,
            "fraction_saturated",
            layer=-2,
            form="percent",
        ),
        "The curve (solid) and its slope (dashed) above, and on the same axis below the inputs of each layer's units.",
    )


def _outline(variant: str, colour: str) -> go.Scatter:
    line = {"color": colour, "width": 1.2}
    return go.Scatter(name=variant, mode="lines", fill="toself", line=line, hoverinfo="skip", showlegend=False)


@plot
def saturated_map(variants: Sequence[str]) -> LivePlot:
    """The share of inputs on a flat part of the activation's curve, layers by steps, one map a variant on the same colours.

    Diagnoses: a row that lights up is a layer whose units are stuck at an end of their range; Glorot & Bengio saw it first in the
    layer next to the output.
    """
    chart = theme.beside("saturated_map", variants, theme.step_axis() | {"nticks": 4}, theme.layer_names_axis(), same_x=True)
    bindings: list[Binding] = []
    for trace, variant in enumerate(variants):
        hover = f"{variant}, %{{y}}, step %{{x}}: %{{z:.0%}} saturated<extra></extra>"
        chart.add_trace(go.Heatmap(name=variant, coloraxis="coloraxis", hovertemplate=hover), row=1, col=trace + 1)
        bindings += [
            Binding(trace, "x", "fraction_saturated", variant, "steps"),
            Binding(trace, "y", "layers", variant, "layers"),
            Binding(trace, "z", "fraction_saturated", variant, "grid"),
        ]
    chart.update_layout(coloraxis=theme.shares("Share of inputs on a flat part of the curve"), hovermode="closest", margin_b=118)
    return LivePlot(
        "saturated_map",
        chart,
        tuple(bindings),
        theme.per_variant(
            "Saturated in the last hidden layer at this step", variants, NEEDS, "fraction_saturated", layer=-2, form="percent"
        ),
        "Each cell is one layer at one step: the brighter, the more of its inputs lie where the activation is flat.",
    )


@plot
def mean_over_steps(variants: Sequence[str]) -> LivePlot:
    """Mean activation of the first and the last hidden layer over the run, in a band of one standard deviation either way.

    Diagnoses: Glorot & Bengio's figure 2: a sigmoid layer whose mean falls to 0 and whose band closes is saturated at 0; where
    the band opens again it learns.
    """
    return lines.ends_over_steps(
        "mean_over_steps",
        variants,
        "activation_mean",
        theme.linear_axis("Mean activation"),
        theme.per_variant("Mean activation of the last hidden layer", variants, NEEDS, "activation_mean", layer=-2),
        "The mean output of the first hidden layer (solid) and of the last one (dashed), ± one standard deviation: a closed band "
        "at 0 or 1 is a saturated sigmoid.",
        spread="activation_std",
    )


@plot
def top_over_steps(variants: Sequence[str]) -> LivePlot:
    """98th percentile of the activations of the first and the last hidden layer over the run, Glorot & Bengio's figure 3.

    Diagnoses: a tanh or sigmoid layer whose percentile reaches 1 has units at the upper end of their range.
    """
    return lines.ends_over_steps(
        "top_over_steps",
        variants,
        "activation_top",
        theme.linear_axis("98th percentile of activations"),
        theme.per_variant("98th percentile in the last hidden layer", variants, NEEDS, "activation_top", layer=-2),
        "What 98 of 100 outputs stay below, in the first hidden layer (solid) and in the last one (dashed).",
    )


@plot
def dead_unit_map(variants: Sequence[str]) -> LivePlot:
    """One cell a unit, a row a layer, at the cursor's step: dead on the whole test set, or not.

    Diagnoses: a unit is dead where its slope is 0 on every test example, so that no example can move its weights; a whole row of
    them cuts the net in two.
    """
    chart = theme.beside("dead_unit_map", variants, theme.linear_axis("Unit"), theme.layer_names_axis())
    bindings: list[Binding] = []
    for trace, variant in enumerate(variants):
        hover = f"{variant}, %{{y}}, unit %{{x}}: %{{z}} (1: dead, 0: not)<extra></extra>"
        chart.add_trace(go.Heatmap(name=variant, coloraxis="coloraxis", hovertemplate=hover, ygap=3), row=1, col=trace + 1)
        bindings += [
            Binding(trace, "y", "layers", variant, "layers"),
            Binding(trace, "z", "dead_map", variant, "matrix"),
        ]
    chart.update_layout(coloraxis={"colorscale": DEAD_SCALE, "cmin": 0, "cmax": 1, "showscale": False}, hovermode="closest")
    return LivePlot(
        "dead_unit_map",
        chart,
        tuple(bindings),
        theme.per_variant("Dead in the last hidden layer", variants, NEEDS, "dead_fraction", layer=-2, form="percent"),
        "Each cell is a unit: red is dead, its slope is 0 on every example of the test set, grey is alive.",
    )


@plot
def dead_by_layer(variants: Sequence[str]) -> LivePlot:
    """Share of dead units of each layer (solid), and of units whose input is never above 0 (dotted), at the cursor's step.

    Diagnoses: where the two agree, as under ReLU, a unit that is off is lost; where only the dotted line is high, units are off
    but still get a gradient, and may come back.
    """
    chart = theme.figure(
        "dead_by_layer",
        theme.layer_axis(),
        theme.linear_axis("Share of the layer's units", range=[-0.03, 1.03], tickformat=".0%"),
        "solid: dead · dotted: off on the whole test set",
    )
    bindings: list[Binding] = []
    for variant in variants:
        for column, dash in (("dead_fraction", "solid"), ("off_fraction", "dot")):
            bindings += lines.along_layers(len(chart.data), variant, column)
            line = theme.line(variant, f"{variant}: %{{y:.0%}} {column.split('_')[0]}", dash)
            chart.add_trace(line.update(mode="lines+markers", marker_size=8))
    return LivePlot(
        "dead_by_layer",
        chart,
        tuple(bindings),
        theme.per_variant("Dead in layer 1", variants, NEEDS, "dead_fraction", layer=0, form="percent"),
        "The share of each layer's units that are dead, and of those that are merely off, over the whole test set.",
        {v: f"{v}, {{layer}}: dead {{dead_fraction}}, off {{off_fraction}} of its units" for v in variants},
    )


@plot
def dead_over_steps(variants: Sequence[str]) -> LivePlot:
    """Share of dead units of the first and the last hidden layer over the run.

    Diagnoses: a line that rises and never falls is units that die for good; one that falls again is units that come back.
    """
    return lines.ends_over_steps(
        "dead_over_steps",
        variants,
        "dead_fraction",
        theme.linear_axis("Dead units (share of the layer)", range=[-0.03, 1.03], tickformat=".0%"),
        theme.per_variant("Dead in the last hidden layer", variants, NEEDS, "dead_fraction", layer=-2, form="percent"),
        "The share of dead units in the first hidden layer (solid) and in the last one (dashed), over the run.",
    )


@plot
def learned_slopes(variants: Sequence[str]) -> LivePlot:
    """PReLU's learned slope below 0 in the first and the last hidden layer over the run.

    Diagnoses: a slope near 0 has become a ReLU, one near 1 a linear layer, one below 0 folds the axis like |z|.
    """
    return lines.ends_over_steps(
        "learned_slopes",
        variants,
        "prelu_slope",
        theme.linear_axis("Learned slope a for z below 0"),
        theme.per_variant(
            "Slope that layer 1 has learned",
            variants,
            NO_SLOPE,
            "prelu_slope",
            layer=0,
        ),
        "The slope below 0 that PReLU has learned in the first and in the last hidden layer: it starts at 0.25, ReLU's is 0.",
    )


@plot
def slope_by_layer(variants: Sequence[str]) -> LivePlot:
    """PReLU's learned slope below 0 of each layer at the cursor's step.

    Diagnoses: He et al. 2015 found steeper slopes near the input, where more is kept, and flatter ones above.
    """
    slopes = lines.by_layer(
        "slope_by_layer",
        variants,
        "prelu_slope",
        theme.linear_axis("Learned slope a for z below 0"),
        theme.per_variant(
            "Slope that layer 1 has learned",
            variants,
            NO_SLOPE,
            "prelu_slope",
            layer=0,
        ),
        "The slope below 0 that PReLU has learned in each hidden layer; the dotted line is where it starts.",
        "slope",
    )
    theme.level(slopes.figure, 0.25, "the start: 0.25")
    return slopes
