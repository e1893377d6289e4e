"""Label smoothing's picture: bars are the targets, curves are the loss that torch computes, and their lowest points the gaps."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.objectives import objective_of
from cnnviz.engine.targets import target
from cnnviz.plots.targets import FORMS, GAPS, loss_ahead, loss_by_gap, softmax_ahead, targets_by_class, told


def scatters(figure, mode):
    return [trace for trace in figure.data if trace.type == "scatter" and trace.mode == mode]


CASES = [(0.0, 10), (0.1, 2), (0.1, 10), (0.5, 20)]
every_case = pytest.mark.parametrize(("epsilon", "classes"), CASES)


@every_case
@pytest.mark.parametrize("over", FORMS)
def test_a_curve_is_the_loss_of_logits_that_are_so_far_ahead(epsilon, classes, over):
    logits = torch.zeros(len(GAPS), classes, dtype=torch.float64)
    logits[:, 0] = torch.from_numpy(GAPS)
    objective = objective_of(Experiment.of(smoothing=epsilon, smoothing_over=over))
    expected = [float(objective.loss(row[None], torch.tensor([0]))) for row in logits]
    np.testing.assert_allclose(loss_ahead(GAPS, epsilon, over, classes), expected, atol=1e-5)
    np.testing.assert_allclose(softmax_ahead(GAPS, classes)[0], F.softmax(logits, 1)[:, 0])


@every_case
def test_bars_are_the_targets_and_marks_stand_on_them(epsilon, classes):
    figure = targets_by_class(epsilon, classes)
    bars = [trace for trace in figure.data if trace.type == "bar"]
    marks = [trace for trace in scatters(figure, "markers") if len(trace.x) == classes]
    for over, bar in zip(FORMS, bars, strict=True):
        true, other = target(epsilon, over, classes)
        assert list(bar.y) == [true] + [other] * (classes - 1)
    for bar, mark in zip(bars, marks or bars, strict=True):
        np.testing.assert_allclose(mark.y, bar.y)


@pytest.mark.parametrize("over", FORMS)
def test_the_marked_point_of_a_curve_is_its_lowest(over):
    figure = loss_by_gap(0.2, 10)
    curves = {trace.name: trace for trace in scatters(figure, "lines")}
    points = [trace for trace in scatters(figure, "markers") if len(trace.x) == 1]
    point = points[list(FORMS).index(over)]
    curve = curves[FORMS[over][0]]
    assert point.y[0] <= min(curve.y)
    assert abs(point.x[0] - curve.x[int(np.argmin(curve.y))]) <= GAPS[1] - GAPS[0]


def test_the_sentence_has_both_gaps_and_the_epsilon_that_makes_them_one():
    assert told(0.1, 10) == (
        "The loss is lowest where the true logit is 4.39 nats ahead (lecture) or 4.51 (PyTorch). The lecture’s ε = 0.1 is "
        "PyTorch’s ε = 0.111."
    )
    assert "No finite gap" in told(0.0, 10)
