"""Calibration against its definition by loops, margins by hand, and clusters in the plane through three templates."""

import math

import numpy as np
import pytest
import torch

from cnnviz import Experiment, ExperimentError, record, replace
from cnnviz.engine import calibration, clusters, nets
from cnnviz.engine import train as training
from cnnviz.engine.examples import examples
from cnnviz.engine.margins import logit_norm, margin, margin_least
from cnnviz.engine.targets import gap
from cnnviz.engine.watch import Seen
from cnnviz.settings import Settings

CPU = torch.device("cpu")
TINY = Experiment.of(
    dataset="digits", train_examples=120, test_examples=60, depth=3, width=8, steps=6, batch_size=20, snapshots=7, histograms=2,
    evaluations=3, confidence=True, clusters=True,
)  # fmt: skip


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    monkeypatch.setattr(training, "settings", Settings(device="cpu"))


def drawn(count=500, classes=10, size=3.0, seed=0):
    """Logits (count, classes), and labels that follow them a little: (count,)."""
    generator = torch.Generator().manual_seed(seed)
    logits = size * torch.randn(count, classes, generator=generator)
    noisy = logits + 4 * torch.randn(count, classes, generator=generator)
    return logits, noisy.argmax(1)


def calibration_error(logits, labels, bins=15):
    """Guo et al. 2017, equation 3, example by example and bin by bin."""
    total, by_bin = 0.0, []
    probabilities = np.exp(logits - logits.max(1, keepdims=True))
    probabilities /= probabilities.sum(1, keepdims=True)
    for place in range(bins):
        confidences, hits = [], []
        for row, label in zip(probabilities, labels, strict=True):
            if place / bins < row.max() <= (place + 1) / bins:
                confidences.append(row.max())
                hits.append(float(row.argmax() == label))
        by_bin.append((np.mean(hits), np.mean(confidences), len(hits)) if hits else (np.nan, np.nan, 0))
        if hits:
            total += len(hits) / len(labels) * abs(np.mean(hits) - np.mean(confidences))
    return total, np.array(by_bin)


@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize("size", [0.1, 1.0, 5.0])
def test_the_calibration_error_is_that_of_the_definition(classes, size):
    logits, labels = drawn(classes=classes, size=size)
    found = calibration.calibration(logits, labels)
    expected, by_bin = calibration_error(logits.numpy().astype(float), labels.numpy())
    assert float(found["ece"]) == pytest.approx(expected, abs=1e-5)
    np.testing.assert_allclose(found["reliability"], by_bin[:, 0], rtol=1e-4)
    np.testing.assert_allclose(found["reliability_gap"], by_bin[:, 1] - by_bin[:, 0], atol=1e-5)
    np.testing.assert_allclose(found["confidence_hist"], by_bin[:, 2] / len(labels), rtol=1e-5)


def test_a_net_that_is_right_as_often_as_it_says_has_no_error():
    """Four answers of probability 3/4, three of them right."""
    logits = torch.tensor([[math.log(3.0), 0.0]]).repeat(4, 1)
    found = calibration.calibration(logits, torch.tensor([0, 0, 0, 1]))
    assert float(found["ece"]) == pytest.approx(0, abs=1e-6)
    assert float(found["confidence"]) == pytest.approx(0.75)
    assert int(torch.isfinite(found["reliability"]).sum()) == 1


def test_a_net_that_is_sure_and_always_wrong_has_the_largest():
    logits = torch.tensor([[100.0, 0.0]]).repeat(4, 1)
    assert float(calibration.calibration(logits, torch.ones(4, dtype=torch.long))["ece"]) == 1


def test_margins_are_the_differences_of_logits_by_hand():
    logits = torch.tensor([[5.0, 1.0, 0.0], [2.0, 3.0, 7.0]])
    labels = torch.tensor([0, 1])
    seen = Seen([], [], [], [], [], logits, labels, torch.tensor(0.0))
    assert float(margin(seen)) == pytest.approx(((5 - 0.5) + (3 - 4.5)) / 2)
    assert float(margin_least(seen)) == pytest.approx(((5 - 1) + (3 - 7)) / 2)
    assert float(logit_norm(seen)) == pytest.approx((np.linalg.norm([3, -1, -2]) + np.linalg.norm([-2, -1, 3])) / 2)


