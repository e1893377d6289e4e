"""What a lesson asks its learner to try next, a module each lesson, and how what came out of a run is told.

Each sentence here is measured on recordings; where they can't tell, it is None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from cnnviz.engine.records import Recording
from cnnviz.plots.numbers import number_text, percent_text

Recordings = Mapping[str, Recording]
CameOut = Callable[[Recordings], str | None]


def each(what: str, told: Callable[[str, Recording], str | None]) -> CameOut:
    """ "what: A …, B …", of those variants of which `told` can tell something."""

    def came_out(recordings: Recordings) -> str | None:
        parts = {letter: told(letter, recording) for letter, recording in recordings.items() if len(recording)}
        known = "; ".join(f"{letter} {text}" for letter, text in parts.items() if text is not None)
        return f"{what}: {known}." if known else None

    return came_out


def at_the_end(what: str, column: str, text: Callable[[float], str]) -> CameOut:
    """A column's last value in each variant; of a run that diverged, that it did."""

    def told(_letter: str, recording: Recording) -> str | None:
        return last(recording, column, text)

    return each(what, told)


def last(recording: Recording, column: str, text: Callable[[float], str]) -> str | None:
    """A column's last value as text, "diverged" where the run did; None where it has no such column, or no step was made."""
    if column not in recording.names or recording.steps[-1] == 0:
        return None
    value = float(recording.column(column)[-1])
    return text(value) if recording.diverged_at is None and math.isfinite(value) else "diverged"


right_in_test = at_the_end("Right on the test set", "test_accuracy", percent_text)
loss_in_the_end = at_the_end("Loss at the end", "loss", number_text)
