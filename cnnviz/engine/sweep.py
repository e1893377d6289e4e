"""Sweeps: one setting over several values, each with several seeds, recorded as a curve that grows run by run; two, as a map.

A sweep's recording has a snapshot for each run that has ended. Its layers are the values, in words; its columns, one number a
value: sweep_values; sweep_mean, sweep_low and sweep_high over the seeds so far, NaN where there is none; sweep_count, how many.
sweep_cells has every run's own number: (values, seeds).

With a second setting across: sweep_values and sweep_across_values; sweep_map (values across, values), the mean over the seeds so
far; sweep_lost, 0 where every run so far diverged, else NaN; sweep_learned, the share of the runs so far that are right on more
than half of the examples, where that is measured; sweep_cells (values across, values, seeds).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.engine.control import Control
from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.plots.numbers import number_text


@dataclass
class Within:
    """The control of one run of a sweep: it pauses and is cancelled with the whole, but ends on its own."""

    whole: Control
    lr: float | None = None
    stop_at: int | None = None
    looking: bool = False  # a run of a sweep is one point, whose inside nobody sees

    def poll(self) -> None:
        self.whole.poll()


TrainCell = Callable[[Mapping[str, Experiment], Within], Iterator[tuple[str, Snapshot]]]


@dataclass
class Curve:
    """One variant's numbers so far: (values, seeds), NaN where a run has not ended, or diverged."""

    experiment: Experiment
    cells: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        sweep = self.experiment.sweep
        self.cells = np.full((len(sweep.sweep_values), sweep.sweep_seeds), np.nan, np.float32)

    def recording(self, about: Mapping[str, Any]) -> Recording:
        """An empty one."""
        sweep = self.experiment.sweep
        names = tuple(number_text(value) for value in sweep.sweep_values)
        return Recording(self.experiment, names, {**about, "sweep_over": sweep.sweep_over})

    def add(self, number: int, measured: Mapping[str, Any]) -> None:
        """Take in what the run with this number, seed by seed and value by value, had measured at its end: nothing if it
        diverged."""
        sweep = self.experiment.sweep
        seed, value = divmod(number, len(sweep.sweep_values))
        self.cells[value, seed] = measured.get(sweep.sweep_measure, np.nan)

    def columns(self) -> dict[str, NDArray[np.float32]]:
        """What a snapshot holds."""
        known = np.isfinite(self.cells)
        count = known.sum(1)
        found = count > 0
        mean = np.where(known, self.cells, 0).sum(1) / np.maximum(count, 1)
        low = np.where(known, self.cells, np.inf).min(1)
        high = np.where(known, self.cells, -np.inf).max(1)
        bands = {"sweep_mean": mean, "sweep_low": low, "sweep_high": high}
        return {
            "sweep_values": np.array(self.experiment.sweep.sweep_values, np.float32),
            **{name: np.where(found, band, np.nan).astype(np.float32) for name, band in bands.items()},
            "sweep_count": count.astype(np.float32),
            "sweep_cells": self.cells.copy(),
        }


LEARNED = 0.5  # of the examples: a net that is right more often has learned something


@dataclass
class Map:
    """One variant's numbers so far over two settings: (values across, values, seeds), NaN where a run has not ended, or diverged.

    lost: which runs diverged.
    """

    experiment: Experiment
    cells: NDArray[np.float32] = field(init=False)
    lost: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        sweep = self.experiment.sweep
        shape = (len(sweep.sweep_across_values), len(sweep.sweep_values), sweep.sweep_seeds)
        self.cells = np.full(shape, np.nan, np.float32)
        self.lost = np.zeros(shape, np.bool_)

    def recording(self, about: Mapping[str, Any]) -> Recording:
        """An empty one."""
        sweep = self.experiment.sweep
        names, across = ([number_text(value) for value in values] for values in (sweep.sweep_values, sweep.sweep_across_values))
        swept = {"sweep_over": sweep.sweep_over, "sweep_across": sweep.sweep_across}
        return Recording(self.experiment, tuple(names), {**about, **swept, "places": {"sweep_across_values": across}})

    def add(self, number: int, measured: Mapping[str, Any]) -> None:
        """Take in what the run with this number, seed by seed and row by row, had measured at its end: nothing if it diverged."""
        across, values, _seeds = self.cells.shape
        row, value = divmod(number % (across * values), values)
        place = (row, value, number // (across * values))
        self.cells[place] = measured.get(self.experiment.sweep.sweep_measure, np.nan)
        self.lost[place] = not measured

    def columns(self) -> dict[str, NDArray[np.float32]]:
        """What a snapshot holds."""
        sweep = self.experiment.sweep
        known = np.isfinite(self.cells)
        count = known.sum(2)
        mean = np.where(known, self.cells, 0).sum(2) / np.maximum(count, 1)
        found = {
            "sweep_values": np.array(sweep.sweep_values, np.float32),
            "sweep_across_values": np.array(sweep.sweep_across_values, np.float32),
            "sweep_map": np.where(count > 0, mean, np.nan).astype(np.float32),
            "sweep_lost": np.where((count == 0) & self.lost.any(2), 0, np.nan).astype(np.float32),
            "sweep_cells": self.cells.copy(),
        }
        if sweep.sweep_measure.endswith("accuracy"):
            learned = (self.cells > LEARNED).sum() / (known | self.lost).sum()
            found["sweep_learned"] = np.array(learned, np.float32)
        return found


def swept_together(
    variants: Mapping[str, Experiment],
    train_cell: TrainCell,
    control: Control,
    about: Mapping[str, Any],
    on_begin: Callable[[str, Recording], None] | None,
    on_end: Callable[[str, Ending], None] | None,
) -> Iterator[tuple[str, Snapshot]]:
    """Train every variant's runs, those of one value and seed together in lockstep; yields (variant, snapshot) after each.
    Of each seed's runs the short ones come first, so that there is soon something to see.

    train_cell: trains one run of each variant. about: what every recording says of where it was made. A `stop_at` of the control
    ends the sweep after the run that reaches it.
    """
    curves = {name: Map(experiment) if experiment.is_map else Curve(experiment) for name, experiment in variants.items()}
    if on_begin:
        for name, curve in curves.items():
            on_begin(name, curve.recording(about))
    done = runs = 0
    cells = list(zip(*(experiment.cells() for experiment in variants.values()), strict=True))
    for number in sorted(range(len(cells)), key=lambda number: (cells[number][0].seed, cells[number][0].total_steps)):
        together = {name: quiet(experiment) for name, experiment in zip(variants, cells[number], strict=True)}
        last = dict(train_cell(together, Within(control)))
        runs += 1
        done += cells[number][0].total_steps
        for name, curve in curves.items():
            ended = name in last and last[name].step == together[name].total_steps
            curve.add(number, last[name].values if ended else {})
            yield name, Snapshot(done, curve.columns())
        if control.stop_at is not None and done >= control.stop_at:
            break
    for name in variants:
        if on_end:
            on_end(name, Ending("done", f"Done: {runs} runs, {done:,} steps in all.", done))


def quiet(experiment: Experiment) -> Experiment:
    """The same training, measured at its end only."""
    return replace(experiment, snapshots=2, histograms=0, evaluations=1, filters=0)
