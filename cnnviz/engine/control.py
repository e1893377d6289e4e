"""Control: what a run's watcher wants, asked for once a round, and which wishes mean something to which kind of run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from cnnviz.engine.experiment import Experiment

OPERATIONS = ("pause", "resume", "step", "cancel", "lr", "speed", "stop_at")


class Control(Protocol):
    """What a run's watcher wants. lr: replaces the base rate, which the schedule multiplies. stop_at: the step to end at.
    looking: whether somebody looks at the round that follows by itself, so that it is to be measured whatever its step is."""

    lr: float | None
    stop_at: int | None
    looking: bool

    def poll(self) -> None:
        """Called once a round, before its step. May wait; an exception that it raises ends the training."""
        ...


class Unattended:
    """The control of a run that nobody watches."""

    lr: float | None = None
    stop_at: int | None = None
    looking = False

    def poll(self) -> None:
        return


# By kind of run: the operations that mean nothing to it, and why.
_REFUSALS: Mapping[str, Mapping[str, str]] = {
    "training": {},
    "sweep": {
        "lr": "The learning rate of a sweep can't be changed while it runs: its points would mean different things.",
        "step": "A sweep can't be stepped through: each of its points is a whole training run. Pause it instead.",
        "speed": "The speed of a sweep can't be limited: each of its points is a whole training run. Pause it instead.",
        "stop_at": "A sweep has no step to stop at: each of its points is a whole training run. Stop ends it.",
    },
    "loss surface": {
        "lr": "The learning rate can't be changed on the way to a loss surface: it is drawn around the net of these settings.",
        "step": "A run that ends in a loss surface can't be stepped through: pause it instead.",
    },
    "calculation": {
        "lr": "A calculation has no learning rate: nothing is trained.",
        "speed": "The speed of a calculation can't be limited: pause it, or go on step by step.",
        "stop_at": "A calculation has no step to stop at: Stop ends it.",
    },
    "timing": {
        "lr": "A network that is timed has no learning rate: nothing is trained.",
        "speed": "The speed of a timing can't be limited: it is what is measured.",
        "stop_at": "A timing has no pass to stop at: Stop ends it.",
    },
}


def kind_of(experiment: Experiment) -> str:
    """What a run of this experiment is: "training", "sweep", "loss surface", "calculation" or "timing"."""
    if experiment.calculation.calculation != "none":
        return "timing" if experiment.calculation.calculation == "timing" else "calculation"
    if experiment.is_sweep:
        return "sweep"
    return "loss surface" if experiment.surface.surface else "training"


def refusal(experiment: Experiment, operation: str) -> str:
    """Why a run of this experiment does not take an operation, in one sentence; "" where it does."""
    return _REFUSALS[kind_of(experiment)].get(operation, "")


def offered(experiment: Experiment) -> tuple[str, ...]:
    """The operations that mean something to a run of this experiment."""
    return tuple(operation for operation in OPERATIONS if not refusal(experiment, operation))
