"""The recordings that come with the course: all there, none too many, and what the engine records today."""

import numpy as np
import pytest

from cnnviz import record_assets
from cnnviz.engine.records import Recording
from cnnviz.engine.train import Unattended, train_together
from cnnviz.settings import ASSETS

FOLDER = ASSETS / "recordings"
COMPARISONS = record_assets.comparisons()
CLOCK = {"seconds"}
FIRST_STEPS = 12


class Briefly(Unattended):
    stop_at = FIRST_STEPS


def test_every_preset_is_recorded_and_nothing_else_is():
    lacking = {c.path: list(record_assets.missing(FOLDER, c)) for c in COMPARISONS if record_assets.missing(FOLDER, c)}
    assert lacking == {}, "run `python -m cnnviz record-assets`"
    assert record_assets.stale(FOLDER) == []


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda comparison: comparison.path)
def test_a_recording_begins_as_the_engine_trains_today(comparison):
    stored = {v: Recording.load(record_assets.file_of(FOLDER, e)) for v, e in comparison.variants.items()}
    compared = 0
    for variant, snapshot in train_together(comparison.variants, Briefly()):
        if snapshot.step == FIRST_STEPS:
            continue  # where it stops, more is measured than on the way
        row = list(stored[variant].steps).index(snapshot.step)
        for name, value in snapshot.values.items():
            if name in CLOCK:
                continue
            place = list(stored[variant].rows(name)).index(row)
            kept = stored[variant].column(name)[place]
            np.testing.assert_allclose(kept, value, rtol=2e-3, atol=1e-12, err_msg=f"{variant} {name} at step {snapshot.step}")
            compared += 1
    assert compared > 20


def test_rounding_keeps_four_digits_and_what_is_not_finite():
    values = np.array([1.23456789, -9.87654321e-12, 0.0, np.inf, np.nan, 3.4e38], dtype=np.float32)
    rounded = record_assets.round_mantissa(values)
    np.testing.assert_allclose(rounded, values, rtol=1.3e-4)
    assert rounded.dtype == np.float32
