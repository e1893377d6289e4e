"""What a class measures while it works, and what it must not see: errors and lost updates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Figures:
    """Everything that learners note, in seconds where it is a time. Not for several threads.

    answers: from a sent rerun to the end of the page's script, by what asked for it. queued: from Train to a worker;
    first_frames: from Train to the first numbers. ages: of the newest number in a live update, from its making in the worker to
    its arrival. places: in the queue, as they were told. steps: made by each run, by its id. resyncs: gaps that a watcher noticed
    and closed; compared: runs whose numbers were compared with the server's own; lost: those whose numbers were others.
    """

    answers: dict[str, list[float]] = field(default_factory=dict)
    queued: list[float] = field(default_factory=list)
    first_frames: list[float] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    steps: dict[str, int] = field(default_factory=dict)
    pages: int = 0
    begun: int = 0
    ended: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    cuts: int = 0
    resyncs: int = 0
    compared: int = 0
    lost: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def answered(self, asked_by: str, seconds: float) -> None:
        self.answers.setdefault(asked_by, []).append(seconds)

    @property
    def all_answers(self) -> list[float]:
        return [seconds for times in self.answers.values() for seconds in times]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share (0 to 1) of the values does not exceed; not a number where there is none."""
    if not values:
        return float("nan")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
