"""The map of a net over the plane: its probabilities are the net's own, and its points are the training set's."""

import numpy as np
import pytest
import torch

from cnnviz import Experiment, ExperimentError, record, replace
from cnnviz.engine import data, nets
from cnnviz.engine.boundary import ACROSS
from cnnviz.engine.words import DATASETS, TWO_IN_THE_PLANE

MAPPED = Experiment.of(
    dataset="border", train_examples=40, test_examples=20, depth=3, width=8, batch_size=40, steps=2, snapshots=3, histograms=0,
    evaluations=3, boundary=True, norm="layer", seed=4,
)  # fmt: skip


def test_the_map_holds_the_fresh_nets_probability_of_the_second_class_in_per_cent():
    recording = record(MAPPED)
    net = nets.build(MAPPED.net, (2,), 2, torch.Generator().manual_seed(4)).eval()
    at = recording.column("boundary_at")[0, 0]
    shown = recording.column("boundary")[0]
    assert shown.shape == (ACROSS, ACROSS)
    for row, column in ((0, 0), (0, ACROSS - 1), (7, 30), (20, 20)):
        point = torch.tensor([[at[column], at[row]]])
        assert shown[row, column] == pytest.approx(100 * net(point).softmax(1)[0, 1].item(), abs=0.51)


def test_the_map_reaches_beyond_every_training_point_and_tells_the_points_once():
    recording = record(MAPPED)
    found = data.load("border", 40, 20, 4)
    at = recording.column("boundary_at")[0, 0]
    assert at[0] == -at[-1] < -np.abs(found.train_inputs).max()
    for label in (0, 1):
        points = found.train_inputs[found.train_labels == label]
        for place, axis in enumerate("xy"):
            column = recording.column(f"points_{axis}_{label}")
            assert len(column) == 1 < len(recording.column("boundary"))
            np.testing.assert_array_equal(column[0, 0], points[:, place])


@pytest.mark.parametrize("dataset", TWO_IN_THE_PLANE)
def test_sets_of_two_classes_in_the_plane_can_be_mapped(dataset):
    found = data.load(dataset, 10, 10, 0)
    assert (found.input_shape, len(found.classes)) == ((2,), 2)


@pytest.mark.parametrize("dataset", [name for name in DATASETS if name not in TWO_IN_THE_PLANE])
def test_other_data_can_not_be_mapped(dataset):
    with pytest.raises(ExperimentError, match=rf"^boundary \(=True\) must have one of the data sets moons, .*, not {dataset}: "):
        record(replace(MAPPED, dataset=dataset))
