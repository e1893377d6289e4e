"""What a whole run comes to in one number, as lesson 330 compares them."""

from __future__ import annotations

import math

import numpy as np

from cnnviz.engine.records import Array, Recording

LAYER = 2  # the third: the one that the lecture asks about


def middle(recording: Recording, column: str) -> float:
    """Median of a column over the run after its first fifth; of a per-layer one, of layer 3."""
    values: Array = recording.column(column).astype(float)
    values = values[len(values) // 5 :]
    return float(np.nanmedian(values[:, LAYER] if values.ndim > 1 else values))


def mean_loss(recording: Recording) -> float:
    """Mean loss of the run's steps, on a straight line between snapshots; infinite where it diverged."""
    if recording.diverged_at is not None:
        return math.inf
    steps = recording.steps_of("loss")
    every_step = np.arange(steps[0], steps[-1] + 1)
    return float(np.interp(every_step, steps, recording.column("loss").astype(float)).mean())
