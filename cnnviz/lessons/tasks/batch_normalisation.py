"""What to try in lesson 310."""

from __future__ import annotations

import numpy as np

from cnnviz.engine.records import Recording
from cnnviz.lessons import Setup, Task
from cnnviz.lessons.tasks import each, last
from cnnviz.plots.numbers import number_text, percent_text

MONTHS = tuple(12.0 * years for years in (18, 25, 31, 38, 46, 55, 67, 80))


def _by_hand(_letter: str, recording: Recording) -> str | None:
    """Variance, outputs and the largest gradient of a batch that is normalised by hand."""
    if not {"variance", "y", "d_x"} <= {*recording.names}:
        return None
    y, variance = recording.column("y")[-1], float(recording.column("variance")[-1])
    low, high = (number_text(float(end)) for end in (y.min(), y.max()))
    steepest = number_text(float(np.abs(recording.column("d_x")[-1]).max()))
    outputs = f"each y is {low}" if low == high else f"y runs from {low} to {high}"
    epsilon = number_text(recording.experiment.calculation.epsilon)
    return f"σ² = {number_text(variance)} and ε = {epsilon}, {outputs}, and ∂ℓ/∂x is at most {steepest} in size"


def _modes(_letter: str, recording: Recording) -> str | None:
    """Right answers in eval mode and in train mode at the end."""
    told = [last(recording, column, percent_text) for column in ("test_accuracy", "batch_accuracy")]
    if None in told:
        return None
    return f"diverged at step {recording.diverged_at}" if "diverged" in told else f"{told[0]} and {told[1]}"


TASKS = (
    Task(
        "From *By hand: eight ages*, multiply all ages by 12 (months). What happens to y, and what to ∂ℓ/∂x?",
        (Setup("In years", "ages"), Setup("In months", "ages", {"batch": MONTHS})),
        each("In this batch", _by_hand),
    ),
    Task(
        "From *By hand: all alike*, raise ε from 10⁻⁵ to 1. Why does it matter here and hardly with the ages?",
        (
            Setup("All alike, ε = 10⁻⁵", "constant", {"epsilon": 1e-5}),
            Setup("All alike, ε = 1", "constant", {"epsilon": 1.0}),
            Setup("Ages, ε = 10⁻⁵", "ages", {"epsilon": 1e-5}),
            Setup("Ages, ε = 1", "ages", {"epsilon": 1.0}),
        ),
        each("In this batch", _by_hand),
    ),
    Task(
        "From *a rate of 1*, raise the rate until batch norm fails too. What does its train mode say at that moment?",
        tuple(Setup(f"Rate {rate:g}", "rate", {"lr": rate}) for rate in (2.0, 3.0, 5.0, 10.0)),
        each("Right on the test set at the end, in eval mode and in train mode", _modes),
    ),
)
