"""Masks on one layer's weights: what dropout of units leaves of them, and what DropConnect leaves.

After L. Wan, M. Zeiler, S. Zhang, Y. LeCun, R. Fergus 2013, ICML, their figure of both masks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cnnviz.plots import theme
from cnnviz.plots.numbers import number_text, percent_text

Mask = NDArray[np.bool_]

OUTPUTS, INPUTS = 12, 16  # rows and columns of W
WEIGHTS = OUTPUTS * INPUTS
DRAWS = 1_000  # that shares are told of
KEPT, DROPPED = "#4477AA", "rgba(136,136,136,0.22)"


@dataclass(frozen=True)
class Masks:
    """One draw: inputs (16,) and outputs (12,) that dropout keeps, and weights (12, 16) that DropConnect keeps; or a stack of
    draws, along a first axis."""

    inputs: Mask
    outputs: Mask
    weights: Mask

    @property
    def effective(self) -> Mask:
        """Dropout's mask on the weights (12, 16): a weight stays where both its ends do."""
        return self.outputs[..., :, None] & self.inputs[..., None, :]


def draw(keep: float, seed: int, outputs_too: bool = False) -> Masks:
    """Masks of the draw with this seed. A coin is a number from 0 to 1 that stays below keep, so that a larger keep only adds."""
    return _thrown(keep, np.random.default_rng(seed).random(INPUTS + OUTPUTS + WEIGHTS), outputs_too)


def draws(keep: float, outputs_too: bool = False, seed: int = 0) -> Masks:
    """A thousand draws, stacked."""
    return _thrown(keep, np.random.default_rng(seed).random((DRAWS, INPUTS + OUTPUTS + WEIGHTS)), outputs_too)


def _thrown(keep: float, coins: NDArray[np.float64], outputs_too: bool) -> Masks:
    kept = coins < keep
    inputs, outputs, weights = np.split(kept, [INPUTS, INPUTS + OUTPUTS], axis=-1)
    return Masks(inputs, outputs if outputs_too else np.ones_like(outputs), weights.reshape(*coins.shape[:-1], OUTPUTS, INPUTS))


def mask_on_weights(mask: Mask, title: str) -> go.Figure:
    """A mask (outputs, inputs) on W: a square a weight, dark where it is kept.

    Diagnoses: empty columns or rows are units that were dropped with all their weights; holes in no order are weights that were
    dropped one by one.
    """
    bare = {"showgrid": False, "ticks": "", "constrain": "domain"}
    x = theme.linear_axis("Input (column of W)", tickvals=[1, 4, 8, 12, 16], **bare)
    y = theme.linear_axis(
        "Output (row of W)", tickvals=[1, 4, 8, 12], autorange="reversed", scaleanchor="x", **bare, constraintoward="top"
    )
    chart = theme.figure("mask_on_weights", x, y)
    squares = go.Heatmap(
        z=mask.astype(int),
        x=np.arange(1, mask.shape[1] + 1),
        y=np.arange(1, mask.shape[0] + 1),
        customdata=np.where(mask, "kept", "dropped"),
        colorscale=[[0, DROPPED], [1, KEPT]],
        zmin=0,
        zmax=1,
        xgap=1,
        ygap=1,
        showscale=False,
        hovertemplate="from input %{x} to output %{y}: %{customdata}<extra></extra>",
    )
    chart.add_trace(squares)
    heading = {"text": title, "automargin": False, "y": 0.99, "yanchor": "top"}
    return chart.update_layout(title=heading, height=232, hovermode="closest", margin={"l": 56, "r": 8, "t": 34, "b": 50})


def told(masks: Masks, keep: float, outputs_too: bool = False) -> str:
    """One draw's counts in a sentence."""
    units = f"{masks.inputs.sum()} of {INPUTS} inputs"
    if outputs_too:
        units += f" and {masks.outputs.sum()} of {OUTPUTS} outputs"
    return (
        f"q = {number_text(keep)}. Dropout: {units} kept, so {masks.effective.sum()} of {WEIGHTS} weights. "
        f"DropConnect: {masks.weights.sum()} of {WEIGHTS} weights, each drawn by itself."
    )


def gone_whole(mask: Mask) -> str:
    """How many columns and rows of a mask are empty, in words."""
    columns, rows = ((~mask.any(axis)).sum() for axis in (0, 1))
    return f"{columns} of {INPUTS} columns and {rows} of {OUTPUTS} rows are gone whole"


def shares_told(keep: float, outputs_too: bool = False) -> str:
    """How much of the weights a thousand draws keep, on average, and how far a draw is from that."""
    masks = draws(keep, outputs_too)
    found = [mask.mean((1, 2)) for mask in (masks.effective, masks.weights)]
    told = [f"{percent_text(float(share.mean()))} ± {number_text(100 * float(share.std()))} points" for share in found]
    return f"Weights kept in {DRAWS:,} draws, mean ± standard deviation: dropout {told[0]}, DropConnect {told[1]}."
