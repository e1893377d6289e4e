"""A run and a runner that are fed by hand, and a clock that is wound by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Recording, Snapshot
from cnnviz.runners.base import RefusedError, Run

VARIANTS = {"A": Experiment.of(depth=2, activation="sigmoid"), "B": Experiment.of(depth=2)}
LAYERS = ("fc1", "fc2")


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


class HandRunner:
    """A runner whose runs do what the test says. controlled: what was asked for."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.controlled: list[tuple[str, float | None]] = []
        self.full = False

    def submit(self, variants: Mapping[str, Experiment], learner: str, page: str, first: Sequence[str] = ()) -> Run:
        if self.full:
            raise RefusedError("100 runs are waiting already; try again in a minute.")
        self.controlled += [(operation, None) for operation in first]
        run = Run(variants, learner, page, self)
        self.runs[run.id] = run
        return run

    def find(self, run_id: str) -> Run | None:
        return self.runs.get(run_id)

    def control(self, run: Run, operation: str, value: float | None = None) -> None:
        self.controlled.append((operation, value))

    def close(self) -> None:
        self.runs.clear()


def begin(run: Run) -> None:
    """Every variant's empty recording."""
    for variant, experiment in run.variants.items():
        run.began(variant, Recording(experiment, LAYERS, {"device": "cpu"}))


def measure(run: Run, *steps: int) -> None:
    """One snapshot of each variant at each step: its loss is its step."""
    for step in steps:
        for variant in run.variants:
            values: dict[str, Any] = {"loss": np.float32(step), "grad_norm": np.array([np.nan, np.inf], np.float32)}
            run.measured(variant, [Snapshot(step, values)], made=float(step))
