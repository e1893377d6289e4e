"""The cloud of an image's colours in the space of red, green and blue, with its main axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cnnviz.plots import theme

Numbers = NDArray[Any]

DRAWN = 1_500  # points at most
REACH = 2.0  # standard deviations that an axis is drawn to each side
DASHES = ("solid", "dash", "dot")
CHANNELS = ("Red", "Green", "Blue")


def rgb_cloud(name: str, image: Numbers, values: Numbers, vectors: Numbers, moved: Numbers | None = None) -> go.Figure:
    """Each pixel of an image (3, H, W) as a point of its own colour, and the axes p through the middle, 2 √λ to each side.

    values, vectors: λ (3,) and p (3, 3), a column each. moved: what fancy PCA adds to every pixel, (3,), drawn as an arrow.
    Diagnoses: a long thin cloud is an image whose colours differ in brightness most of all; fancy PCA moves the whole of it,
    along the long axis above all, and changes no distance within it.
    """
    points = image.reshape(3, -1)
    points = points[:, :: max(1, points.shape[1] // DRAWN) | 1]
    chart = theme.solid(name, CHANNELS)
    colours = [f"rgb({r},{g},{b})" for r, g, b in (255 * points.clip(0, 1)).round().astype(int).T.tolist()]
    chart.add_trace(_dots(points, colours))
    middle = image.reshape(3, -1).mean(1)
    for number, (value, vector) in enumerate(zip(values, vectors.T, strict=True), start=1):
        chart.add_trace(_axis(middle, REACH * float(np.sqrt(value)) * vector, number))
    if moved is not None:
        chart.add_trace(_arrow(middle - moved, middle))
    return chart


def _dots(points: Numbers, colours: list[str]) -> dict[str, Any]:
    """A trace as plain data: Plotly reads each colour anew for each object that holds it, at 20 µs a time."""
    x, y, z = points.tolist()
    return {
        "type": "scatter3d",
        "x": x,
        "y": y,
        "z": z,
        "mode": "markers",
        "marker": {"size": 2.5, "color": colours},
        "hovertemplate": "red %{x:.2f}, green %{y:.2f}, blue %{z:.2f}<extra></extra>",
    }


def _axis(middle: Numbers, half: Numbers, number: int) -> go.Scatter3d:
    x, y, z = np.stack([middle - half, middle + half], 1).tolist()
    return go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="lines+text",
        line={"color": theme.NEUTRAL, "width": 6, "dash": DASHES[number - 1]},
        text=["", f"p<sub>{number}</sub>"],
        textfont={"size": theme.FONT_SIZE + 1},
        hoverinfo="skip",
    )


def _arrow(start: Numbers, end: Numbers) -> go.Scatter3d:
    x, y, z = np.stack([start, end], 1).tolist()
    return go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="lines+markers",
        line={"color": theme.variant_colour("B"), "width": 8},
        marker={"size": [3, 7], "color": theme.variant_colour("B")},
        hovertemplate="the middle, before and after<extra></extra>",
    )
