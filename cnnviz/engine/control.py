"""Control: what a run's watcher wants, asked for once a round."""

from __future__ import annotations

from typing import Protocol


class Control(Protocol):
    """What a run's watcher wants. lr: replaces the base rate, which the schedule multiplies. stop_at: the step to end at."""

    lr: float | None
    stop_at: int | None

    def poll(self) -> None:
        """Called once a round, before its step. May wait; an exception that it raises ends the training."""
        ...


class Unattended:
    """The control of a run that nobody watches."""

    lr: float | None = None
    stop_at: int | None = None

    def poll(self) -> None:
        return
