"""How often each place of a region was drawn, beside how often it should have been."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from cnnviz.engine.pool_by_hand import Numbers, draws, probabilities
from cnnviz.plots import theme
from cnnviz.plots.numbers import number_text, percent_text


def told(region: Numbers, count: int, seed: int) -> str:
    """The finding in a sentence."""
    found, wanted = draws(region, count, seed), probabilities(region.ravel())
    if not wanted.any():
        return "All zeros: nothing can be drawn, and the pool gives 0."
    top = int(wanted.argmax())
    chance = f"{number_text(float(region.ravel()[top]))} has the chance {percent_text(float(wanted[top]))}"
    if not count:
        return f"Nothing drawn yet: {chance}."
    return f"{count:,} drawn: {chance} and came {percent_text(float(found[top]) / count)} of the time."


def drawn_against_expected(region: Numbers, count: int, seed: int) -> go.Figure:
    """Bars: how often each place (row, column) of the region was drawn. Marks: count · p, between two standard deviations of that
    to each side.

    Diagnoses: bars that leave the whiskers more than once in twenty times are not drawn with p.
    """
    values, chances = region.ravel(), probabilities(region.ravel())
    names = [
        f"{number_text(float(value))} at {place // region.shape[1] + 1}, {place % region.shape[1] + 1}"
        for place, value in enumerate(values)
    ]
    possible = np.flatnonzero(chances)
    shown = possible if len(possible) else np.arange(1)
    chart = theme.figure(
        "drawn_against_expected",
        theme.category_axis("Activation, at row, column"),
        theme.linear_axis("Times drawn", rangemode="tozero"),
        "bars: drawn · marks: expected ± 2 σ",
    )
    x = [names[place] for place in shown]
    found, wanted = draws(region, count, seed)[shown], count * chances[shown]
    spread = 2 * np.sqrt(count * chances[shown] * (1 - chances[shown]))
    bars = go.Bar(x=x, y=found.tolist(), marker_color=theme.KIND_COLOURS["pool"], name="drawn", width=0.5)
    chart.add_trace(bars.update(hovertemplate="drawn %{y}<extra></extra>"))
    marks = {"color": theme.VARIANT_COLOURS[0], "size": 13, "symbol": "diamond"}
    expected = go.Scatter(x=x, y=wanted.tolist(), mode="markers", marker=marks, name="expected")
    whiskers = {"type": "data", "array": spread.tolist(), "color": theme.VARIANT_COLOURS[0], "thickness": 2}
    chart.add_trace(expected.update(error_y=whiskers, hovertemplate=f"expected %{{y:{theme.SHORT}}}<extra></extra>"))
    chart.update_layout(height=330)
    if not count:
        chart.update_yaxes(range=[0, 1])
    return chart
