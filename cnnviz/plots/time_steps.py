"""A recurrent net over its time steps: the gradient that reaches each, and how far its running statistics are from a batch's."""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.plots import lines, theme
from cnnviz.plots.live_plot import Headline, LivePlot, plot

NEEDS = "Needs batch norm in a recurrent net: choose the starting point “Row by row: batch norm against layer norm”."
NO_NET = "Needs a recurrent net: choose a starting point whose name begins with “Row by row”."


@plot
def gradient_by_time_step(variants: Sequence[str]) -> LivePlot:
    """‖∂loss/∂h_t‖ of each time step's state at the cursor's step, over the whole batch; at the right end of the logits.

    Diagnoses: a line that falls to the left is a net that hardly learns from the first rows.
    """
    return _by_time_step(
        "gradient_by_time_step",
        variants,
        "activation_grad_norm",
        "Gradient norm ‖∂loss/∂h‖",
        theme.per_variant(
            "Of the last state's gradient, the first one gets",
            variants,
            NO_NET,
            "activation_grad_norm",
            layer=0,
            per=-2,
            form="times",
        ),
        "Each point is the gradient at one time step's state; read it from right to left, the way it travels.",
    )


@plot
def statistics_by_time_step(variants: Sequence[str], only: tuple[str, ...] = ()) -> LivePlot:
    """How far the running mean that a time step is tested with is from that of a batch at this time step, in the batch's σ.
    only: the variants with batch norm.

    Diagnoses: a gap near 1/√m is the noise of batches of m; gaps that differ from step to step are statistics kept in one.
    """
    return _by_time_step(
        "statistics_by_time_step",
        only or variants,
        "running_mean_gap",
        "Running mean against the batch's (in σ)",
        theme.per_variant(
            "At t1 the running mean misses the batches' by, in σ",
            only or variants,
            NEEDS,
            "running_mean_gap",
            layer=0,
        ),
        "Each point is one time step: how far its running mean lies from a batch's mean, root mean square over units.",
    )


def _by_time_step(name: str, variants: Sequence[str], column: str, title: str, headline: Headline, explain: str) -> LivePlot:
    axis = theme.category_axis("Time step (image row), output layer last", tickangle=0, nticks=10)
    return lines.by_layer(name, variants, column, theme.log_axis(title), headline, explain, title, axis)
