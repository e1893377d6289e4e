"""Batch normalisation: one mini-batch by hand, train mode against eval mode over a run, and what folding changes."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.plots import lines, theme
from cnnviz.plots.live_plot import Binding, Headline, LivePlot, Quantity, plot

NEEDS = "Needs batch norm: choose a starting point in which a net has it."
BY_HAND = "Needs a batch norm by hand: choose a starting point whose name begins with “By hand”."

EQUATIONS = ("∂ℓ/∂x̂", "∂ℓ/∂σ²", "∂ℓ/∂μ", "∂ℓ/∂x", "∂ℓ/∂γ", "∂ℓ/∂β")  # in the order of relative_error


@plot
def batch_before_and_after(variants: Sequence[str]) -> LivePlot:
    """A mini-batch's x (above) and what batch norm makes of it (below), example by example.

    Diagnoses: the pattern stays and only its place and spread change; one x far from the others presses these together; where all
    are equal nothing is left to spread.
    """
    y = (theme.linear_axis("Before: x"), theme.linear_axis("After: x̂ and y"))
    chart = theme.stacked("batch_before_and_after", theme.category_axis("Example of the mini-batch"), *y)
    bindings: list[Binding] = []
    for variant in variants:
        for row, column, symbol in ((1, "x", "circle"), (2, "x_hat", "circle-open"), (2, "y", "diamond")):
            bindings += lines.along_layers(len(chart.data), variant, column)
            chart.add_trace(_dots(variant, column.replace("x_hat", "x̂"), symbol), row=row, col=1)
    quantities = {f"{v}_{name}": Quantity(v, column) for v in variants for name, column in (("m", "mean"), ("v", "variance"))}
    told = ", ".join(f"{v} {{{v}_m}} (σ² {{{v}_v}})" for v in variants)
    told = told if len(variants) > 1 else f"{{{variants[0]}_m}}, its variance {{{variants[0]}_v}}"
    return LivePlot(
        "batch_before_and_after",
        chart,
        tuple(bindings),
        Headline(f"Mean of the batch: {told}", quantities, BY_HAND),
        "Filled circles are x, open ones x̂ with mean 0 and variance near 1, diamonds y = γ x̂ + β.",
    )


@plot
def gradients_by_hand(variants: Sequence[str]) -> LivePlot:
    """∂ℓ/∂x of each example by hand (filled) and by autograd (open).

    Diagnoses: an open mark around each filled one means that both ways agree; gradients far smaller than ∂ℓ/∂y belong to a batch
    with a large σ, which divides them.
    """
    chart = theme.figure(
        "gradients_by_hand",
        theme.category_axis("Example of the mini-batch"),
        theme.linear_axis("∂ℓ/∂x of the example"),
        "filled: by hand · open: autograd",
    )
    bindings: list[Binding] = []
    for variant in variants:
        for column, symbol in (("d_x", "circle"), ("auto_d_x", "circle-open")):
            bindings += lines.along_layers(len(chart.data), variant, column)
            told = "by hand" if symbol == "circle" else "autograd"
            chart.add_trace(_dots(variant, told, symbol, size=9 if symbol == "circle" else 16))
    return LivePlot(
        "gradients_by_hand",
        chart,
        tuple(bindings),
        theme.per_variant("∂ℓ/∂x of the first example", variants, BY_HAND, "d_x", layer=0),
        "Each example has two marks, the fourth equation by hand and what autograd says, which should lie on one another.",
    )


@plot
def relative_errors(variants: Sequence[str]) -> LivePlot:
    """How far each of the six equations by hand is from autograd, in float64, relative to the size of the terms it adds up.

    Diagnoses: 10⁻¹⁶ is float64's own rounding; anything near 10⁻³ would be a wrong formula. An equation without a mark agrees to
    the last bit.
    """
    y = theme.log_axis("Relative difference from autograd", range=[-18, -4])
    chart = theme.figure("relative_errors", theme.category_axis("Equation of the backward pass"), y)
    bindings: list[Binding] = []
    for variant in variants:
        bindings += [Binding(len(chart.data), "y", "relative_error", variant, "layers")]
        chart.add_trace(_dots(variant, "relative difference", "circle", size=11).update(x=EQUATIONS))
    theme.level(chart, 1e-6, "10⁻⁶: what we ask for")
    return LivePlot(
        "relative_errors",
        chart,
        tuple(bindings),
        theme.per_variant("∂ℓ/∂x by hand differs from autograd by", variants, BY_HAND, "relative_error", layer=3),
        "Each mark is one equation's largest difference from autograd; one without a mark agrees to the last bit.",
    )


def _dots(variant: str, words: str, symbol: str, size: int = 10) -> go.Scatter:
    return go.Scatter(
        name=variant,
        legendgroup=variant,
        mode="markers",
        marker={"color": theme.variant_colour(variant), "size": size, "symbol": symbol},
        hovertemplate=f"{variant}, {words}: %{{y:{theme.SHORT}}}<extra></extra>",
    )


@plot
def modes_over_steps(variants: Sequence[str]) -> LivePlot:
    """Test accuracy in eval mode, with running statistics (solid), and in train mode, with each batch's own (dashed).

    Diagnoses: solid below dashed early in a run are running statistics that lag behind the weights; dashed below solid are
    batches too small for their own statistics.
    """
    chart = theme.figure(
        "modes_over_steps",
        theme.step_axis(),
        theme.linear_axis("Test accuracy (share of right answers)", range=[0, 1.02], tickformat=".0%"),
        "solid: eval mode · dashed: train mode",
    )
    bindings: list[Binding] = []
    for variant in variants:
        for column, words, dash in (("test_accuracy", "eval mode", "solid"), ("batch_accuracy", "train mode", "dash")):
            bindings += lines.along_steps(len(chart.data), variant, column)
            chart.add_trace(theme.line(variant, f"{variant}, {words}: %{{y:.1%}}", dash))
    return LivePlot(
        "modes_over_steps",
        chart,
        tuple(bindings),
        theme.per_variant("In train mode, right on the test set", variants, NEEDS, "batch_accuracy", form="percent"),
        "The same net at the same moment, tested twice: with running statistics and with those of each test batch.",
    )


@plot
def one_among_others(variants: Sequence[str]) -> LivePlot:
    """What one test example's true class gets in 24 different batches in train mode (dots), and in eval mode (dashed).

    Diagnoses: dots that scatter are an answer that depends on the company; the line is the answer that does not.
    """
    x = theme.linear_axis("Batch that the example is put into", dtick=5, tick0=0)
    y = theme.linear_axis("Probability of its true class", range=[-0.02, 1.02], tickformat=".0%")
    chart = theme.figure("one_among_others", x, y, "dots: train mode · dashed: eval mode")
    bindings: list[Binding] = []
    for variant in variants:
        bindings += [Binding(len(chart.data), "y", "mates", variant, "layers")]
        chart.add_trace(_dots(variant, "train mode", "circle", size=8).update(x=list(range(1, 25)), hovertemplate=None))
        bindings += [Binding(len(chart.data), "y", "mates_alone", variant, "layers")]
        chart.add_trace(theme.line(variant, f"{variant}, eval mode: %{{y:.1%}}", "dash").update(x=[1, 24]))
    return LivePlot(
        "one_among_others",
        chart,
        tuple(bindings),
        theme.per_variant("Eval mode gives the example's true class", variants, NEEDS, "mates_alone", layer=0, form="percent"),
        "One example, the same net: in train mode its answer depends on the batch around it, in eval mode it does not.",
    )


@plot
def running_mean_gap(variants: Sequence[str], only: tuple[str, ...] = ()) -> LivePlot:
    """How far each layer's running mean is from the batches', in the batches' σ. only: the variants with batch norm.

    Diagnoses: a gap near 1/√m is the noise of batches of m; a larger one lags behind weights that move fast.
    """
    column = "running_mean_gap"
    return lines.by_layer(
        "running_mean_gap",
        only or variants,
        column,
        theme.log_axis("Running mean against the batch's (in σ)"),
        theme.per_variant("Layer 1's running mean is from its batches', in σ", only or variants, NEEDS, column, layer=0),
        "Each point is one layer: how far its running mean lies from a batch's mean, root mean square over units.",
        "running mean misses the batch's, in σ, by",
    )


@plot
def running_var_ratio(variants: Sequence[str], only: tuple[str, ...] = ()) -> LivePlot:
    """Each layer's running variance over the batches' own. only: the variants with batch norm.

    Diagnoses: 1 is in step; well below or above 1 lags behind weights that grow or shrink.
    """
    column = "running_var_ratio"
    return lines.by_layer(
        "running_var_ratio",
        only or variants,
        column,
        theme.log_axis("Running variance over the batch's"),
        theme.per_variant("Layer 1's running variance over its batches'", only or variants, NEEDS, column, layer=0),
        "Each point is one layer: its running variance divided by a batch's own, geometric mean over units.",
        "running variance over the batch's",
    )


@plot
def fold_difference_over_steps(variants: Sequence[str]) -> LivePlot:
    """The largest change of a logit on the test set when batch norm is folded into the weights, eval mode.

    Diagnoses: float32 rounding, around 10⁻⁶ of the logits, is no difference; a wrong formula would show at once.
    """
    return lines.over_steps(
        "fold_difference_over_steps",
        variants,
        "fold_difference",
        theme.log_axis("Largest change of a logit by folding"),
        theme.per_variant("Folding changes a logit by at most", variants, NEEDS, "fold_difference"),
        "The net in eval mode against itself with batch norm multiplied into its weights: what differs is rounding.",
    )
