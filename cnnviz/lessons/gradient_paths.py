"""Lesson 210's single path against the sum over all paths: how many there are, and what each carries."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Array, Recording
from cnnviz.lessons import Measured
from cnnviz.plots.numbers import number_text, percent_text, raised, times_of, times_text

Recordings = Mapping[str, Recording]

ADDS_UP = 1.2  # times, at every layer: how near the formula must come to what is measured
ALMOST_NOTHING = 0.01  # of the output's gradient, along one path
LEVEL = 10.0  # all paths together keep the gradient within this factor


def counted(variants: Mapping[str, Experiment]) -> str:
    """How many paths lead from an output to the units of layer 1: "64⁷", or "64⁷ in A, 64² in B"."""
    known = {letter: _number(experiment) for letter, experiment in variants.items()}
    if len(set(known.values())) == 1:
        return next(iter(known.values()))
    return ", ".join(f"{number} in {letter}" for letter, number in known.items())


def _number(experiment: Experiment) -> str:
    """Width to the power of the hidden layers; a convolution's paths are counted otherwise."""
    net = experiment.net
    return f"{net.width}{raised(net.depth - 1)}" if net.net == "mlp" else "many"


def paths_add_up(recordings: Recordings) -> Measured | None:
    """√(n · Var(w) · E[f′²]) against the measured factor of each layer at step 0, in every variant that has both."""
    told, apart = [], []
    for letter, recording in recordings.items():
        factors = _factors(recording)
        if factors is None:
            continue
        measured, expected = factors
        off = np.abs(np.log(measured / expected))
        place = int(off.argmax())
        apart.append(float(np.exp(off[place])))
        told.append(
            f"{percent_text(apart[-1] - 1)} in {letter}, at {recording.layers[place + 1]}, "
            f"{number_text(float(expected[place]))} for {number_text(float(measured[place]))}"
        )
    if not told:
        return None
    return Measured(max(apart) < ADDS_UP, f"Before the first update, the formula is off by no more than {'; '.join(told)}.")


def one_path_is_little(recordings: Recordings) -> Measured | None:
    """What the strongest path carries to layer 1, and what all of them do, in the last variant with ReLU and He's start."""
    for letter, recording in reversed(list(recordings.items())):
        net = recording.experiment.net
        if (net.net, net.activation, net.init, net.init_scale) == ("mlp", "relu", "he", 1.0) and _factors(recording) is not None:
            return _one_against_all(letter, recording)
    return None


def _one_against_all(letter: str, recording: Recording) -> Measured | None:
    along = np.abs(recording.column("path_gradient")[0].astype(float))
    together = recording.column("gradient_rms")[0].astype(float)
    if not along[-1]:
        return None
    one, all_of_them = float(along[0] / along[-1]), float(together[0] / together[-1])
    sentence = (
        f"In {letter}, {_route(recording)}: one path of {_number(recording.experiment)}. It carries {times_text(one)} of the "
        f"output's gradient to layer 1; all of them together bring {times_of(all_of_them)} it there."
    )
    return Measured(one < ALMOST_NOTHING and 1 / LEVEL <= all_of_them <= LEVEL, sentence)


def _route(recording: Recording) -> str:
    """The units that the path runs through before the first update, from the output down."""
    *lower, output = (int(unit) for unit in recording.column("path_unit")[0])
    through = ", ".join(
        f"{unit} of {layer}" for unit, layer in zip(reversed(lower), reversed(recording.layers[:-1]), strict=True)
    )
    return f"from the output of class {output} down through unit {through}"


def _factors(recording: Recording) -> tuple[Array, Array] | None:
    """What each layer but the first multiplies the gradient by, measured and expected, at step 0; None where that is not known or
    nothing comes through."""
    if not len(recording) or not {"gradient_ratio", "expected_ratio", "path_gradient"} <= set(recording.names):
        return None
    measured, expected = (recording.column(name)[0].astype(float)[1:] for name in ("gradient_ratio", "expected_ratio"))
    finite = np.isfinite(measured).all() and np.isfinite(expected).all() and measured.all() and expected.all()
    return (measured, expected) if finite and len(measured) else None
