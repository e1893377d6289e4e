"""Label smoothing before anything is trained: targets of both forms, and the loss as the true logit moves ahead of the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cnnviz.engine.targets import gap, target
from cnnviz.plots import theme
from cnnviz.plots.numbers import number_text

Numbers = NDArray[np.float64]
FORMS = {"others": ("lecture", "#4477AA"), "all": ("PyTorch", "#EE6677")}
GAPS = np.linspace(-2.0, 14.0, 161)  # nats


def softmax_ahead(ahead: Numbers | float, classes: int) -> tuple[Numbers, Numbers]:
    """Probabilities of the true class and of each other, where the true logit is so far ahead of others that are all equal."""
    rest = np.exp(-np.asarray(ahead, float))
    return 1 / (1 + (classes - 1) * rest), rest / (1 + (classes - 1) * rest)


def loss_ahead(ahead: Numbers | float, epsilon: float, over: str, classes: int) -> Numbers:
    """Cross-entropy, nats, of such logits against the target."""
    true, other = softmax_ahead(ahead, classes)
    asked, rest = target(epsilon, over, classes)
    return np.asarray(-asked * np.log(true) - (classes - 1) * rest * np.log(other))


def targets_by_class(epsilon: float, classes: int) -> go.Figure:
    """Each form's target by class (bars), and the softmax of the logits that meet it (marks).

    Diagnoses: marks on their bars are targets that can be met; hard ones have no marks.
    """
    x = theme.linear_axis("Class (1 is the true one)", tickvals=[1, *range(5, classes + 1, 5)], showgrid=False)
    chart = theme.figure("targets_by_class", x, theme.linear_axis("What it is to get", range=[0, 1.02], tickformat=".0%"))
    numbers = list(range(1, classes + 1))
    for over, (words, colour) in FORMS.items():
        true, other = target(epsilon, over, classes)
        where = {"x": numbers, "offsetgroup": over, "name": words, "legendgroup": over}
        bars = go.Bar(y=[true, *[other] * (classes - 1)], marker_color=colour, **where)
        chart.add_trace(bars.update(hovertemplate=f"class %{{x}}: %{{y:{theme.SHORT}}}<extra>{words}</extra>"))
        if epsilon:
            met, rest = (float(p) for p in softmax_ahead(gap(epsilon, over, classes), classes))
            marks = go.Scatter(y=[met, *[rest] * (classes - 1)], mode="markers", showlegend=False, **where)
            marks.update(
                marker=_mark(colour, 7), hovertemplate=f"softmax of the best logits: %{{y:{theme.SHORT}}}<extra></extra>"
            )
            chart.add_trace(marks)
    return _small(chart).update_layout(barmode="group", scattermode="group")


def loss_by_gap(epsilon: float, classes: int) -> go.Figure:
    """The loss against the gap between the true logit and the others, hard and smoothed, with its lowest point.

    Diagnoses: the hard curve falls for ever, the others turn; the larger ε, the earlier.
    """
    x = theme.linear_axis("True logit less the others (nats)", range=[GAPS[0], GAPS[-1]])
    chart = theme.figure("loss_by_gap", x, theme.linear_axis("Loss (cross-entropy, nats)", range=[0, 4]))
    hard = go.Scatter(name="hard", x=GAPS, y=loss_ahead(GAPS, 0.0, "all", classes), line={"color": theme.NEUTRAL, "width": 2})
    chart.add_trace(hard.update(mode="lines", hovertemplate=f"hard: %{{y:{theme.SHORT}}}<extra></extra>"))
    for over, (words, colour) in FORMS.items():
        line = go.Scatter(x=GAPS, y=loss_ahead(GAPS, epsilon, over, classes), mode="lines", line={"color": colour, "width": 2.5})
        chart.add_trace(line.update(name=words, hovertemplate=f"{words}: %{{y:{theme.SHORT}}}<extra></extra>"))
        if epsilon:
            best = gap(epsilon, over, classes)
            lowest = go.Scatter(x=[best], y=[float(loss_ahead(best, epsilon, over, classes))], mode="markers", showlegend=False)
            told = f"{words}: lowest at a gap of {number_text(best)}<extra></extra>"
            chart.add_trace(lowest.update(marker=_mark(colour, 11), hovertemplate=told))
    return _small(chart)


def _small(chart: go.Figure) -> go.Figure:
    below = {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.24, "yanchor": "top"}
    return chart.update_layout(height=350, hovermode="closest", showlegend=True, legend=below, margin_b=96)


def _mark(colour: str, size: float) -> dict[str, Any]:
    return {"color": colour, "size": size, "symbol": "diamond", "line": {"color": "#FFFFFF", "width": 1}}


def told(epsilon: float, classes: int) -> str:
    """Both gaps in a sentence, with the ε that makes the forms agree."""
    if not epsilon:
        return "ε = 0: hard targets. No finite gap meets them, and the loss falls for as long as the gap grows."
    gaps = [number_text(gap(epsilon, over, classes)) for over in FORMS]
    return (
        f"The loss is lowest where the true logit is {gaps[0]} nats ahead (lecture) or {gaps[1]} (PyTorch). The lecture’s "
        f"ε = {number_text(epsilon)} is PyTorch’s ε = {number_text(epsilon * classes / (classes - 1))}."
    )
