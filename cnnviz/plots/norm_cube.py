"""The (N, C, H·W) cube, opened into its N slices: which values share a mean and a variance with the one that is picked."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cnnviz.plots import theme

EXAMPLES, CHANNELS, POSITIONS = 4, 6, 4
SHAPE = (EXAMPLES, CHANNELS, POSITIONS)
LIT, PICKED, DIM = theme.KIND_COLOURS["norm"], theme.KIND_COLOURS["activation"], "rgba(136,136,136,0.22)"
Cell = tuple[int, int, int]


def normalised_with(norm: str, cell: Cell, groups: int = 1) -> NDArray[np.bool_]:
    """(N, C, H·W): which values the mean runs over that is subtracted from `cell`; the cell alone where nothing is normalised.

    norm: "none", "batch", "layer", "instance" or "group", with `groups` groups of neighbouring channels.
    """
    example, channel, position = cell
    n, c, p = np.indices(SHAPE)
    size = CHANNELS // groups
    return {
        "none": (n == example) & (c == channel) & (p == position),
        "batch": c == channel,
        "layer": n == example,
        "instance": (n == example) & (c == channel),
        "group": (n == example) & (c // size == channel // size),
    }[norm]


def told(norm: str, cell: Cell, groups: int = 1) -> str:
    """The set in a sentence, with its size."""
    count = int(normalised_with(norm, cell, groups).sum())
    example, channel, _position = (place + 1 for place in cell)
    size = CHANNELS // groups
    first = (channel - 1) // size * size + 1
    return {
        "none": "Nothing is normalised: the value stays as it is.",
        "batch": f"Batch norm: the {count} values of channel {channel} in all {EXAMPLES} examples share one mean and variance.",
        "layer": f"Layer norm: the {count} values of example {example} in all {CHANNELS} channels share one mean and variance.",
        "instance": f"Instance norm: the {count} values of channel {channel} of example {example} share one mean and variance.",
        "group": f"Group norm: the {count} values of example {example} in channels {first} to {first + size - 1} share one mean "
        "and variance.",
    }[norm]


def norm_cube(norm: str, cell: Cell, groups: int = 1, small: bool = False) -> go.Figure:
    """A square a value, in memory order, so that point number i is the value np.unravel_index(i, SHAPE); slices side by side.
    small: for several beside each other, without the axes' words.

    Diagnoses: a lit column through every slice depends on the batch; a set within one slice does not, whatever its size.
    """
    lit = normalised_with(norm, cell, groups)
    n, c, p = (places.ravel() for places in np.indices(SHAPE))
    colours = np.where(lit.ravel(), LIT, DIM)
    colours[np.ravel_multi_index(cell, SHAPE)] = PICKED
    symbols = np.where(lit.ravel(), "square", "square-open")
    chart = theme.figure(
        "norm_cube",
        theme.linear_axis(
            "" if small else "Positions H·W, example by example (N)",
            tickvals=[slice_ * (POSITIONS + 1) + (POSITIONS - 1) / 2 for slice_ in range(EXAMPLES)],
            ticktext=[f"N = {number + 1}" for number in range(EXAMPLES)],
            showgrid=False,
        ),
        theme.linear_axis(
            "C" if small else "Channel C",
            tickvals=list(range(CHANNELS)),
            ticktext=[str(number + 1) for number in range(CHANNELS)],
            autorange="reversed",
            showgrid=False,
        ),
    )
    chart.add_trace(
        go.Scatter(
            x=(n * (POSITIONS + 1) + p).tolist(),
            y=c.tolist(),
            mode="markers",
            marker={
                "color": colours.tolist(),
                "symbol": symbols.tolist(),
                "size": 7 if small else 15,
                "line": {"width": 1.5, "color": theme.NEUTRAL},
            },
            text=[f"example {i + 1}, channel {j + 1}, position {k + 1}" for i, j, k in zip(n, c, p, strict=True)],
            hovertemplate="%{text}<extra></extra>",
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
            showlegend=False,
        )
    )
    chart.update_layout(height=190 if small else 330, hovermode="closest", dragmode=False, clickmode="event+select")
    return chart
