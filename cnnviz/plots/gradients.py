"""Gradients, updates and weights by layer and by step: does the signal reach the input side, and do the layers there move?"""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import lines, theme
from cnnviz.plots.live_plot import Binding, LivePlot, plot

NEEDS = "Needs a run whose gradients are measured: press Train."
UPDATED = "Needs a run that makes updates: press Train."

GRADIENT = "Gradient norm of the weights (L2)"
LOWEST, HIGHEST = -10, 2  # log₁₀ gradient norms that the heatmap's colours tell apart


@plot
def gradient_by_layer(variants: Sequence[str]) -> LivePlot:
    """Weight-gradient norm of each layer at the cursor's step.

    Diagnoses: a line that falls towards the input vanishes, one that lies orders of magnitude above 1 explodes, a level one
    trains all layers alike.
    """
    return lines.by_layer(
        "gradient_by_layer",
        variants,
        "grad_norm",
        theme.log_axis(GRADIENT),
        theme.per_variant(
            "Of the last layer's gradient, layer 1 gets", variants, NEEDS, "grad_norm", layer=0, per=-1, form="times"
        ),
        "Each point is the size of one layer's weight gradient; a line that falls to the left vanishes towards the input.",
        "gradient norm",
    )


@plot
def update_ratio_by_layer(variants: Sequence[str]) -> LivePlot:
    """‖Δw‖ / ‖w‖ of each layer at the cursor's step: the share of its own size by which a layer's weights move in one update.

    Diagnoses: layers far below 10⁻³ hardly learn, layers near 1 forget what they were. The line at 10⁻³ is the rule of thumb of
    Stanford's CS231n notes (Neural Networks 3, "Ratio of weights:updates"), not a law.
    """
    ratios = lines.by_layer(
        "update_ratio_by_layer",
        variants,
        "update_ratio",
        theme.log_axis("Update ratio ‖Δw‖ / ‖w‖"),
        theme.per_variant(
            "Relative to the last layer, layer 1 moves", variants, UPDATED, "update_ratio", layer=0, per=-1, form="times"
        ),
        "Each point is how far one update moves a layer's weights, relative to their size; the dotted line is a rule of thumb.",
        "update ratio",
    )
    theme.level(ratios.figure, 1e-3, "10⁻³: rule of thumb (CS231n)")
    return ratios


@plot
def gradient_over_steps(variants: Sequence[str]) -> LivePlot:
    """Weight-gradient norm of the first and the last layer over the run.

    Diagnoses: a gap that stays is vanishing that training does not cure; a rise over orders of magnitude foretells divergence.
    """
    return lines.ends_over_steps(
        "gradient_over_steps",
        variants,
        "grad_norm",
        theme.log_axis(GRADIENT),
        theme.per_variant("Gradient norm of layer 1 at this step", variants, NEEDS, "grad_norm", layer=0),
        "The gradient of layer 1 (solid) against that of the last layer (dashed): the gap between them is what vanishes.",
        hidden=False,
    )


@plot
def weight_norm_over_steps(variants: Sequence[str]) -> LivePlot:
    """Weight norm of the first and the last layer over the run.

    Diagnoses: a straight fall on this scale is weight decay with no gradient to hold against it; a flat line of layer 1 is a
    layer that does not learn; a jump is an exploded update.
    """
    return lines.ends_over_steps(
        "weight_norm_over_steps",
        variants,
        "weight_norm",
        theme.log_axis("Weight norm ‖w‖ (L2)"),
        theme.per_variant("Weight norm of layer 1 at this step", variants, NEEDS, "weight_norm", layer=0),
        "The size of layer 1's weights (solid) and of the last layer's (dashed): flat is unmoved, a steady fall is decay.",
        hidden=False,
    )


@plot
def gradient_heatmap(variants: Sequence[str]) -> LivePlot:
    """log₁₀ of the weight-gradient norm, layers by steps, one map a variant on the same colours.

    Diagnoses: a map that darkens downwards vanishes towards the input; one that brightens to the right is about to explode; when
    a dark band lifts is when the lower layers start to learn.
    """
    chart = theme.beside("gradient_heatmap", variants, theme.step_axis() | {"nticks": 4}, theme.layer_names_axis(), same_x=True)
    bindings: list[Binding] = []
    for trace, variant in enumerate(variants):
        chart.add_trace(
            go.Heatmap(
                name=variant,
                coloraxis="coloraxis",
                hovertemplate=f"{variant}, %{{y}}, step %{{x}}: gradient norm 10<sup>%{{z:.1f}}</sup><extra></extra>",
            ),
            row=1,
            col=trace + 1,
        )
        bindings += [
            Binding(trace, "x", "grad_norm", variant, "steps"),
            Binding(trace, "y", "layers", variant, "layers"),
            Binding(trace, "z", "grad_norm", variant, "grid", transform="log10"),
        ]
    chart.update_layout(
        coloraxis=theme.magnitudes("Gradient norm of the weights (L2)", LOWEST, HIGHEST), hovermode="closest", margin_b=118
    )
    headline = theme.per_variant("Gradient norm of layer 1 at this step", variants, NEEDS, "grad_norm", layer=0)
    return LivePlot(
        "gradient_heatmap",
        chart,
        tuple(bindings),
        headline,
        "Each cell is one layer's gradient at one step: dark is small, bright is large, layer 1 is at the bottom.",
    )
