"""What norms of weights do to a layer: how far it can stretch an input, over the run."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, LivePlot, plot


@plot
def top_singular_over_steps(variants: Sequence[str]) -> LivePlot:
    """Largest singular value of the weights of the first (solid) and the last hidden layer (dashed) over the run.

    Diagnoses: a line at 1 is a layer that can stretch no input; lines that rise multiply over the layers.
    """
    chart = theme.figure(
        "top_singular_over_steps",
        theme.step_axis(),
        theme.linear_axis("Largest singular value of the weights", rangemode="tozero"),
        "solid: first hidden layer · dashed: last hidden layer",
    )
    bindings: list[Binding] = []
    for variant in variants:
        for layer, dash in ((0, "solid"), (-2, "dash")):
            bindings += [Binding(len(chart.data), attr, "top_singular", variant, layer=layer) for attr in ("x", "y")]
            chart.add_trace(
                go.Scatter(
                    name=variant,
                    legendgroup=variant,
                    showlegend=dash == "solid",
                    mode="lines",
                    line={"color": theme.variant_colour(variant), "width": 2.5, "dash": dash},
                    hovertemplate=f"{variant}: %{{y:{theme.SHORT}}}<extra></extra>",
                )
            )
    return LivePlot(
        "top_singular_over_steps",
        chart,
        tuple(bindings),
        theme.per_variant(
            "Largest singular value of layer 1",
            variants,
            "Singular values are measured from the starting point “Spectral norm, watched”",
            "top_singular",
            layer=0,
        ),
        "How much longer a layer can make an input at most: 1 is not at all, and over the layers these numbers multiply.",
    )
