"""Label smoothing before anything is trained: targets of both forms, and the loss as the true logit moves ahead of the others."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

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


def targets_and_losses(epsilon: float, classes: int) -> go.Figure:
    """Left: each form's target by class (bars), and the softmax of the logits that meet it (marks). Right: the loss against the
    gap between the true logit and the others, hard and smoothed, with its lowest point.

    Diagnoses: the hard curve falls for ever, the others turn; the larger ε, the earlier.
    """
    chart = make_subplots(
        rows=1, cols=2, horizontal_spacing=0.13, subplot_titles=("What each class is to get", "What a gap costs")
    )
    theme.dressed(chart, "targets_and_losses")
    chart.update_xaxes(**theme.linear_axis("Class (1 is the true one)", dtick=1 if classes <= 10 else 2), col=1)
    chart.update_yaxes(**theme.linear_axis("Probability", range=[0, 1.02], tickformat=".0%"), col=1)
    chart.update_xaxes(**theme.linear_axis("True logit less the others (nats)", range=[GAPS[0], GAPS[-1]]), col=2)
    chart.update_yaxes(**theme.linear_axis("Loss (cross-entropy, nats)", range=[0, 4]), col=2)
    hard = go.Scatter(name="hard", x=GAPS, y=loss_ahead(GAPS, 0.0, "all", classes), line={"color": theme.NEUTRAL, "width": 2})
    chart.add_trace(hard.update(mode="lines", hovertemplate=f"hard: %{{y:{theme.SHORT}}}<extra></extra>"), row=1, col=2)
    for over, (words, colour) in FORMS.items():
        _form(chart, epsilon, over, classes, words, colour)
    chart.update_layout(
        height=380, barmode="group", scattermode="group", hovermode="closest", showlegend=True,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.22, "yanchor": "top"}, margin_b=96,
    )  # fmt: skip
    return chart


def _form(chart: go.Figure, epsilon: float, over: str, classes: int, words: str, colour: str) -> None:
    numbers = list(range(1, classes + 1))
    true, other = target(epsilon, over, classes)
    bars = go.Bar(x=numbers, y=[true, *[other] * (classes - 1)], marker_color=colour, name=words, offsetgroup=over)
    chart.add_trace(bars.update(hovertemplate=f"class %{{x}}: %{{y:{theme.SHORT}}}<extra>{words}</extra>"), row=1, col=1)
    line = go.Scatter(x=GAPS, y=loss_ahead(GAPS, epsilon, over, classes), mode="lines", line={"color": colour, "width": 2.5})
    line.update(name=words, showlegend=False, hovertemplate=f"{words}: %{{y:{theme.SHORT}}}<extra></extra>")
    chart.add_trace(line, row=1, col=2)
    if not epsilon:
        return
    best = gap(epsilon, over, classes)
    met, rest = (float(p) for p in softmax_ahead(best, classes))
    marks = go.Scatter(x=numbers, y=[met, *[rest] * (classes - 1)], mode="markers", offsetgroup=over, showlegend=False)
    marks.update(marker={"color": colour, "size": 9, "symbol": "diamond", "line": {"color": "#FFFFFF", "width": 1.5}})
    chart.add_trace(marks.update(hovertemplate=f"softmax of the best logits: %{{y:{theme.SHORT}}}<extra></extra>"), row=1, col=1)
    lowest = go.Scatter(x=[best], y=[float(loss_ahead(best, epsilon, over, classes))], mode="markers", showlegend=False)
    lowest.update(marker={"color": colour, "size": 11, "symbol": "diamond", "line": {"color": "#FFFFFF", "width": 1.5}})
    told = f"{words}: lowest at a gap of {number_text(best)}<extra></extra>"
    chart.add_trace(lowest.update(hovertemplate=told), row=1, col=2)


def told(epsilon: float, classes: int) -> str:
    """Both gaps in a sentence, with the ε that makes the forms agree."""
    if not epsilon:
        return "ε = 0: hard targets. No finite gap meets them, and the loss falls for as long as the gap grows."
    gaps = [number_text(gap(epsilon, over, classes)) for over in FORMS]
    return (
        f"The loss is lowest where the true logit is {gaps[0]} nats ahead (lecture) or {gaps[1]} (PyTorch). The lecture’s "
        f"ε = {number_text(epsilon)} is PyTorch’s ε = {number_text(epsilon * classes / (classes - 1))}."
    )
