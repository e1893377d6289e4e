"""What to try in lesson 420."""

from __future__ import annotations

import numpy as np

from cnnviz.engine.records import Recording
from cnnviz.lessons import Setup, Task
from cnnviz.lessons.tasks import each, last
from cnnviz.plots.numbers import number_text, percent_text


def _standard_errors(_letter: str, recording: Recording) -> str | None:
    """How far the mean over masks is from a test's outputs, layer by layer, in standard errors of that mean."""
    if "output_gap" not in recording.names or not recording.steps[-1]:
        return None
    gaps, errors = (recording.column(name)[-1].astype(float) for name in ("output_gap", "output_error"))
    return ", ".join(number_text(float(gap / error)) for gap, error in zip(gaps, errors, strict=True))


def _guesses(_letter: str, recording: Recording) -> str | None:
    """Error of guessing what is dropped, by layer, the median of the run; of the layers that have maps."""
    if "guess_error" not in recording.names or not recording.steps[-1]:
        return None
    if recording.diverged_at is not None:
        return "diverged"
    errors = recording.column("guess_error").astype(float)
    mapped = errors[:, np.isfinite(errors).any(axis=0)]
    return ", ".join(number_text(float(error)) for error in np.nanmedian(mapped, axis=0)) or None


def _gap(_letter: str, recording: Recording) -> str | None:
    """Test loss less training loss in the end, the test loss itself, and right answers on the test set."""
    gap, loss = (last(recording, name, number_text) for name in ("loss_gap", "test_loss"))
    right = last(recording, "test_accuracy", percent_text)
    if gap is None or loss is None or right is None:
        return None
    return "diverged" if "diverged" in (gap, loss, right) else f"{gap} nats, test loss {loss}, {right} right"


TASKS = (
    Task(
        "From *Mask by mask*, set *Activation* to linear. Which layers' outputs are now right on average, and why all of them?",
        tuple(Setup(words, "masks", {"activation": name}) for words, name in (("ReLU", "relu"), ("Linear", "linear"))),
        each(
            "How far the mean over masks is off a test's outputs, layer by layer, in standard errors (sampling alone: about 1)",
            _standard_errors,
        ),
    ),
    Task(
        "From *Feature maps*, set *Block* to 1 and then to 14. When does DropBlock (B) become dropout (A), and when spatial "
        "dropout (C)?",
        tuple(Setup(f"Block {side}", "holes", {"block_size": side}) for side in (1, 7, 14)),
        each(
            "Error of guessing from its neighbours what was dropped, layer by layer (guessing the map's mean: 1)",
            _guesses,
        ),
    ),
    Task(
        "From *300 images*, give the net 3,000. What is left of the gap, and is dropout still worth its price?",
        (
            Setup("300 images", "gap", {"train_examples": 300}),
            Setup("3,000 images", "gap", {"train_examples": 3_000}),
        ),
        each("Test loss less training loss at the end", _gap),
    ),
)
