"""What to try in lesson 240."""

from __future__ import annotations

import numpy as np

from cnnviz.engine.records import Array, Recording
from cnnviz.lessons import Setup, Task
from cnnviz.lessons.tasks import Recordings, each
from cnnviz.plots.numbers import number_text, percent_text

AUTOENCODERS = ("autoencoder", "greedy")
NEAR, FAR = 1, 8  # pixels


def by_labels(recordings: Recordings) -> str | None:
    """Right answers with the fewest labels from each start; the better autoencoder's lead with them, and with the most."""
    cells = {letter: found for letter, recording in recordings.items() if (found := _cells(recording)) is not None}
    if len(cells) != len(recordings) or not cells:
        return None
    labels = next(iter(recordings.values())).layers
    told = each(
        f"Right on the test set with {labels[0]} labels, mean of {cells['A'].shape[1]} seeds",
        lambda letter, _recording: percent_text(cells[letter][0].mean()),
    )(recordings)
    taught = [letter for letter, r in recordings.items() if r.experiment.pretraining.pretraining in AUTOENCODERS]
    if not taught:
        return told
    leads = np.max([cells[letter].mean(1) for letter in taught], axis=0) - cells["A"].mean(1)
    better = f"The better of {' and '.join(taught)}" if len(taught) > 1 else taught[0]
    return f"{told} {better} is {_ahead(leads[0])} A; with {labels[-1]} labels, {_ahead(leads[-1])} it."


def _ahead(lead: float) -> str:
    points = round(100 * lead, 1)
    return f"{number_text(abs(points))} points {'ahead of' if points > 0 else 'behind'}" if points else "level with"


def _cells(recording: Recording) -> Array | None:
    """Right answers on the test set, (numbers of labels, seeds), of a sweep that is whole."""
    if recording.experiment.sweep.sweep_over != "labels" or not len(recording):
        return None
    cells: Array = recording.column("sweep_cells")[-1].astype(float)
    return cells if np.isfinite(cells).all() else None


def _filters(_letter: str, recording: Recording) -> str | None:
    """How alike a filter's weights are next to one another and far apart, in a net that learned to rebuild images."""
    own = recording.experiment.pretraining.pretraining in AUTOENCODERS
    if not own or "first_filters" not in recording.names or recording.steps[-1] == 0:
        return None
    images = recording.column("first_filters")[-1].astype(float)
    if min(images.shape[1:]) <= FAR:
        return None
    return f"{number_text(likeness(images, NEAR))} and {number_text(likeness(images, FAR))}"


def likeness(images: Array, apart: int) -> float:
    """The correlation of weights so many pixels apart, across and down, within each image (images, H, W); their mean."""
    own = images - images.mean((1, 2), keepdims=True)
    across = (own[:, :, apart:] * own[:, :, :-apart]).mean((1, 2))
    down = (own[:, apart:] * own[:, :-apart]).mean((1, 2))
    return float(((across + down) / 2 / np.maximum((own**2).mean((1, 2)), 1e-12)).mean())


TASKS = (
    Task(
        "From the start, set *Pre-training* to 100 and to 3,000 updates. How much of it do ten labels need, and does more ever "
        "harm?",
        tuple(Setup(f"{steps:,} updates", settings={"pretraining_steps": steps}) for steps in (100, 600, 3_000)),
        by_labels,
    ),
    Task(
        "From *One run to watch: clothes*, set *Corruption* to 0, 0.3 and 0.7 and look at the filters of B and C. Which have "
        "strokes that reach over the whole garment?",
        tuple(Setup(f"Corruption {part:g}", "clothes", {"corruption": part}) for part in (0.0, 0.3, 0.7)),
        each(f"Correlation of a filter's weights {NEAR} pixel and {FAR} pixels apart, mean of the filters at the end", _filters),
    ),
    Task(
        "From *The same with ReLU, He and Adam*, put back one thing at a time: sigmoid, the standard start, momentum. Which of "
        "them made pre-training worth its updates?",
        (
            Setup("ReLU, He and Adam", "modern"),
            Setup("Sigmoid", "modern", {"activation": "sigmoid"}),
            Setup("Standard start", "modern", {"init": "standard"}),
            Setup("Momentum", "modern", {"optimiser": "momentum"}),
            Setup("Momentum at rate 0.03", "modern", {"optimiser": "momentum", "lr": 0.03}),
        ),
        by_labels,
    ),
)