def test_the_margins_of_an_ensemble_are_the_mean_of_its_members_each_on_its_own_examples():
    logits = torch.randn(6, 4, 3, generator=torch.Generator().manual_seed(0))  # (examples, classes, members)
    labels = torch.randint(4, (6, 3), generator=torch.Generator().manual_seed(1))
    for statistic in (margin, margin_least, logit_norm):
        together = statistic(Seen([], [], [], [], [], logits, labels, torch.tensor(0.0)))
        apart = [Seen([], [], [], [], [], logits[..., k], labels[:, k], torch.tensor(0.0)) for k in range(3)]
        assert float(together) == pytest.approx(np.mean([float(statistic(seen)) for seen in apart]), rel=1e-5)


@pytest.mark.parametrize("features", [3, 8, 64])
def test_the_basis_spans_what_qr_spans_and_is_orthonormal(features):
    templates = torch.randn(3, features, generator=torch.Generator().manual_seed(features), dtype=torch.float64)
    found = clusters.basis(templates)
    q, r = torch.linalg.qr((templates[1:] - templates[0]).T)
    signs = torch.sign(torch.diagonal(r))
    torch.testing.assert_close(found @ found.T, torch.eye(2, dtype=torch.float64))
    torch.testing.assert_close(found, (q * signs).T)


def test_templates_lie_in_the_plane_and_the_third_above_the_first_two():
    templates = torch.randn(3, 16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    plane = clusters.basis(templates)
    offsets = templates - templates[0]
    torch.testing.assert_close(offsets @ plane.T @ plane, offsets)
    flat = offsets @ plane.T
    assert float(flat[1, 1]) == pytest.approx(0, abs=1e-12)
    assert float(flat[1, 0]) > 0
    assert float(flat[2, 1]) > 0


def test_three_points_a_side_apart_have_the_spread_of_their_distances():
    """Two points of each class, 1 apart, around the corners of an equilateral triangle of side 10."""
    corners = 10 * torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.5, math.sqrt(0.75)]])
    found = clusters.picture([corner + torch.tensor([[0.0, 0.5], [0.0, -0.5]]) for corner in corners])
    assert float(found["cluster_spread"]) == pytest.approx(0.05)
    assert found["cluster_x"].shape == (3, clusters.DRAWN)
    assert torch.isfinite(found["cluster_x"]).sum() == 6
    assert float(found["cluster_x"].nansum()) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("kind", [{}, {"net": "cnn", "depth": 4}, {"net": "rnn", "norm": "batch"}])
def test_the_output_layer_makes_the_logits_of_the_penultimate_activations(kind):
    experiment = replace(TINY, **kind)
    found = examples(experiment, CPU)
    net = nets.build(experiment.net, found.input_shape, 10, torch.Generator().manual_seed(0)).eval()
    last = [*net.layers.values()][-1]
    with torch.no_grad():
        features = clusters.penultimate(net, last, found.test_inputs)
        torch.testing.assert_close(features @ last.weight.T + last.weights.bias, net(found.test_inputs))


def test_a_run_records_margins_with_snapshots_and_the_rest_with_evaluations():
    recording = record(replace(TINY, smoothing=0.1))
    assert len(recording.column("margin")) == 7
    assert len(recording.column("ece")) == len(recording.column("train_cluster_x")) == 3
    assert recording.column("reliability").shape == (3, calibration.BINS)
    assert recording.column("margin_limit").tolist() == pytest.approx([gap(0.1, "others", 10)] * 3)
    assert np.isinf(record(TINY).column("margin_limit")).all()
    heads = recording.to_csv().splitlines()[0].split(",")
    assert {"reliability[0.033]", "confidence_hist[0.967]"} <= set(heads)


def test_a_sweep_can_measure_the_calibration_error():
    swept = replace(TINY, confidence=False, clusters=False, sweep_over="smoothing", sweep_values=(0.0, 0.2), sweep_measure="ece")
    alone = record(replace(TINY, smoothing=0.2, clusters=False))
    assert record(swept).column("sweep_cells")[-1, 1, 0] == pytest.approx(alone.column("ece")[-1], rel=1e-4)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"dataset": "curve", "clusters": False}, r"confidence \(=True\) must be off for the data set curve: it has no classes"),
        ({"dataset": "curve", "confidence": False}, r"clusters \(=True\) must be off for the data set curve"),
        ({"dataset": "moons"}, r"clusters \(=True\) must have 3 classes, whose templates span a plane; here there are 2\."),
        ({"task_classes": 2}, r"clusters \(=True\) must have 3 classes, .* here there are 2\."),
    ],
)
def test_what_needs_classes_is_refused_without_them(settings, sentence):
    with pytest.raises(ExperimentError, match=sentence):
        record(replace(TINY, **settings))
