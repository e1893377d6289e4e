"""What to try in lesson 320."""

from __future__ import annotations

from cnnviz.engine.records import Recording
from cnnviz.lessons import Setup, Task
from cnnviz.lessons.tasks import each, last
from cnnviz.plots.numbers import number_text, percent_text

FIRST = 4  # steps whose losses tell whether two nets compute the same


def _tested(_letter: str, recording: Recording) -> str | None:
    """Right answers and loss on the test set at the end, with the norm's name."""
    right, loss = last(recording, "test_accuracy", percent_text), last(recording, "test_loss", number_text)
    if right is None or loss is None:
        return None
    net = recording.experiment.net
    groups = f" of {net.groups} group{'s' if net.groups > 1 else ''}" if net.norm == "group" else ""
    named = f"({net.norm} norm{groups})" if net.norm != "none" else "(no norm)"
    return f"{named} diverged" if "diverged" in (right, loss) else f"{named} {right} right, loss {loss}"


def _first_losses(letter: str, recording: Recording) -> str | None:
    """The losses of the first steps, and what became of the run."""
    tested = _tested(letter, recording)
    if tested is None:
        return None
    *others, fourth = (number_text(float(loss)) for loss in recording.column("loss")[:FIRST])
    return f"{tested}, after first batch losses of {', '.join(others)} and {fourth}"


on_the_test_set = each("On the test set at the end", _tested)

TASKS = (
    Task(
        "From *Two digits a batch, with maps*, set A to *none* and B to *instance*: what do the maps' own means carry that a "
        "digit is known by? (Go by the loss: which net has more right answers changes with the seed.)",
        (Setup("No norm and instance norm", "maps", {"norm": "none"}, ("instance",)),),
        on_the_test_set,
    ),
    Task(
        "From *Two digits a batch, with maps* again, choose *group* in B and set *Groups* to 1 and then to 16. Which two norms "
        "have you made? Check it: choose *layer*, then *instance* in B, and compare the first losses. (Two nets that compute the "
        "same may still end apart: rounding differs, and grows over 1,500 steps of two digits.)",
        (
            Setup("1 group", "maps", {"groups": 1}, ("group",)),
            Setup("Layer norm", "maps", remedies=("layer",)),
            Setup("16 groups", "maps", {"groups": 16}, ("group",)),
            Setup("Instance norm", "maps", remedies=("instance",)),
        ),
        each("On the test set at the end", _first_losses),
    ),
    Task(
        "From *Row by row, two digits a batch*, raise the batch size to 4, 8 and 16. Where does batch norm catch up?",
        tuple(Setup(f"{size} digits", "recurrent_pairs", {"batch_size": size}) for size in (2, 4, 8, 16)),
        on_the_test_set,
    ),
)
