"""Loss and accuracy over the run: does the net learn at all, and does what it learned hold on examples it never saw?"""

from __future__ import annotations

import math
from collections.abc import Sequence

from cnnviz.plots import lines, theme
from cnnviz.plots.live_plot import Binding, LivePlot, plot
from cnnviz.plots.numbers import number_text

NEEDS = "Needs a run that trains: press Train."


@plot
def loss_over_steps(variants: Sequence[str], classes: int | None = None) -> LivePlot:
    """Cross-entropy of each step's batch. classes: draws the loss of guessing, ln(classes), as a line.

    Diagnoses: a flat line at the level of guessing has learned nothing; a rise to the right diverges.
    """
    chart = theme.figure(
        "loss_over_steps", theme.step_axis(), theme.log_axis("Loss on the batch (cross-entropy, nats)", nticks=5)
    )
    bindings: list[Binding] = []
    for trace, variant in enumerate(variants):
        chart.add_trace(theme.line(variant, f"{variant}: loss %{{y:{theme.SHORT}}}", width=2))
        bindings += lines.along_steps(trace, variant, "loss")
    bindings += lines.divergence_marks(chart, variants)
    if classes is not None:
        theme.level(chart, math.log(classes), f"guessing among {classes}: ln {classes} = {number_text(math.log(classes))}")
    return LivePlot(
        "loss_over_steps",
        chart,
        tuple(bindings),
        theme.per_variant("Loss at this step", variants, NEEDS, "loss"),
        "The loss of each step's batch: it falls where the net learns and stays level where training stagnates.",
    )


@plot
def accuracy_over_steps(variants: Sequence[str]) -> LivePlot:
    """Share of right answers: on each step's batch (thin) and on the test set (thick, with markers).

    Diagnoses: no better than chance has learned nothing; batches well above the test set overfit.
    """
    chart = theme.figure(
        "accuracy_over_steps",
        theme.step_axis(),
        theme.linear_axis("Accuracy (share of right answers)", range=[0, 1.02], tickformat=".0%"),
        "thin: training batch · thick: test set",
    )
    bindings: list[Binding] = []
    for variant in variants:
        batch, test = len(chart.data), len(chart.data) + 1
        thin = theme.line(variant, f"{variant}, batch: %{{y:.1%}}", width=1)
        chart.add_trace(thin.update(opacity=0.45, showlegend=False))
        chart.add_trace(
            theme.line(variant, f"{variant}, test set: %{{y:.1%}}", width=3).update(mode="lines+markers", marker_size=7)
        )
        bindings += lines.along_steps(batch, variant, "accuracy") + lines.along_steps(test, variant, "test_accuracy")
    bindings += lines.divergence_marks(chart, variants)
    return LivePlot(
        "accuracy_over_steps",
        chart,
        tuple(bindings),
        theme.per_variant("Test accuracy at this step", variants, NEEDS, "test_accuracy", form="percent"),
        "How often the net is right, on its own training batches and on a test set that it never learns from.",
    )
