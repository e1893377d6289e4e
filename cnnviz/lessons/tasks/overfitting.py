"""What to try in lesson 410."""

from __future__ import annotations

import numpy as np

from cnnviz.engine.polynomials import NOISE
from cnnviz.engine.records import Array, Recording
from cnnviz.lessons import Setup, Task
from cnnviz.lessons.tasks import each, last
from cnnviz.plots.numbers import number_text, percent_text

AROUND = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
COMPARED = (9, 3)  # degrees
ERROR = f"Typical error on new points (their noise: {number_text(NOISE)})"


def _penalised(_letter: str, recording: Recording) -> str | None:
    """Error on new points, and from where to where the curve runs."""
    if "curve_fitted" not in recording.names:
        return None
    curve = recording.column("curve_fitted")[-1].astype(float)
    strength, error = recording.experiment.polynomial.strength, float(recording.column("test_rms")[-1])
    ends = f"{number_text(float(curve.min()))} to {number_text(float(curve.max()))}"
    return f"(λ = {number_text(strength)}) {number_text(error)}, curve {ends}"


def _by_degree(_letter: str, recording: Recording) -> str | None:
    """Errors on new points of the two degrees that are compared, with as many points to learn from."""
    if "degree_test_rms" not in recording.names:
        return None
    errors = recording.column("degree_test_rms")[-1].astype(float)
    told = " and ".join(f"{number_text(float(errors[degree]))} with degree {degree}" for degree in COMPARED)
    return f"({recording.experiment.polynomial.points} points) {told}"


def _islands_and_gap(_letter: str, recording: Recording) -> str | None:
    """Islands in the net's map of the plane at the end, and right answers on both sets."""
    rights = [last(recording, name, percent_text) for name in ("train_accuracy", "test_accuracy")]
    if None in rights or "boundary" not in recording.names:
        return None
    if "diverged" in rights:
        return "diverged"
    count = islands(recording.column("boundary")[-1])
    told = f"{count or 'no'} island{'' if count == 1 else 's'}"
    return f"{told}, right on {rights[0]} of the training set and {rights[1]} of the test set"


def islands(shares: Array) -> int:
    """Regions of either class in a map of the plane that are cut off from the class's largest one. shares: of the second class in
    per cent, (places, places); places of a class that touch, if only at a corner, are one region."""
    return sum(max(_regions(side) - 1, 0) for side in (shares > 50, shares <= 50))


def _regions(inside: Array) -> int:
    """How many regions are True."""
    unseen = {(int(row), int(column)) for row, column in np.argwhere(inside)}
    count = 0
    while unseen:
        count += 1
        edge = [unseen.pop()]
        while edge:
            row, column = edge.pop()
            near = {(row + down, column + right) for down, right in AROUND} & unseen
            unseen -= near
            edge += near
    return count


TASKS = (
    Task(
        "From *a very small penalty*, raise B's λ from 10⁻¹⁸ step by step. Where is the error on new points lowest, and what "
        "does the curve look like far beyond that?",
        tuple(
            Setup(f"λ = {words}", "ridge", {"strength.B": strength})
            for words, strength in (("10⁻¹⁸", 1e-18), ("1.5 × 10⁻⁸", 1.5e-8), ("10⁻⁴", 1e-4), ("10⁻²", 1e-2), ("10", 10.0))
        ),
        each(
            f"{ERROR}, and from where to where the curve runs (the true one: −1 to 1)",
            _penalised,
        ),
    ),
    Task(
        "From *ten points and a hundred*, raise A's points. From how many on is degree 9 no worse than degree 3?",
        tuple(Setup(f"{points} points", "data", {"points": points}) for points in (10, 15, 20, 50, 100)),
        each(ERROR, _by_degree),
    ),
    Task(
        "From *none, L2, dropout*, raise the training set to 2,000 points. What is left of A's islands, and of its gap?",
        (
            Setup("211 points", "plane", {"train_examples": 211}),
            Setup("2,000 points", "plane", {"train_examples": 2_000}),
        ),
        each("At the end", _islands_and_gap),
    ),
)
