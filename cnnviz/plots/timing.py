"""Forward passes of published networks on this machine: how long each took, and what is typical."""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.plots import theme
from cnnviz.plots.lines import along_steps
from cnnviz.plots.live_plot import Binding, Headline, LivePlot, Quantity, plot


@plot
def pass_times(variants: Sequence[str]) -> LivePlot:
    """A mark a pass, the median so far as a line, the middle half as a band; an open mark for the first pass of all.

    Diagnoses: marks far above the line are other work on the machine; a median that still moves asks for more passes.
    """
    chart = theme.figure(
        "pass_times",
        theme.linear_axis("Pass (0: the first of all)", nticks=6, tickangle=0),
        theme.linear_axis("Time of a pass, ms", rangemode="tozero"),
        "marks: passes · line: median · band: middle half",
    )
    bindings: list[Binding] = []
    for place, variant in enumerate(variants):
        for upper, column in ((False, "low"), (True, "high")):
            bindings += along_steps(len(chart.data), variant, column)
            chart.add_trace(theme.band_edge(variant, filled=upper))
        bindings += along_steps(len(chart.data), variant, "median")
        chart.add_trace(theme.line(variant, f"{variant}: median %{{y:{theme.SHORT}}} ms"))
        for column, symbol in (("pass_time", ""), ("first_pass", "-open")):
            bindings += along_steps(len(chart.data), variant, column)
            marks = theme.marked_line(variant, place, f"{variant}: %{{y:{theme.SHORT}}} ms")
            shape = f"{theme.MARKERS[place % len(theme.MARKERS)]}{symbol}"
            chart.add_trace(marks.update(mode="markers", showlegend=False, marker_symbol=shape))
    told = ", ".join(f"{v} {{{v}}} ms, {{{v}_rate}} thousand million multiply-adds a second" for v in variants)
    quantities = {v: Quantity(v, "median", at="last") for v in variants}
    quantities |= {f"{v}_rate": Quantity(v, "gigamacs_per_second", at="last") for v in variants}
    headline = Headline(f"Median of a pass: {told}", quantities, "Needs a timed pass: each is drawn as it ends.")
    explain = "How long each forward pass took, in its order; the open mark is the first, which still finds memory and kernels."
    return LivePlot("pass_times", chart, tuple(bindings), headline, explain)
