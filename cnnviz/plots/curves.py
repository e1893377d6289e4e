"""The activation functions side by side: value and slope of each, from their formulas, before anything is trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from cnnviz.plots import theme
from cnnviz.plots.live_plot import Headline, LivePlot, plot

Numbers = NDArray[np.float64]
Z = np.linspace(-7.0, 7.0, 281)
COLUMNS = 5
VALUE, SLOPE = "#4477AA", "#EE6677"


def _sigmoid(z: Numbers) -> Numbers:
    return 1 / (1 + np.exp(-z))


def _normal_below(z: Numbers) -> Numbers:
    return np.array([(1 + math.erf(each / math.sqrt(2))) / 2 for each in z])


def _rectified(leak: float) -> Callable[[Numbers], Numbers]:
    return lambda z: np.where(z > 0, z, leak * z)


def _maxout(z: Numbers) -> Numbers:
    """The largest of three lines, as a unit might have learned them."""
    return np.max([-0.6 * z - 1.5, 0.1 * z, 1.2 * z - 2], axis=0)


CURVES: dict[str, Callable[[Numbers], Numbers]] = {
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "ReLU": _rectified(0),
    "leaky ReLU": _rectified(0.01),
    "PReLU, a = 0.25": _rectified(0.25),
    "ELU": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "GELU": lambda z: z * _normal_below(z),
    "SiLU": lambda z: z * _sigmoid(z),
    "ReLU6": lambda z: np.clip(z, 0, 6),
    "maxout, 3 pieces": _maxout,
}


def slope(curve: Callable[[Numbers], Numbers], z: Numbers) -> Numbers:
    """The derivative, by central differences."""
    step = 1e-4
    return (curve(z + step) - curve(z - step)) / (2 * step)


@plot
def activation_gallery(variants: Sequence[str]) -> LivePlot:
    """Value and slope of ten activation functions over the same range of z; it waits for no run.

    Diagnoses: where a slope is 0 or near it, no gradient passes; where it is 1, all of it does.
    """
    rows = math.ceil(len(CURVES) / COLUMNS)
    chart = make_subplots(rows=rows, cols=COLUMNS, subplot_titles=list(CURVES), horizontal_spacing=0.03, vertical_spacing=0.2)
    theme.dressed(chart, "activation_gallery")
    chart.update_xaxes(**theme.linear_axis("", nticks=5)).update_yaxes(**theme.linear_axis("", range=[-1.4, 3.2], nticks=5))
    chart.update_xaxes(title_text="Input z", row=rows).update_yaxes(title_text="Value, slope", col=1)
    chart.update_annotations(font_size=theme.FONT_SIZE)
    for place, curve in enumerate(CURVES.values()):
        row, column = divmod(place, COLUMNS)
        for name, heights, colour, dash in (("value", curve(Z), VALUE, "solid"), ("slope", slope(curve, Z), SLOPE, "dot")):
            line = go.Scatter(
                name=name,
                x=Z.tolist(),
                y=np.round(heights, 4).tolist(),
                mode="lines",
                line={"color": colour, "width": 2.5, "dash": dash},
                hovertemplate=f"{name} %{{y:{theme.SHORT}}}<extra></extra>",
            )
            chart.add_trace(line, row=row + 1, col=column + 1)
    words = "Solid: the value f(z). Dotted: its slope f′(z), which every gradient is multiplied by"
    explain = "Ten activation functions (solid) over the same inputs, with their slopes (dotted)."
    return LivePlot("activation_gallery", chart, (), Headline(words, {}, words), explain)
