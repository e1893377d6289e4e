"""What to try in lesson 440."""

from __future__ import annotations

import math

import numpy as np

from cnnviz.engine.records import Recording
from cnnviz.lessons import Setup, Task
from cnnviz.lessons.tasks import Recordings, each, last, right_in_test
from cnnviz.plots.numbers import number_text, percent_text


def _sure(_letter: str, recording: Recording) -> str | None:
    """How often a net is right on the test set, and how sure it is on average."""
    right, sure = (last(recording, column, percent_text) for column in ("test_accuracy", "confidence"))
    if right is None or sure is None:
        return None
    return "diverged" if "diverged" in (right, sure) else f"is right on {right} and {sure} sure"


def _side(letter: str, recording: Recording) -> str | None:
    """The same, and for which share of the answers the bars of the reliability diagram end above the diagonal."""
    told = _sure(letter, recording)
    if told in (None, "diverged") or "reliability_gap" not in recording.names:
        return told
    gap, share = (recording.column(column)[-1].astype(float) for column in ("reliability_gap", "confidence_hist"))
    above = float(share[np.nan_to_num(gap) < 0].sum())
    return f"{told}, with bars above the diagonal for {percent_text(above)} of its answers"


def _calibrated(letter: str, recording: Recording) -> str | None:
    """The same, and the calibration error."""
    told = _sure(letter, recording)
    error = last(recording, "ece", percent_text)
    return told if told in (None, "diverged") else f"{told} (calibration error {error})"


def students(recordings: Recordings) -> str | None:
    """Right answers of the students, A's lead over the one without a teacher, and what the teachers give the wrong classes."""
    right = right_in_test(recordings)
    if right is None:
        return None
    ends = {letter: float(r.column("test_accuracy")[-1]) for letter, r in recordings.items() if r.diverged_at is None}
    lead = [f"A is {_points(ends['A'] - ends['C'])} C, which has no teacher."] if {"A", "C"} <= set(ends) else []
    says = each("Of all probability, the teacher leaves to the wrong digits together", _beside)(recordings)
    return " ".join(filter(None, (right, *lead, says)))


def _points(by: float) -> str:
    return f"{number_text(round(abs(100 * by), 1))} points {'ahead of' if by >= 0 else 'behind'}"


def _beside(_letter: str, recording: Recording) -> str | None:
    """What a teacher at its temperature leaves to all classes but the right one."""
    if "teacher_says" not in recording.names:
        return None
    left = 1 - float(np.diag(recording.column("teacher_says")[-1].astype(float)).mean())
    return percent_text(left) if math.isfinite(left) else None


TASKS = (
    Task(
        "From *300 clothes, learned by heart*, raise *Label smoothing* to 0.3. On which side of the diagonal are A's bars "
        "now, and is it right more often or less?",
        tuple(Setup(f"Label smoothing {number_text(epsilon)}", "sure", {"smoothing": epsilon}) for epsilon in (0.1, 0.3)),
        each("On the test set", _side),
    ),
    Task(
        "From *Three classes in a plane*, look at Calibration: the smoothed net is right nearly always and yet says less than "
        "90 %. Which of the two would you rather ask? Try ε = 0.01.",
        tuple(Setup(f"ε = {number_text(epsilon)}", "clusters", {"smoothing": epsilon}) for epsilon in (0.1, 0.01)),
        each("On the test set", _calibrated),
    ),
    Task(
        "From *Teachers and 60 labels*, set *Temperature* to 1. What is left of A's lead, and why does a sure teacher say so "
        "little? Then raise it to 15.",
        tuple(Setup(f"Temperature {number_text(at)}", "teachers", {"temperature": at}) for at in (4.0, 1.0, 15.0)),
        students,
    ),
)
