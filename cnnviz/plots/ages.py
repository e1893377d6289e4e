"""Mini-batches of ages before and after standardisation: why a layer that sees one batch after the other wants them alike."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import plotly.graph_objects as go

from cnnviz.engine.by_hand import forward
from cnnviz.plots import theme

BATCHES = {"young": (6, 9, 13, 16, 19, 23), "middle": (31, 36, 40, 44, 49, 52), "old": (60, 66, 71, 75, 82, 90)}  # years


@lru_cache(maxsize=1)
def ages_before_and_after() -> go.Figure:
    """Three batches from young to old people: in years, standardised by all of them, and each by its own mean and spread."""
    everybody = np.array([age for batch in BATCHES.values() for age in batch], float)
    mean, spread = everybody.mean(), everybody.std()
    chart = theme.beside("ages", ("A", "B", "C"), theme.linear_axis("Age", nticks=4), theme.category_axis("Mini-batch"))
    chart.layout.annotations = []
    for row, (name, ages) in enumerate(BATCHES.items()):
        x = np.array(ages, float)
        for column, values in enumerate((x, (x - mean) / spread, forward(x, 1, 0, 0).x_hat), start=1):
            marker = {"color": theme.variant_colour("ABC"[row]), "size": 10, "symbol": theme.MARKERS[row]}
            dots = go.Scatter(x=values, y=[name] * len(values), mode="markers", marker=marker)
            dots.update(hovertemplate=f"{name}: %{{x:{theme.SHORT}}}<extra></extra>")
            chart.add_trace(dots, row=1, col=column)
    chart.update_xaxes(tickvals=[0, 40, 80], col=1)  # nearer to the edge one would touch the next area's first
    for column, name in enumerate(("years", "by all<br>people", "each by<br>itself"), start=1):
        theme.name_area(chart, name, column)
    chart.update_layout(height=260, hovermode="closest", margin={**theme.MARGIN, "t": 48, "b": 36})
    return chart
