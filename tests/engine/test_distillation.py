"""Distillation: a teacher of its own, trained before the task, and a student's loss with and without its answers."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnnviz import Experiment, ExperimentError, record, record_together, replace
from cnnviz.engine import train as training
from cnnviz.engine.distillation import Teacher
from cnnviz.engine.examples import examples
from cnnviz.engine.objectives import accuracy, classes_of, objective_of
from cnnviz.settings import Settings

CPU = torch.device("cpu")
BASE = Experiment.of(
    dataset="digits", train_examples=300, test_examples=100, depth=3, width=10, batch_size=25, steps=8, lr=0.05, labels=50,
    teacher=True, teacher_width=24, pretraining_steps=20, pretraining_lr=0.01, snapshots=2_000, histograms=2, evaluations=3,
)  # fmt: skip


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    monkeypatch.setattr(training, "settings", Settings(device="cpu"))


def drawn():
    """Logits of a student, of a teacher, and labels: (6, 4), (6, 4), (6,)."""
    generator = torch.Generator().manual_seed(0)
    student, teacher = (2 * torch.randn(6, 4, generator=generator, dtype=torch.float64) for _net in range(2))
    return student, teacher, torch.randint(4, (6,), generator=generator)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_loss_is_hintons_by_hand(temperature, share):
    student, teacher, labels = drawn()
    objective = objective_of(replace(BASE, temperature=temperature, teacher_share=share))
    told = (teacher / temperature).softmax(1)
    targets = torch.stack([F.one_hot(labels, 4).double(), told], 1)
    log_student = (student / temperature).log_softmax(1)
    divergence = (told * (told.log() - log_student)).sum(1).mean()
    entropy = -(told * told.log()).sum(1).mean()
    expected = (1 - share) * F.cross_entropy(student, labels) + share * temperature**2 * (divergence + entropy)
    assert float(objective.loss(student, targets)) == pytest.approx(float(expected), rel=1e-9)


def test_metrics_compare_with_the_labels_and_not_with_the_teacher():
    student, teacher, labels = drawn()
    targets = torch.stack([F.one_hot(labels, 4).double(), teacher.softmax(1)], 1)
    assert torch.equal(classes_of(targets), labels)
    assert accuracy(student, targets) == accuracy(student, labels)


def test_a_student_of_a_teacher_that_says_the_labels_and_no_more_learns_as_from_labels():
    """At temperature 1 a teacher that is sure of the label adds nothing to it."""
    student, _teacher, labels = drawn()
    rows = F.one_hot(labels, 4).double()
    objective = objective_of(replace(BASE, temperature=1.0, teacher_share=0.5))
    assert float(objective.loss(student, torch.stack([rows, rows], 1))) == pytest.approx(float(F.cross_entropy(student, labels)))


def test_a_teacher_learns_the_whole_training_set_and_leaves_the_student_as_it_was_drawn():
    found = examples(BASE, CPU)
    teacher = Teacher(replace(BASE, pretraining_steps=80), found, CPU)
    losses = [float(loss) for loss in teacher.losses()]
    assert len(losses) == 80
    assert losses[-1] < 0.5 * losses[0]
    told = teacher.columns(found.test_inputs, found.test_labels)
    assert float(told["teacher_accuracy"]) > 0.6
    np.testing.assert_allclose(told["teacher_says"].sum(1), 1, rtol=1e-5)
    assert (told["teacher_says"].argmax(1) == torch.arange(10)).float().mean() > 0.7
    with_one, without = record(BASE), record(replace(BASE, teacher=False))
    first = [np.flatnonzero(r.column("phase") == 1)[0] if "phase" in r.names else 0 for r in (with_one, without)]
    norms = [r.at("weight_norm", BASE.pretraining.pretraining_steps) for r in (with_one, without)]
    assert np.array_equal(*norms)
    assert first[0] > 0


def test_a_student_without_a_teacher_waits_and_meets_the_same_batches():
    together = record_together({"A": BASE, "B": replace(BASE, teacher=False)})
    assert "pretraining_loss" in together["A"].names
    assert "pretraining_loss" not in together["B"].names
    first = BASE.pretraining.pretraining_steps
    assert float(together["A"].at("accuracy", first)) == float(together["B"].at("accuracy", first))
    assert together["A"].steps[-1] == together["B"].steps[-1] == first + BASE.steps
    alone = record(BASE)
    assert np.array_equal(alone.column("loss"), together["A"].column("loss"))


def test_the_loss_of_a_student_is_the_formula_on_its_first_batch():
    """With the nets' own outputs, from a learner whose teacher has not been trained."""
    learner = training.Learner(replace(BASE, teacher_share=1.0, temperature=2.0), examples(BASE, CPU), CPU)
    inputs, labels = learner.found.train_inputs[:25], learner.found.train_labels[:25]
    with torch.no_grad():
        told = (learner.teacher.net(inputs) / 2).softmax(1)
        expected = 4 * F.cross_entropy(learner.net(inputs) / 2, told)
    snapshot = learner.round(BASE.pretraining.pretraining_steps, inputs, labels, None, last=True)
    assert float(snapshot.values["loss"]) == pytest.approx(float(expected), rel=1e-5)


def test_a_sweep_over_labels_trains_a_teacher_once_and_gives_the_same_as_alone():
    swept = record(replace(BASE, sweep_over="labels", sweep_values=(25, 50), sweep_seeds=1))
    assert swept.column("sweep_cells")[-1, 1, 0] == pytest.approx(float(record(BASE).column("test_accuracy")[-1]))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"dataset": "curve", "labels": 0}, r"^teacher \(=True\) must be off for the data set curve"),
        ({"pretraining": "greedy"}, r"^pretraining \(=greedy\) must be none beside a teacher"),
        ({"pretraining_steps": 0}, r"^pretraining_steps \(=0\) must be at least 1 with a teacher"),
        ({"task_classes": 5}, r"^task_classes \(=5\) must be 0 with a teacher"),
        ({"dropout": "inverted"}, r"^dropout \(=inverted\) must be none with a teacher"),
    ],
)
def test_what_a_teacher_can_not_do_is_refused(settings, sentence):
    with pytest.raises(ExperimentError, match=sentence):
        record(replace(BASE, **settings))
