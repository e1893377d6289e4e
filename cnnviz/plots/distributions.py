"""Histograms of every layer, stacked as ridges: where the activations sit, and how small the gradients in them are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, Headline, LivePlot, plot

NEEDS = "Needs a run with histograms: press Train."

LOG_GRADIENTS = (-14.0, 4.0)  # the range of the recorded histograms of log₁₀ |gradient|


@plot
def activation_ridges(variants: Sequence[str]) -> LivePlot:
    """Histogram of each layer's activations at the cursor's step.

    Diagnoses: ridges that narrow layer by layer lose the signal on its way forward; spikes at the ends of a sigmoid's or a tanh's
    range are saturated units; a spike at 0 under ReLU is units that pass nothing on.
    """
    return _ridges(
        "activation_ridges",
        variants,
        theme.linear_axis("Activation (output of a unit)", nticks=4),
        theme.per_variant("Spread of the last hidden layer's activations (std)", variants, NEEDS, "activation_std", layer=-2),
        "Each ridge is the histogram of one layer's activations, layer 1 at the bottom, each scaled to its own peak.",
        "activation_hist",
        low="activation_low",
        high="activation_high",
    )


@plot
def gradient_ridges(variants: Sequence[str]) -> LivePlot:
    """Histogram of log₁₀ |∂loss/∂activation| of each layer at the cursor's step.

    Diagnoses: ridges that march to the left from top to bottom vanish on the way back, by the same factor at each layer; ridges
    that march to the right explode; a spike at the left edge is activations that get no gradient at all.
    """
    return _ridges(
        "gradient_ridges",
        variants,
        theme.exponent_axis("|∂loss / ∂activation|", range=list(LOG_GRADIENTS)) | {"nticks": 4, "zeroline": False},
        theme.per_variant(
            "Of the last layer's activation gradient, layer 1 gets",
            variants,
            NEEDS,
            "activation_grad_norm",
            layer=0,
            per=-1,
            form="times",
        ),
        "Each ridge is the histogram of the gradients in one layer's activations, layer 1 at the bottom: left is smaller.",
        "activation_grad_hist",
        low=LOG_GRADIENTS[0],
        high=LOG_GRADIENTS[1],
    )


def _ridges(
    name: str,
    variants: Sequence[str],
    x: Mapping[str, Any],
    headline: Headline,
    explain: str,
    column: str,
    low: str | float,
    high: str | float,
) -> LivePlot:
    chart = theme.beside(name, variants, x, theme.layer_stack_axis())
    bindings: list[Binding] = []
    for trace, variant in enumerate(variants):
        chart.add_trace(
            go.Scatter(
                name=variant,
                mode="lines",
                fill="toself",
                line={"color": theme.variant_colour(variant), "width": 1.2},
                hoverinfo="skip",
                showlegend=False,
            ),
            row=1,
            col=trace + 1,
        )
        bindings += [Binding(trace, attr, column, variant, "ridges", low=low, high=high) for attr in ("x", "y")]
    return LivePlot(name, chart, tuple(bindings), headline, explain)
