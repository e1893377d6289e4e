"""What to try in lesson 330."""

from __future__ import annotations

from cnnviz.engine.records import Recording
from cnnviz.engine.words import DOMAINS
from cnnviz.lessons import Setup, Task
from cnnviz.lessons.over_the_run import LAYER, mean_loss, middle
from cnnviz.lessons.tasks import each, last
from cnnviz.plots.numbers import number_text, percent_text

COLOURS = tuple(domain for domain in DOMAINS if domain not in ("any", "negative"))


def _loss_and_shift(_letter: str, recording: Recording) -> str | None:
    """Mean loss and shift of layer 3's inputs over the run, and right answers at its end."""
    right = last(recording, "test_accuracy", percent_text)
    if right is None or "input_shift" not in recording.names or len(recording.layers) <= LAYER:
        return None
    if recording.diverged_at is not None:
        return f"diverged at step {recording.diverged_at}"
    loss, shift = number_text(mean_loss(recording)), number_text(middle(recording, "input_shift"))
    return f"{loss} nats, {shift} σ, {right}"


def _colours(_letter: str, recording: Recording) -> str | None:
    """Right answers in four colours, and where batch norm's statistics were renewed, those too."""
    if "domain_accuracy" not in recording.names or not recording.steps[-1]:
        return None
    if recording.diverged_at is not None:
        return "diverged"
    renewed = "domain_adapted"
    told = _shares(recording, "domain_accuracy")
    return f"{told}, renewed {_shares(recording, renewed)}" if renewed in recording.names else told


def _shares(recording: Recording, column: str) -> str:
    """The last row's right answers in COLOURS: "13.5, 14.5, 16 and 77.5 %"."""
    row = recording.column(column)[-1].astype(float)
    *others, grey = (number_text(100 * float(row[DOMAINS.index(colour)])) for colour in COLOURS)
    return f"{', '.join(others)} and {grey} %"


loss_and_shift = each("Mean loss over the run, shift of layer 3's inputs between snapshots, right at the end", _loss_and_shift)

TASKS = (
    Task(
        "From the start, set *Learning rate* to 0.03. What is left of batch norm's lead, though it still holds the inputs still? "
        "At which rate does A fail?",
        tuple(Setup(f"Rate {rate}", settings={"lr": rate}) for rate in (0.03, 0.2, 0.3, 0.5)),
        loss_and_shift,
    ),
    Task(
        "From the start, raise *Noise, mean* until C is no better than A. How large is its shift by then?",
        tuple(Setup(f"Noise ± {number_text(noise)}", settings={"noise_mean": noise}) for noise in (0.7, 1.0, 1.5, 2.0)),
        loss_and_shift,
    ),
    Task(
        "From *Learn on red shapes*, set *Training domain* to grey. Which colours can A and B read now, and where do the dots "
        "leave their bars?",
        tuple(Setup(f"A and B learn on {colour}", "domains", {"domain": colour}) for colour in ("red", "grey")),
        each("Right on red, green, blue and grey shapes (a guess: 12.5 %), and with statistics renewed there", _colours),
    ),
)
