"""Curves: shapes and heights, the objective that fits them, and what is recorded of the fit."""

import numpy as np
import pytest

from cnnviz import Experiment, ExperimentError, record, record_together, replace
from cnnviz.engine import data, words
from cnnviz.engine.data.curve import SHAPES, targets
from cnnviz.engine.objectives import OBJECTIVES, objective_of

ZIGZAG = (0.0, 1.0, -1.0, 0.5, 0.5, 0.0, 0.25, -0.5, 1.0)
FIT = Experiment.of(dataset="curve", curve="w", net="maxout_difference", pieces=4, train_examples=50, test_examples=49,
                    batch_size=50, steps=30, lr=0.02, optimiser="adam", snapshots=5, histograms=2, evaluations=5)  # fmt: skip


def test_the_shapes_are_those_an_experiment_may_use():
    assert (*SHAPES, "drawn") == words.CURVES


@pytest.mark.parametrize("curve", words.CURVES)
def test_a_curve_stays_within_one_of_zero_and_is_continuous(curve):
    y = targets(np.linspace(-1, 1, 20_001), curve, ZIGZAG)
    assert np.abs(y).max() <= 1
    assert np.abs(np.diff(y)).max() < 0.002


def test_a_drawn_curve_goes_through_its_heights():
    assert targets(np.linspace(-1, 1, 9), "drawn", ZIGZAG).tolist() == list(ZIGZAG)
    assert targets(np.array([-0.875]), "drawn", ZIGZAG).tolist() == [0.5]


def test_a_curves_examples_are_numbers_in_their_own_units():
    found = data.load("curve", 50, 20, 0, "sine", ZIGZAG)
    assert found.train_inputs.shape == found.train_labels.shape == (50, 1)
    assert found.train_inputs.min() == pytest.approx(-0.98)
    np.testing.assert_allclose(found.train_labels, np.sin(1.5 * np.pi * found.train_inputs), atol=1e-6)
    assert (found.mean.tolist(), found.std.tolist()) == ([0.0], [1.0])


def test_heights_are_as_many_numbers_in_range_and_survive_json():
    drawn = replace(FIT, curve="drawn", heights=list(ZIGZAG))
    assert drawn.data.heights == ZIGZAG
    assert Experiment.from_json(drawn.to_json()) == drawn
    for bad in ((1.0,), (2.0,) * 9, "0" * 9, 1.0, ("x",) * 9):
        with pytest.raises(ExperimentError, match="heights"):
            replace(FIT, heights=bad)


def test_a_curve_is_fitted_and_images_are_classified():
    assert objective_of(FIT) is OBJECTIVES["regress"]
    assert objective_of(Experiment()) is OBJECTIVES["classify"]


def test_the_recorded_errors_are_those_of_the_recorded_curve():
    recording = record(FIT)
    x, target, output = (recording.column(name)[:, 0].astype(float) for name in ("fit_x", "fit_target", "fit_output"))
    np.testing.assert_allclose(target[0], targets(x[0], "w", ()), atol=1e-6)
    np.testing.assert_allclose(recording.column("test_loss"), ((output - target) ** 2).mean(1), rtol=0.1)
    assert recording.column("test_loss")[-1] < recording.column("test_loss")[0]
    assert "accuracy" not in recording.names


def test_the_recorded_halves_are_the_largest_of_the_recorded_pieces():
    recording = record(FIT)
    x = recording.column("fit_x")[-1, 0].astype(float)
    for half in ("up", "down"):
        ends = recording.column(f"piece_{half}")[-1].astype(float)  # (pieces, 2) at x = −1 and x = 1
        lines = ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * (x + 1) / 2
        np.testing.assert_allclose(recording.column(f"fit_{half}")[-1, 0], lines.max(0), atol=1e-5)


def test_a_network_of_layers_fits_a_curve_too():
    recording = record(replace(FIT, net="mlp", depth=3, width=20, steps=60))
    assert recording.column("test_loss")[-1] < 0.5 * recording.column("test_loss")[0]
    assert "fit_up" not in recording.names


def test_variants_that_train_together_have_one_curve():
    with pytest.raises(ExperimentError, match="curve must be the same"):
        record_together({"A": FIT, "B": replace(FIT, curve="sine")})
