"""Curves of many small runs: what was measured at the end of each, against the setting that was swept."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.engine.experiment import rule
from cnnviz.plots import theme
from cnnviz.plots.live_plot import Binding, Headline, LivePlot, Quantity, plot
from cnnviz.plots.numbers import number_text

NEEDS = "Needs runs that have ended: each adds its point."

MEASURES = {
    "test_accuracy": "Test accuracy (share of right answers)",
    "accuracy": "Accuracy on the last batch",
    "test_loss": "Loss on the test set (cross-entropy, nats)",
    "loss": "Loss on the last batch (cross-entropy, nats)",
    "ece": "Expected calibration error on the test set",
    "loss_gap": "Loss gap, test less training (nats)",
    "accuracy_gap": "Accuracy gap, training less test",
}


@plot
def sweep_curve(variants: Sequence[str], over: str = "labels", measure: str = "test_accuracy") -> LivePlot:
    """The mean over seeds at each value of the swept setting, in a band from the lowest seed to the highest.

    over, measure: the sweep's own. Diagnoses: bands that do not touch differ by more than the luck of the draw; curves that meet
    to the right say that enough of the setting makes up for the rest.
    """
    share = measure.endswith("accuracy") or measure in ("ece", "accuracy_gap")
    wanted = rule(over)
    title = f"{wanted.label} ({wanted.unit})" if wanted.unit else wanted.label
    x = theme.log_axis(title) if wanted.log else theme.linear_axis(title)
    if over == "batch_size":  # powers of 2, as batches come
        powers = [2**power for power in range(11)]
        x |= {"tickvals": powers, "ticktext": [str(size) for size in powers]}
    axis = theme.linear_axis if measure.endswith("gap") else theme.log_axis
    y = theme.linear_axis(MEASURES[measure], tickformat=".0%") if share else axis(MEASURES[measure])
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


@plot
def sweep_map(
    variants: Sequence[str],
    over: str = "lr",
    across: str = "init_scale",
    columns: tuple[float, ...] = (0.01, 0.1, 1.0),
    rows: tuple[float, ...] = (0.5, 2.0),
) -> LivePlot:
    """Test accuracy over two settings, a cell for each pair of values, one map a variant on the same colours.

    over, across, columns, rows: the sweep's own. Diagnoses: a narrow bright band must be hit by tuning both settings together; a
    wide bright field forgives; × is a run whose loss became infinite or NaN.
    """
    x, y = (theme.category_axis(_title(name)) for name in (over, across))
    chart = theme.beside("sweep_map", variants, x | {"tickangle": -90}, y)
    names = {"x": [number_text(value) for value in columns], "y": [number_text(value) for value in rows]}
    bindings: list[Binding] = []
    for place, variant in enumerate(variants, start=1):
        where = f"{variant}, {rule(over).label.lower()} %{{x}}, {rule(across).label.lower()} %{{y}}"
        for column, told, written in (("sweep_map", "%{z:.1%}", "%{z:.0%}"), ("sweep_lost", "diverged", "%{text}")):
            bindings += [Binding(len(chart.data), "z", column, variant, "matrix")]
            drawn = go.Heatmap(name=variant, coloraxis="coloraxis", **names)
            drawn.update(texttemplate=written, xgap=1, ygap=1, hovertemplate=f"{where}: {told}<extra></extra>")
            chart.add_trace(drawn, row=1, col=place)
        bindings += [Binding(len(chart.data) - 1, "text", "sweep_lost", variant, "crosses")]
    chart.update_layout(coloraxis=theme.shares("Test accuracy (× diverged)"), hovermode="closest", margin_b=150)
    chart.layout.annotations[0].yshift = -48  # below the upright ticks
    headline = theme.per_variant(
        "Of the runs so far, right on more than half of the test set", variants, NEEDS, "sweep_learned", form="percent"
    )
    explain = "Each cell is one small run of its own, coloured by how often it is right on the test set at its end."
    return LivePlot("sweep_map", chart, tuple(bindings), headline, explain)


def _title(name: str) -> str:
    return f"{rule(name).label} (× the scheme’s)" if name == "init_scale" else rule(name).label


def _headline(variants: Sequence[str], over: str, measure: str, form: str) -> Headline:
    """What was measured at the lowest value of the swept setting."""
    label = rule(over).label
    told = ", ".join(f"{variant} {{{variant}}}" for variant in variants)
    what = MEASURES[measure].partition(" (")[0]
    quantities = {variant: Quantity(variant, "sweep_mean", layer=0, form=form) for variant in variants}
    quantities["lowest"] = Quantity(variants[0], "sweep_values", layer=0)
    return Headline(f"{what}: {told} at {label[0].lower()}{label[1:]} = {{lowest}}", quantities, NEEDS)


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
