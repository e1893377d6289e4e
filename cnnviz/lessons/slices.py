"""Slices through the loss surface, for any lesson: which run gives one, and what is claimed of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cnnviz.engine.experiment import Experiment, Measure, replace
from cnnviz.engine.records import Recording
from cnnviz.lessons import Measured
from cnnviz.plots.numbers import percent_text

Recordings = Mapping[str, Recording]

MEASURED = Measure(snapshots=40, histograms=0, evaluations=6)
WIDER = 1.5  # times the share of the plane: what counts as a wider valley
ALIKE = 1.25


def sliced(experiment: Experiment, **settings: Any) -> Experiment:
    """The same training, measured less, with a slice through the loss surface after it; settings: of the slice, by flat name."""
    return replace(dataclasses.replace(experiment, measure=MEASURED), surface=True, **settings)


def batch_norm_widens(recordings: Recordings) -> Measured | None:
    """The shares of the plane that beat guessing, without and with batch norm, which uses the examples' own statistics."""
    return _compared(recordings, "batch", lambda plain, normed: normed >= WIDER * plain)


def frozen_statistics_do_not(recordings: Recordings) -> Measured | None:
    """The same with running statistics, which stay as training left them."""
    return _compared(recordings, "running", lambda plain, normed: normed <= ALIKE * plain)


def _compared(recordings: Recordings, statistics: str, holds: Callable[[float, float], bool]) -> Measured | None:
    shares = {}
    for norm in ("none", "batch"):
        found = next((letter for letter, it in recordings.items() if it.experiment.net.norm == norm and _complete(it)), None)
        if found is None or recordings[found].experiment.surface.surface_statistics != statistics:
            return None
        shares[found] = float(recordings[found].column("surface_better")[-1])
    (a, plain), (b, normed) = shares.items()
    points = next(iter(recordings.values())).experiment.surface.evaluations
    sentence = (
        f"Of the plane's {points:,} points, {a} beats guessing at {percent_text(plain)}, {b}, with batch norm, at "
        f"{percent_text(normed)}."
    )
    return Measured(holds(plain, normed), sentence)


def _complete(recording: Recording) -> bool:
    """Whether every point of a plane has been measured, over classes."""
    if "surface_plane" not in recording.names or np.isnan(recording.column("surface_better")[-1]):
        return False
    return not np.isnan(recording.column("surface_plane")[-1]).any()
