"""The confusion matrix counted by hand, example by example, and what it changes of a run: nothing."""

import numpy as np
import pytest
import torch

from cnnviz import Experiment, ExperimentError, record, replace
from cnnviz.engine import data
from cnnviz.engine import train as training
from cnnviz.engine.confusion import MOST, confusion
from cnnviz.engine.evaluation import outputs
from cnnviz.settings import Settings

TINY = Experiment.of(
    dataset="digits", net="cnn", train_examples=120, test_examples=60, depth=3, width=8, steps=6, batch_size=20, snapshots=7,
    histograms=0, evaluations=3, lr=0.01, optimiser="adam", confusion=True,
)  # fmt: skip


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    monkeypatch.setattr(training, "settings", Settings(device="cpu"))


def counted(answers, labels, classes):
    """One example after the other."""
    counts = np.zeros((classes, classes))
    for answer, label in zip(answers, labels, strict=True):
        counts[label, answer] += 1
    return counts


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_the_matrix_is_that_of_a_count_by_hand(classes):
    random = np.random.default_rng(classes)
    logits, labels = random.normal(size=(300, classes)), random.integers(classes, size=300)
    found = confusion(torch.from_numpy(logits), torch.from_numpy(labels))
    expected = counted(logits.argmax(1), labels, classes)
    np.testing.assert_array_equal(found["confusion"], expected)
    beside = expected - np.diag(np.diag(expected))
    row, column = np.unravel_index(beside.argmax(), beside.shape)
    assert found["confused_most"].tolist() == [row, column, beside[row, column], expected[row].sum()]


def test_of_equal_mistakes_the_first_is_told():
    answers, labels = torch.tensor([2, 0, 1, 1, 2]), torch.tensor([1, 2, 1, 0, 2])
    assert confusion(torch.eye(3)[answers], labels)["confused_most"].tolist() == [0, 1, 1, 1]


def test_without_a_mistake_there_are_none_of_all_examples():
    labels = torch.tensor([0, 1, 2, 2])
    found = confusion(torch.eye(3)[labels], labels)
    np.testing.assert_array_equal(found["confusion"], np.diag([1, 1, 2]))
    np.testing.assert_array_equal(found["confused_most"], [np.nan, np.nan, 0, 4])


def test_a_run_counts_its_test_images_at_each_evaluation(monkeypatch):
    nets = []
    evaluation = training.Learner._evaluation
    monkeypatch.setattr(training.Learner, "_evaluation", lambda self: (nets.append(self.net), evaluation(self))[1])
    recording = record(TINY)
    table = recording.column("confusion")
    assert table.shape == (3, 10, 10)
    assert recording.steps_of("confusion").tolist() == recording.steps_of("test_accuracy").tolist()
    assert table.sum((1, 2)).tolist() == [60] * 3
    np.testing.assert_allclose(table.trace(axis1=1, axis2=2) / 60, recording.column("test_accuracy"), rtol=1e-6)
    tested = data.load("digits", 120, 60, 0)
    with torch.no_grad():
        answers = outputs(nets[-1].eval(), torch.from_numpy(tested.test_inputs)).argmax(1)
    np.testing.assert_array_equal(table[-1], counted(answers.numpy(), tested.test_labels, 10))


def test_it_is_off_unless_asked_for_and_changes_no_other_number():
    plain, counting = record(replace(TINY, confusion=False)), record(TINY)
    assert set(counting.names) - set(plain.names) == {"confusion", "confused_most"}
    for name in set(plain.names) - {"seconds"}:
        np.testing.assert_array_equal(plain.column(name), counting.column(name), err_msg=name)
    assert "confusion" not in Experiment().to_json()


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, [str(digit) for digit in range(10)]),
        ({"task_classes": 4}, ["0", "1", "2", "3"]),
        ({"dataset": "shapes"}, ["circle", "ring", "square", "bar", "cross", "triangle", "star", "half disc"]),
    ],
)
def test_rows_and_columns_are_named_after_the_classes(settings, names):
    recording = record(replace(TINY, **settings))
    assert recording.places("confusion") == names
    assert recording.places("confused_most") == list(MOST)
    assert recording.column("confusion").shape[1:] == (len(names), len(names))


def test_an_ensemble_is_counted_by_its_vote():
    recording = record(replace(TINY, net="ensemble", members=3))
    correct = recording.column("confusion").trace(axis1=1, axis2=2) / 60
    np.testing.assert_allclose(correct, recording.column("test_accuracy"), rtol=1e-6)


def test_what_has_no_classes_has_no_confusion_matrix():
    with pytest.raises(ExperimentError, match=r"confusion \(=True\) must be off for the data set curve: it has no classes"):
        record(replace(TINY, dataset="curve", net="mlp"))
