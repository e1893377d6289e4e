"""Curves of many small runs: what was measured at the end of each, against the setting that was swept."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.engine.experiment import rule
from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, Headline, LivePlot, Quantity, plot

WAITING = "No run has ended yet: each adds its point to the curve"
MEASURES = {
    "test_accuracy": "Test accuracy (share of right answers)",
    "accuracy": "Accuracy on the last batch",
    "test_loss": "Loss on the test set (cross-entropy, nats)",
    "loss": "Loss on the last batch (cross-entropy, nats)",
}


@plot
def sweep_curve(variants: Sequence[str], over: str = "labels", measure: str = "test_accuracy") -> LivePlot:
    """The mean over seeds at each value of the swept setting, in a band from the lowest seed to the highest.

    over, measure: the sweep's own. Diagnoses: bands that do not touch differ by more than the luck of the draw; curves that meet
    to the right say that enough of the setting makes up for the rest.
    """
    share = measure.endswith("accuracy")
    wanted = rule(over)
    title = f"{wanted.label} ({wanted.unit})" if wanted.unit else wanted.label
    x = theme.log_axis(title, dtick="D2") | {"exponentformat": "none"} if wanted.log else theme.linear_axis(title)
    if over == "batch_size":  # powers of 2, as batches come
        powers = [2**power for power in range(11)]
        x |= {"dtick": None, "tickvals": powers, "ticktext": [str(size) for size in powers]}
    y = theme.linear_axis(MEASURES[measure], tickformat=".0%") if share else theme.log_axis(MEASURES[measure])
    chart = theme.figure("sweep_curve", x, y, "line: mean of the seeds · band: lowest to highest")
    bindings: list[Binding] = []
    for variant in variants:
        first = len(chart.data)
        for edge in ("low", "high"):
            chart.add_trace(theme.band_edge(variant, filled=edge == "high"))
        chart.add_trace(_mean(variant, "%{y:.1%}" if share else f"%{{y:{theme.SHORT}}}"))
        for trace, column in enumerate(("sweep_low", "sweep_high", "sweep_mean"), first):
            bindings += [
                Binding(trace, "x", "sweep_values", variant, "layers"),
                Binding(trace, "y", column, variant, "layers"),
            ]
    return LivePlot(
        "sweep_curve",
        chart,
        tuple(bindings),
        _headline(variants, over, measure, "percent" if share else "number"),
        "Each point is the mean of several runs that differ in their seed alone; its band reaches from the worst to the best.",
    )


def _headline(variants: Sequence[str], over: str, measure: str, form: str) -> Headline:
    """What was measured at the lowest value of the swept setting."""
    label = rule(over).label
    told = ", ".join(f"{variant} {{{variant}}}" for variant in variants)
    what = MEASURES[measure].partition(" (")[0]
    quantities = {variant: Quantity(variant, "sweep_mean", layer=0, form=form) for variant in variants}
    quantities["lowest"] = Quantity(variants[0], "sweep_values", layer=0)
    return Headline(f"{what} at {label[0].lower()}{label[1:]} = {{lowest}}: {told}", quantities, WAITING)


def _mean(variant: str, number: str) -> go.Scatter:
    colour = theme.variant_colour(variant)
    place = "ABCDEF".index(variant)
    return go.Scatter(
        name=variant,
        legendgroup=variant,
        mode="lines+markers",
        line={"color": colour, "width": 2.5},
        marker={"color": colour, "size": 9, "symbol": theme.MARKERS[place]},
        hovertemplate=f"{variant}: {number}<extra></extra>",
    )
