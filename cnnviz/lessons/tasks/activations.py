"""What to try in lesson 220."""

from __future__ import annotations

import numpy as np

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Array, Recording
from cnnviz.lessons import Setup, Task
from cnnviz.lessons.tasks import Recordings, each, last
from cnnviz.plots.numbers import number_text, percent_text

TENTH = 0.1  # of a layer's inputs on a flat part: from there on it counts as saturating
CURVES = {  # heights from x = −1 to 1, by the number of bends
    1: (0.8, 0.4, 0.0, -0.4, -0.8, -0.4, 0.0, 0.4, 0.8),
    2: (-0.8, -0.8, -0.8, -0.4, 0.0, 0.4, 0.8, 0.8, 0.8),
    4: (-0.6, 0.8, 0.0, -0.8, 0.0, 0.8, 0.0, -0.8, 0.6),
}


def _saturation(_letter: str, recording: Recording) -> str | None:
    """Which hidden layer is the first with a tenth of its inputs on a flat part, and when; what it comes to."""
    shares = _hidden(recording, "fraction_saturated")
    if shares is None or recording.steps[-1] == 0:
        return None
    if shares[0].min() >= TENTH:
        told = f"all from the start, with {percent_text(shares[0].min())} to {percent_text(shares[0].max())}"
        return f"{told} (at the end {percent_text(shares[-1].min())} to {percent_text(shares[-1].max())})"
    reached = np.argwhere(shares >= TENTH)
    if not len(reached):
        return f"none; at most {percent_text(shares.max())}, in {recording.layers[int(shares.max(0).argmax())]}"
    row, layer = (int(place) for place in reached[0])
    top = f", {recording.layers[-2]} {percent_text(shares[-1, -1])}" if layer != shares.shape[1] - 1 else ""
    step = int(recording.steps_of("fraction_saturated")[row])
    return f"{recording.layers[layer]}, at step {step:,} (at the end {percent_text(shares[-1, layer])}{top})"


def _dead(_letter: str, recording: Recording) -> str | None:
    """Dead share of the hidden units, and right answers, at the end."""
    dead, right = _hidden(recording, "dead_fraction"), last(recording, "test_accuracy", percent_text)
    if dead is None or right is None or right == "diverged":
        return right
    return f"{percent_text(dead[-1].mean())} of its hidden units dead, {right} of the test set right"


def _hidden(recording: Recording, column: str) -> Array | None:
    """A per-layer column without the output layer: (rows, hidden layers); None where no classes are learned."""
    if not {column, "test_accuracy"} <= {*recording.names}:
        return None
    found: Array = recording.column(column).astype(float)[:, :-1]
    return found


def follows(recordings: Recordings) -> str | None:
    """How far each answer is from the curve at the end, beside what a drawn curve asks for."""
    what = "Furthest from the curve at the end, and how many pieces of either half are somewhere the largest"
    furthest = each(what, _distance)(recordings)
    wanted = {pieces_for(recording.experiment) for recording in recordings.values()}
    if furthest is None or wanted == {0}:
        return furthest
    return f"On paper {max(wanted)} pieces a unit are enough. {furthest}"


def pieces_for(experiment: Experiment) -> int:
    """The fewest pieces with which two maxout units draw this curve exactly: one more than it has bends up, or down if there are
    more of those; 0 for a curve that is not drawn."""
    bends = np.diff(experiment.data.heights, 2).round(6)
    return int(max((bends > 0).sum(), (bends < 0).sum())) + 1 if experiment.data.curve == "drawn" else 0


def _distance(_letter: str, recording: Recording) -> str | None:
    furthest = last(recording, "test_largest_error", number_text)
    if furthest in (None, "diverged") or "piece_up" not in recording.names:
        return furthest
    lines = [upper_lines(recording.column(f"piece_{half}")[-1]) for half in ("up", "down")]
    told = f"{furthest}, {len(lines[0])} and {len(lines[1])} of {recording.experiment.net.pieces}"
    places = sorted({round(place, 2) for half in lines for place in half[1:]})
    if recording.experiment.data.curve == "drawn" or not places:
        return told
    return f"{told}, with bends at x = {', '.join(map(number_text, places))}"


def upper_lines(ends: Array) -> list[float]:
    """Where each straight line that is somewhere the largest of all begins to be so in −1 … 1, from left to right. ends: the
    lines' heights at −1 and 1, (lines, 2)."""
    left, slope = ends[:, 0].astype(float), np.diff(ends.astype(float))[:, 0] / 2
    place, line = -1.0, max(range(len(ends)), key=lambda each: (left[each], slope[each]))
    begins = [place]
    while True:
        steeper = np.flatnonzero(slope > slope[line])
        meets = (left[line] - left[steeper]) / (slope[steeper] - slope[line]) - 1
        if not len(steeper) or meets.min() >= 1:
            return begins
        place, line = float(meets.min()), int(steeper[meets.argmin()])
        begins.append(place)


TASKS = (
    Task(
        "From the start, change *Activation* to tanh and *Learning rate* to 0.1. Which layer saturates first now, and why not "
        "the last one? Then ReLU, which is flat on one side only: how much of each layer lies there from the start?",
        (
            Setup("tanh", settings={"activation": "tanh", "lr": 0.1}),
            Setup("ReLU", settings={"activation": "relu", "lr": 0.1}),
        ),
        each("First hidden layer with a tenth of its inputs on a flat part", _saturation),
    ),
    Task(
        "From *Dying ReLU: a rate that is too large*, switch B from *Leaky ReLU* to *ELU*. Why can ELU die at this rate too, "
        "though its slope is never exactly 0? Which *Learning rate* keeps A alive?",
        (
            Setup("ELU in B", "dying", remedies=("elu",)),
            *(Setup(f"Rate {rate}", "dying", {"lr": rate}) for rate in (0.03, 0.01, 0.003, 0.001)),
        ),
        each("At the end", _dead),
    ),
    Task(
        "From *Any curve*, draw a curve with as many bends as you like. How few pieces can follow it? Pick *sine* next: where do "
        "the bends go, and what do pieces do that are nowhere the largest?",
        (
            *(Setup(f"{n} bend{'s' if n > 1 else ''}", "fit", {"curve": "drawn", "heights": h}) for n, h in CURVES.items()),
            Setup("4 bends, 3 pieces in A", "fit", {"curve": "drawn", "heights": CURVES[4], "pieces": 3}),
            Setup("Sine", "fit", {"curve": "sine"}),
        ),
        follows,
    ),
)
