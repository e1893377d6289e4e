"""What comes out of lesson 410's tasks: the same numbers, computed a second way."""

import numpy as np
import pytest

import cnnviz
from cnnviz.engine import polynomials
from cnnviz.engine.experiment import replace
from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.lessons import find
from cnnviz.lessons.tasks.overfitting import TASKS, islands
from cnnviz.plots.numbers import number_text, percent_text

LESSON = find("overfitting")
PENALTY, POINTS, ISLANDS = (task.came_out for task in TASKS)
ERROR = "Typical error on new points (their noise: 0.3)"


def fitted(points, degree, strength=0.0):
    """numpy's own: the normal equations as one least-squares problem, with a row for each penalised coefficient."""
    x, t = polynomials.training_points(points, 0)
    rows = np.vstack([np.vander(x, degree + 1, increasing=True), np.sqrt(strength) * np.eye(degree + 1)])
    return np.linalg.lstsq(rows, np.concatenate([t, np.zeros(degree + 1)]), rcond=None)[0]


def error(coefficients):
    x, t = polynomials.test_points(0)
    return number_text(float(np.sqrt(np.square(np.polynomial.Polynomial(coefficients)(x) - t).mean())))


def test_the_penalised_curve_is_told_by_its_error_on_new_points_and_by_where_it_runs(stored):
    told = []
    for letter, strength, words in (("A", 0.0, "0"), ("B", 1.5e-8, "1.5 × 10⁻⁸")):
        w = fitted(10, 9, strength)
        curve = np.polynomial.Polynomial(w)(np.linspace(0, 1, 201))
        told.append(f"{letter} (λ = {words}) {error(w)}, curve {number_text(curve.min())} to {number_text(curve.max())}")
    assert PENALTY(stored("ridge")) == (
        f"{ERROR}, and from where to where the curve runs (the true one: −1 to 1): {'; '.join(told)}."
    )


@pytest.mark.parametrize("points", [15, 50])
def test_both_degrees_are_compared_on_as_many_points(points):
    start = LESSON.presets["data"].variants
    recordings = {"A": cnnviz.record(replace(start["A"], points=points)), "B": cnnviz.record(start["B"])}
    told = [
        f"{letter} ({n} points) {error(fitted(n, 9))} with degree 9 and {error(fitted(n, 3))} with degree 3"
        for letter, n in (("A", points), ("B", 100))
    ]
    assert POINTS(recordings) == f"{ERROR}: {'; '.join(told)}."


def merged(shares):
    """Islands by another way: each place takes the lowest number among its neighbours of its own class until none changes."""
    second = np.pad((shares > 50).astype(int), 1, constant_values=-1)
    marks = np.arange(second.size).reshape(second.shape)
    while True:
        lowest = marks.copy()
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                same = np.roll(second, (down, right), (0, 1)) == second
                lowest = np.where(same, np.minimum(lowest, np.roll(marks, (down, right), (0, 1))), lowest)
        if (lowest == marks).all():
            break
        marks = lowest
    return sum(max(len(set(marks[second == which])) - 1, 0) for which in (0, 1))


def test_islands_and_right_answers_are_those_of_the_nets_at_the_end(stored):
    told = []
    for letter, recording in stored("plane").items():
        count = merged(recording.column("boundary")[-1])
        train, test = (percent_text(float(recording.column(f"{which}_accuracy")[-1])) for which in ("train", "test"))
        told.append(f"{letter} {count or 'no'} islands, right on {train} of the training set and {test} of the test set")
    assert ISLANDS(stored("plane")) == f"At the end: {'; '.join(told)}."


def test_regions_that_touch_at_a_corner_are_one_and_a_class_alone_has_no_island():
    corners, apart = 100 * np.eye(4), np.array([[100, 0, 100], [0, 0, 0], [100, 0, 100]])
    assert islands(corners) == 0
    assert islands(apart) == merged(apart) == 3
    assert islands(np.zeros((4, 4))) == 0
    drawn = np.random.default_rng(0).choice([0.0, 50.0, 51.0], (41, 41), p=[0.5, 0.2, 0.3])
    assert islands(drawn) == merged(drawn)


def test_a_run_that_diverged_is_told():
    measured = {"train_accuracy": np.float32(0.5), "test_accuracy": np.float32(0.5), "boundary": np.zeros((41, 41))}
    plane = Recording(LESSON.presets["plane"].variants["A"], (), ending=Ending("diverged", "Diverged.", 9))
    assert ISLANDS({"A": plane.extend([Snapshot(9, measured)])}) == "At the end: A diverged."


def test_nothing_is_told_of_other_runs_or_of_fresh_nets(stored):
    assert PENALTY(stored("plane")) is None
    assert POINTS(stored("plane")) is None
    assert ISLANDS(stored("ridge")) is None
    measured = {"train_accuracy": np.float32(0.5), "test_accuracy": np.float32(0.5), "boundary": np.zeros((41, 41))}
    fresh = Recording(LESSON.presets["plane"].variants["A"], ()).extend([Snapshot(0, measured)])
    assert ISLANDS({"A": fresh}) is None


def test_every_value_that_a_text_names_is_a_button():
    assert set(LESSON.tried("train_examples")) == {211, 2_000}
    assert min(LESSON.tried("strength.B")) == 1e-18
    assert {10, 100} < set(LESSON.tried("points"))
