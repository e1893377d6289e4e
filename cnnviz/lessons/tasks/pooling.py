"""What to try in lesson 450."""

from __future__ import annotations

import numpy as np

from cnnviz.engine.records import Recording
from cnnviz.engine.words import SHIFTS
from cnnviz.lessons import Setup, Task
from cnnviz.lessons.tasks import Recordings, each, last
from cnnviz.plots.numbers import number_text, percent_text

ONE, FAR = SHIFTS.index(1), SHIFTS.index(4)
POOLS = {"max": "max", "average": "average", "stochastic": "stochastic", "lp": "Lp", "strided": "strided", "blur": "blur",
         "none": "no pooling"}  # fmt: skip
BETWEEN = ("max", "average")  # what Lp pooling becomes at p = ∞ and at p = 1


def lp_among_the_others(recordings: Recordings) -> str | None:
    """Answers kept after one pixel, and how far D's whole curve lies from those of max and average pooling."""
    curves = {r.experiment.net.pooling: r.column("shift_consistency")[-1].astype(float) for r in _tested(recordings).values()}
    if not {"lp", *BETWEEN} <= set(curves):
        return None
    p = number_text(next(r.experiment.net.pool_p for r in recordings.values() if r.experiment.net.pooling == "lp"))
    kept = ", ".join(f"{POOLS[name]} {percent_text(float(curves[name][ONE]))}" for name in (*BETWEEN, "lp"))
    apart = [f"{number_text(100 * float(np.abs(curves['lp'] - curves[name]).mean()))} points" for name in BETWEEN]
    return (
        f"Same answer after one pixel: {kept}. With p = {p}, D's curve is on average {apart[0]} away from that of max pooling "
        f"and {apart[1]} from that of average pooling."
    )


def kept_far(recordings: Recordings) -> str | None:
    """Answers kept after four pixels, the most first, and how often each net is right where nothing moves."""
    tested = _tested(recordings)
    if not tested:
        return None
    kept = {letter: float(r.column("shift_consistency")[-1, FAR]) for letter, r in tested.items()}
    ranked = sorted(kept, key=lambda letter: -kept[letter])
    told = ", ".join(f"{_named(letter, tested[letter])} {percent_text(kept[letter])}" for letter in ranked)
    right = sorted(float(r.column("test_accuracy")[-1]) for r in tested.values())
    unmoved = f"on images that do not move they are right on {percent_text(right[0])} to {percent_text(right[-1])}"
    return f"Same answer after four pixels: {told}; {unmoved}."


def _tested(recordings: Recordings) -> dict[str, Recording]:
    """Those that were tested on moved images after some updates, and did not diverge."""
    return {
        letter: r
        for letter, r in recordings.items()
        if "shift_consistency" in r.names and len(r) and r.steps[-1] and r.diverged_at is None
    }


def _named(letter: str, recording: Recording) -> str:
    return f"{letter} ({POOLS[recording.experiment.net.pooling]})"


def _gap(_letter: str, recording: Recording) -> str | None:
    """Test loss less training loss in the end, and right answers on the test set."""
    gap, right = last(recording, "loss_gap", number_text), last(recording, "test_accuracy", percent_text)
    if gap is None or right is None:
        return None
    return "diverged" if "diverged" in (gap, right) else f"{gap} nats, right on {right}"


TASKS = (
    Task(
        "From *Six poolings*, set *p* to 1 and train, then to 20. Between which two of the other curves does D move?",
        tuple(Setup(f"p = {number_text(p)}", "moved", {"pool_p": p}) for p in (1.0, 20.0)),
        lp_among_the_others,
    ),
    Task(
        "From *Six poolings*, set *End of the maps* to global average and give it 600 steps. Which of the six keeps most answers "
        "at four pixels now, and what did the flattened maps have to do with it?",
        (
            Setup("Flattened, 300 steps", "moved", {"ending": "flatten", "steps": 300}),
            Setup("Global average, 600 steps", "moved", {"ending": "global_average", "steps": 600}),
        ),
        kept_far,
    ),
    Task(
        "From *Three hundred images*, double *Steps* and double them again. What becomes of the gap that C was ahead by, and "
        "what of its accuracy?",
        tuple(Setup(f"{steps} steps", "few", {"steps": steps}) for steps in (140, 280, 560)),
        each("Test loss less training loss, and right on the test set", _gap),
    ),
)
