"""What is claimed of slices through the loss surface, and where it does not hold."""

import numpy as np
import pytest

from cnnviz import Experiment, Recording, Snapshot, replace
from cnnviz.lessons.slices import MEASURED, batch_norm_widens, frozen_statistics_do_not, sliced

BASE = Experiment.of(
    train_examples=4_000, depth=8, width=64, optimiser="momentum", lr=0.02, steps=300, units=True, surface_points=6
)
CLAIMS = {"batch": batch_norm_widens, "running": frozen_statistics_do_not}
STORED = {"batch": "slice", "running": "slice_running"}


@pytest.mark.parametrize("statistics", CLAIMS)
def test_a_claim_is_silent_with_the_other_statistics(shipped, statistics):
    stored = shipped("covariate_shift", STORED[statistics])
    for other, claim in CLAIMS.items():
        measured = claim(stored)
        assert (measured is None) == (other != statistics)
        assert measured is None or measured.holds, measured.sentence


def drawn(plain, normed, statistics="batch", plane=None):
    plane = np.ones((3, 3)) if plane is None else plane
    base = Experiment.of(surface=True, surface_points=1, surface_statistics=statistics)
    shares = {"A": (base, plain), "B": (replace(base, norm="batch"), normed)}
    return {
        letter: Recording(it, ()).extend([Snapshot(9, {"surface_plane": plane, "surface_better": share})])
        for letter, (it, share) in shares.items()
    }


@pytest.mark.parametrize(("statistics", "plain", "normed"), [("batch", 0.4, 0.5), ("running", 0.2, 0.3)])
def test_a_claim_fails_with_its_numbers_where_it_is_not_so(statistics, plain, normed):
    measured = CLAIMS[statistics](drawn(plain, normed, statistics))
    assert not measured.holds
    assert measured.sentence == (
        f"Of the plane's 9 points, A beats guessing at {plain:.0%}, B, with batch norm, at {normed:.0%}.".replace("%", " %")
    )


@pytest.mark.parametrize("plane", [np.full((3, 3), np.nan), np.array([[1, 1, 1], [np.nan, 1, 1], [1, 1, 1]])])
def test_no_claim_is_made_of_a_plane_that_is_not_complete(plane):
    assert batch_norm_widens(drawn(0.2, 0.9, plane=plane)) is None
    assert batch_norm_widens({}) is None


def test_a_slice_is_of_the_same_training_measured_less():
    cut = sliced(BASE, surface_reach=0.5)
    assert (cut.measure, cut.surface.surface_reach, cut.surface.surface) == (MEASURED, 0.5, True)
    assert (cut.net, cut.data, cut.optimiser, cut.steps) == (BASE.net, BASE.data, BASE.optimiser, BASE.steps)
