"""The recordings that come with the course: all there, none too many, and what the engine records today."""

from collections import defaultdict

import numpy as np
import pytest

from cnnviz import record_assets
from cnnviz.engine.records import Recording
from cnnviz.engine.train import Unattended, train_together
from cnnviz.settings import ASSETS

FOLDER = ASSETS / "recordings"
COMPARISONS = record_assets.comparisons()
CLOCK = {"seconds"}
ALLOWED = 0.03
# Where another processor's rounding decides more: weights of σ = 1 magnify it layer after layer, LSUV draws on it from the start,
# equal weights put all of a layer's gradients on the edge of one bin,
# a net that is thrown off within a few steps magnifies it most, and so do batches of two that are normalised by themselves;
# what a net and its folded self differ by is nothing but rounding.
MORE = {
    "fold_difference": 0.5,
    "norm_family/batch_size": 0.2,
    "initialisation/spread": 0.3,
    "initialisation/lsuv": 0.1,
    "initialisation/constant grad_hist": 0.5,
}
FIRST_STEPS = 5


class Briefly(Unattended):
    stop_at = FIRST_STEPS


def test_every_preset_is_recorded_and_nothing_else_is():
    lacking = {c.path: list(record_assets.missing(FOLDER, c)) for c in COMPARISONS if record_assets.missing(FOLDER, c)}
    assert lacking == {}, "run `python -m cnnviz record-assets`"
    assert record_assets.stale(FOLDER) == []


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda comparison: comparison.path)
def test_a_recording_begins_as_the_engine_trains_today(comparison):
    """Another processor rounds otherwise, which training then magnifies: a column is compared as a whole."""
    stored = {v: Recording.load(record_assets.file_of(FOLDER, e)) for v, e in comparison.variants.items()}
    kept, now = defaultdict(list), defaultdict(list)
    for variant, snapshot in train_together(comparison.variants, Briefly()):
        if snapshot.step == FIRST_STEPS:
            continue  # where it stops, more is measured than on the way
        recording = stored[variant]
        row = list(recording.steps).index(snapshot.step)
        for name in snapshot.values.keys() - CLOCK:
            kept[variant, name].append(recording.column(name)[list(recording.rows(name)).index(row)].ravel())
            now[variant, name].append(snapshot.values[name].ravel())
    assert sum(map(len, now.values())) > 10
    apart = {name: deviation(np.concatenate(kept[name]), np.concatenate(now[name])) for name in now}
    assert {name: float(share) for name, share in apart.items() if not share < allowed(comparison.path, name[1])} == {}


def allowed(path, column):
    return next((MORE[name] for name in (f"{path} {column}", column, path) if name in MORE), ALLOWED)


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
