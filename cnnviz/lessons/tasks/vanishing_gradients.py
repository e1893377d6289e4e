"""What to try in lesson 210."""

from __future__ import annotations

import math

import numpy as np

from cnnviz.engine.records import Recording
from cnnviz.lessons import Setup, Task
from cnnviz.lessons.tasks import each, last
from cnnviz.plots.numbers import number_text, percent_text


def _share(_letter: str, recording: Recording) -> str | None:
    """The weight gradient of layer 1 over the last layer's on fresh weights."""
    if "grad_norm" not in recording.names:
        return None
    first, *_others, top = recording.column("grad_norm")[0].astype(float)
    return percent_text(first / top) if top and math.isfinite(first / top) else None


def _fate(_letter: str, recording: Recording) -> str | None:
    """How the run went, and the longest gradient of the whole net on its way."""
    right = last(recording, "test_accuracy", percent_text)
    if right is None:
        return None
    norms = recording.column("grad_norm_total").astype(float)
    largest = f"its gradient's norm was up to {number_text(float(norms[np.isfinite(norms)].max()))}"
    if recording.diverged_at is not None:
        return f"diverged at step {recording.diverged_at}; before that {largest}"
    return f"{right} of the test set right; {largest}"


gradient_left = each("Of the last layer's gradient, layer 1 gets at step 0", _share)

TASKS = (
    Task(
        "From the start, set *Depth* to 3, 5, 8 and 12 and note the share of the gradient that reaches layer 1 of A each time. "
        "What does one more sigmoid layer cost, and why is that less than ¼?",
        tuple(Setup(f"Depth {depth}", settings={"depth": depth}) for depth in (3, 5, 8, 12)),
        gradient_left,
    ),
    Task(
        "From the start, leave only *He init* switched on in B, then only *ReLU*. Which of the two does the work here? "
        "Then try A with *Initial scale* 10: is sigmoid to blame alone?",
        (
            Setup("B with He init only", remedies=("he",)),
            Setup("B with ReLU only", remedies=("relu",)),
            Setup("A at initial scale 10", settings={"init_scale": 10.0}),
        ),
        gradient_left,
    ),
    Task(
        "From *Exploding, and clipped*, set *Depth* to 3, then to 20. How does depth decide whether 1.5 times He's size is too "
        "much? Replace *Clip by norm* by *Clip weights*: what does it cost?",
        (
            Setup("Depth 3", "explode", {"depth": 3}),
            Setup("Depth 20", "explode", {"depth": 20}),
            Setup("B with clipped weights", "explode", remedies=("clip_weight",)),
        ),
        each("In the end", _fate),
    ),
)
