"""Targets: label smoothing in both forms beside PyTorch's own, which rounds ε to float32, soft targets, and what meets them."""

import math
from dataclasses import replace as changed

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnnviz import Experiment, ExperimentError, record, replace
from cnnviz.engine import targets
from cnnviz.engine.objectives import OBJECTIVES, accuracy, objective_of
from cnnviz.engine.targets import Targets
from cnnviz.engine.words import SMOOTHED_OVER

CLASSES = (2, 3, 10, 1_000)
EPSILONS = (0.001, 0.1, 0.3, 0.5)
TINY = Experiment.of(
    dataset="digits", train_examples=100, test_examples=50, depth=2, width=8, steps=5, batch_size=20, snapshots=2_000
)

every_form = pytest.mark.parametrize("over", SMOOTHED_OVER)
every_epsilon = pytest.mark.parametrize("epsilon", EPSILONS)
every_size = pytest.mark.parametrize("classes", CLASSES)


def drawn(classes, seed=0):
    """Logits (7, classes) and labels (7,)."""
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(7, classes, generator=generator, dtype=torch.float64)
    return logits, torch.randint(classes, (7,), generator=generator)


def smoothing(epsilon, over):
    return objective_of(Experiment.of(smoothing=epsilon, smoothing_over=over))


def by_hand(epsilon, over, labels, classes):
    """The definitions of the lecture and of PyTorch, entry by entry: (N, classes)."""
    asked = np.zeros((len(labels), classes))
    for row, label in enumerate(labels):
        for column in range(classes):
            if over == "all":
                asked[row, column] = (1 - epsilon) * (column == label) + epsilon / classes
            else:
                asked[row, column] = 1 - epsilon if column == label else epsilon / (classes - 1)
    return torch.from_numpy(asked)


@every_form
@every_epsilon
@every_size
def test_the_loss_is_the_cross_entropy_against_the_targets_of_the_definition(over, epsilon, classes):
    logits, labels = drawn(classes)
    expected = -(by_hand(epsilon, over, labels, classes) * logits.log_softmax(1)).sum(1).mean()
    assert float(smoothing(epsilon, over).loss(logits, labels)) == pytest.approx(float(expected), rel=1e-6)


@every_epsilon
@every_size
def test_the_form_over_all_is_pytorchs_own_and_the_lectures_is_that_with_another_epsilon(epsilon, classes):
    logits, labels = drawn(classes)
    ours = {over: float(smoothing(epsilon, over).loss(logits, labels)) for over in SMOOTHED_OVER}
    stretched = epsilon * classes / (classes - 1)
    assert ours["all"] == float(F.cross_entropy(logits, labels, label_smoothing=epsilon))
    assert ours["others"] == pytest.approx(float(F.cross_entropy(logits, labels, label_smoothing=stretched)), rel=1e-6)


@every_form
@every_epsilon
@every_size
def test_a_target_is_what_the_definition_says_and_adds_up_to_1(over, epsilon, classes):
    true, other = targets.target(epsilon, over, classes)
    row = by_hand(epsilon, over, [0], classes)[0]
    assert true == pytest.approx(float(row[0]))
    assert other == pytest.approx(float(row[1]))
    assert true + (classes - 1) * other == pytest.approx(1)


@every_form
@every_epsilon
@every_size
def test_logits_the_gap_apart_meet_the_target_and_have_no_gradient(over, epsilon, classes):
    logits = torch.zeros(1, classes, dtype=torch.float64)
    logits[0, 0] = targets.gap(epsilon, over, classes)
    logits.requires_grad_()
    loss = smoothing(epsilon, over).loss(logits, torch.tensor([0]))
    loss.backward()
    assert float(logits.softmax(1)[0, 0].detach()) == pytest.approx(targets.target(epsilon, over, classes)[0])
    assert float(logits.grad.abs().max()) < 1e-6
    assert float(loss.detach()) == pytest.approx(targets.least_loss(epsilon, over, classes))


def test_the_gaps_are_the_closed_formulas():
    assert targets.gap(0.1, "others", 10) == pytest.approx(math.log(0.9 * 9 / 0.1))
    assert targets.gap(0.1, "all", 10) == pytest.approx(math.log(1 + 0.9 * 10 / 0.1))


@every_form
def test_hard_targets_are_met_nowhere(over):
    assert targets.target(0.0, over, 10) == (1.0, 0.0)
    assert targets.gap(0.0, over, 10) == math.inf
    assert targets.least_loss(0.0, over, 10) == 0


def test_without_smoothing_the_objective_is_the_plain_one():
    assert objective_of(Experiment.of(smoothing_over="all")) is OBJECTIVES["classify"]


@pytest.mark.parametrize("settings", [Targets(), Targets(smoothing=0.2), Targets(smoothing=0.2, smoothing_over="all")])
def test_labels_and_their_one_hot_rows_cost_the_same(settings):
    objective = objective_of(changed(Experiment(), targets=settings))
    logits, labels = drawn(5)
    rows = F.one_hot(labels, 5).double()
    assert float(objective.loss(logits, rows)) == pytest.approx(float(objective.loss(logits, labels)), rel=1e-6)
    assert torch.equal(objective.labels(rows), objective.labels(labels))
    assert accuracy(logits, rows) == accuracy(logits, labels)


@every_form
def test_soft_targets_are_softened_further(over):
    logits, labels = drawn(4)
    mixed = 0.7 * F.one_hot(labels, 4).double() + 0.3 * F.one_hot(labels.flip(0), 4).double()
    share = targets.over_all(0.2, over, 4)
    expected = -(((1 - share) * mixed + share / 4) * logits.log_softmax(1)).sum(1).mean()
    assert float(smoothing(0.2, over).loss(logits, mixed)) == pytest.approx(float(expected), rel=1e-6)


def test_the_loss_of_a_run_is_the_one_that_is_minimised_and_the_test_sets_is_plain():
    """At step 0 both nets are the same: their test losses agree, those of the batch do not."""
    plain, smooth = record(TINY), record(replace(TINY, smoothing=0.3))
    assert plain.column("test_loss")[0] == smooth.column("test_loss")[0]
    assert plain.column("loss")[0] != smooth.column("loss")[0]
    assert plain.column("accuracy")[0] == smooth.column("accuracy")[0]


def test_a_curve_has_no_classes_to_smooth_over():
    with pytest.raises(ExperimentError, match=r"^smoothing \(=0\.1\) must be 0 for the data set curve: "):
        record(replace(TINY, dataset="curve", smoothing=0.1))
