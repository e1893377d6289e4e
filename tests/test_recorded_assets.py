"""The recordings that come with the course: all there, none too many, and what the engine records today."""

from collections import defaultdict
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from cnnviz import record_assets
from cnnviz.engine import train
from cnnviz.engine.examples import examples
from cnnviz.engine.records import Recording
from cnnviz.engine.train import Unattended, train_together
from cnnviz.settings import ASSETS

FOLDER = ASSETS / "recordings"
COMPARISONS = record_assets.comparisons()
CLOCK = {"seconds"}
ALLOWED = 0.03
# Another processor rounds otherwise, and some nets magnify that: weights of σ = 1 layer after layer, LSUV from the start, what a
# net and its folded self differ by is nothing but rounding. How much a net magnifies is measured: it trains again on images that
# differ in the last bits, and so many times that is allowed. Two things no image moves: orthogonal weights are as orthogonal as
# rounding lets them be, and equal weights put all of a layer's gradients on the edge of one bin.
MORE = {"gram_error": 0.5, "initialisation/constant grad_hist": 0.5}
LAST_BITS = 1e-6
TIMES = 10
TWINS = 4
FIRST_STEPS = 5


class Briefly(Unattended):
    stop_at = FIRST_STEPS


def test_every_preset_is_recorded_and_nothing_else_is():
    lacking = {c.path: list(record_assets.missing(FOLDER, c)) for c in COMPARISONS if record_assets.missing(FOLDER, c)}
    assert lacking == {}, "run `python -m cnnviz record-assets`"
    assert record_assets.stale(FOLDER) == []


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda comparison: comparison.path)
def test_a_recording_begins_as_the_engine_trains_today(comparison, monkeypatch):
    stored = {v: Recording.load(record_assets.file_of(FOLDER, e)) for v, e in comparison.variants.items()}
    now = beginning(comparison.variants)
    kept = {(v, name): [on_step(stored[v], name, step) for step, _ in rows] for (v, name), rows in now.items()}
    assert sum(map(len, now.values())) > 10
    apart = deviations(kept, values_of(now))
    far = {name: share for name, share in apart.items() if not share < allowed(comparison.path, name[1])}
    for seed in range(TWINS):
        if far:
            unsteady = deviations(values_of(twin(comparison.variants, seed, monkeypatch)), values_of(now))
            far = {name: share for name, share in far.items() if not share < TIMES * unsteady[name]}
    assert far == {}


def allowed(path, column):
    return next((MORE[name] for name in (column, f"{path} {column}") if name in MORE), ALLOWED)


def beginning(variants):
    """What is measured in the first steps, as {(variant, name): [(step, values), …]}."""
    measured = defaultdict(list)
    for variant, snapshot in train_together(variants, Briefly()):
        if snapshot.step != FIRST_STEPS:  # where it stops, more is measured than on the way
            for name in snapshot.values.keys() - CLOCK:
                measured[variant, name].append((snapshot.step, snapshot.values[name].ravel()))
    return measured


def values_of(measured):
    return {name: [values for _, values in rows] for name, rows in measured.items()}


def on_step(recording, name, step):
    row = list(recording.steps).index(step)
    return recording.column(name)[list(recording.rows(name)).index(row)].ravel()


def twin(variants, seed, monkeypatch):
    """The beginning on images that differ in the last bits."""
    with monkeypatch.context() as changed:
        changed.setattr(train, "examples", partial(with_other_last_bits, seed))
        return beginning(variants)


def with_other_last_bits(seed, experiment, device):
    found, random = examples(experiment, device), torch.Generator().manual_seed(seed)
    all_alike, each = torch.randn(1, generator=random), torch.randn(found.train_inputs.shape, generator=random)
    return replace(found, train_inputs=found.train_inputs * (1 + LAST_BITS * (all_alike + each)))


def deviations(kept, now):
    """How far apart two measurements are, a column as a whole."""
    return {name: float(deviation(np.concatenate(kept[name]), np.concatenate(now[name]))) for name in now}


def deviation(kept, now):
    """‖kept − now‖ over ‖now‖; what is not finite must be so in both."""
    assert (np.isfinite(kept) == np.isfinite(now)).all()
    kept, now = (values[np.isfinite(now)].astype(float) for values in (kept, now))
    return np.linalg.norm(kept - now) / max(np.linalg.norm(now), 1e-6)


def test_rounding_keeps_four_digits_and_what_is_not_finite():
    values = np.array([1.23456789, -9.87654321e-12, 0.0, np.inf, np.nan, 3.4e38], dtype=np.float32)
    rounded = record_assets.round_mantissa(values)
    np.testing.assert_allclose(rounded, values, rtol=1.3e-4)
    assert rounded.dtype == np.float32
