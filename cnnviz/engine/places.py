"""What the numbers of a recording's columns are about, where they are not the layers': settings and the columns that they add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnnviz.engine import calibration, confusion, domains, mc_dropout, modes, shifts, unpooling
from cnnviz.engine.examples import Examples
from cnnviz.engine.experiment import Experiment

PLACES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "confidence": calibration.PLACES,
    "domains": domains.PLACES,
    "modes": modes.PLACES,
    "shifts": shifts.PLACES,
    "unpooling": unpooling.PLACES,
    "patience": dict.fromkeys(("best_step", "best_loss"), ("best",)),
}


def places_of(experiment: Experiment, task: Examples, everything: Examples) -> dict[str, list[str]]:
    """By column. everything: the data set that the task is a part of, or is."""
    found = [by_column for setting, by_column in PLACES.items() if experiment.get(setting)]
    found += [mc_dropout.places(task, everything)] if experiment.measure.passes else []
    found += [confusion.places(task, everything)] if experiment.measure.confusion else []
    return {column: list(names) for by_column in found for column, names in by_column.items()}
