"""What to try in lesson 430."""

from __future__ import annotations

import numpy as np

from cnnviz.lessons import Setup, Task
from cnnviz.lessons.tasks import Recordings, right_in_test
from cnnviz.plots.numbers import number_text

LEVEL = 0.0005  # of the test set: less than this apart is written as 0 points


def lead(recordings: Recordings) -> str | None:
    """Right answers on the test set, and how far B, whose training images are changed, is ahead of A."""
    right = right_in_test(recordings)
    finished = [r for r in recordings.values() if r.diverged_at is None and "test_accuracy" in r.names]
    if right is None or len(finished) != 2:
        return right
    a, b = (float(recording.column("test_accuracy")[-1]) for recording in finished)
    return f"{right} {_ahead(b - a)}"


def _ahead(by: float) -> str:
    if abs(by) < LEVEL:
        return "Neither is ahead."
    return f"B is {number_text(round(abs(100 * by), 1))} points {'ahead' if by > 0 else 'behind'}."


def mixed_up(recordings: Recordings) -> str | None:
    """How far B is ahead, how often it takes a 6 for a 9 or the other way round, and which two digits it mixes up most."""
    b = recordings.get("B")
    if b is None or "confusion" not in b.names:
        return None
    table = b.column("confusion")[-1].astype(int)
    both_ways = np.triu(table + table.T, k=1)
    one, other = np.unravel_index(both_ways.argmax(), both_ways.shape)
    often = f"It mixes up {one} and {other} most, {both_ways[one, other]} times" if both_ways.any() else "It mixes up no digits"
    return f"{lead(recordings)} B takes a 6 for a 9, or a 9 for a 6, {both_ways[6, 9]} times. {often}."


TASKS = (
    Task(
        "From the start, set *Shift* to 0 and keep *Flip*, then the other way round. Which of the two does more? Do they add up?",
        (
            Setup("Both", settings={"flip": 0.5, "translate": 0.1}),
            Setup("Flip only", settings={"flip": 0.5, "translate": 0.0}),
            Setup("Shift only", settings={"flip": 0.0, "translate": 0.1}),
        ),
        lead,
    ),
    Task(
        "From *Digits turned by any angle*, set *Rotation* to 12 degrees. Does B still take a 6 for a 9? And which digits does "
        "it mix up with *Flip* in its place?",
        (
            Setup("Rotation 12 degrees", "meaning", {"rotate": 12.0, "flip": 0.0}),
            Setup("Flip in its place", "meaning", {"rotate": 0.0, "flip": 0.5}),
        ),
        mixed_up,
    ),
    Task(
        "From the start, set *Training set* to 2,000. How much of the lead is left? Then set *End of the maps* to the global "
        "average, and *Flip* to 0: what does such a net need shifts for?",
        (
            Setup("2,000 shapes", settings={"train_examples": 2_000}),
            Setup("2,000, global average", settings={"train_examples": 2_000, "ending": "global_average"}),
            Setup(
                "2,000, global average, shift only", settings={"train_examples": 2_000, "ending": "global_average", "flip": 0.0}
            ),
        ),
        lead,
    ),
)
