"""What comes out of lesson 310's tasks: the same numbers, counted a second way."""

import numpy as np
import pytest

import cnnviz
from cnnviz.engine.experiment import replace
from cnnviz.lessons import find
from cnnviz.lessons.tasks.batch_normalisation import MONTHS, TASKS
from cnnviz.plots.numbers import number_text, percent_text

LESSON = find("batch_normalisation")
AGES, ALIKE, RATE = (task.came_out for task in TASKS)


def by_hand(batch, upstream, epsilon):
    """σ², y and ∂ℓ/∂x, by the short form of the backward pass."""
    x, given = np.array(batch, float), np.array(upstream, float)
    x_hat = (x - x.mean()) / np.sqrt(x.var() + epsilon)
    d_x = (given - given.mean() - x_hat * (given * x_hat).mean()) / np.sqrt(x.var() + epsilon)
    return x.var(), x_hat, d_x


@pytest.mark.parametrize("settings", [{}, {"batch": MONTHS}, {"epsilon": 1.0}], ids=str)
def test_a_batch_of_ages_is_told_with_its_outputs_and_its_largest_gradient(settings):
    recording = cnnviz.record(replace(LESSON.presets["ages"].variants["A"], **settings))
    given = recording.experiment.calculation
    variance, y, d_x = by_hand(given.batch, given.upstream, given.epsilon)
    told = (
        f"In this batch: A σ² = {number_text(variance)} and ε = {number_text(given.epsilon)}, y runs from {number_text(y.min())} "
        f"to {number_text(y.max())}, and ∂ℓ/∂x is at most {number_text(np.abs(d_x).max())} in size."
    )
    assert AGES({"A": recording}) == ALIKE({"A": recording}) == told


def test_a_batch_of_equal_numbers_is_told_as_such(stored):
    recordings = stored("constant")
    given = recordings["A"].experiment.calculation
    _variance, _y, d_x = by_hand(given.batch, given.upstream, given.epsilon)
    steepest = number_text(np.abs(d_x).max())
    expected = f"In this batch: A σ² = 0 and ε = 1 × 10⁻⁵, each y is 0, and ∂ℓ/∂x is at most {steepest} in size."
    assert ALIKE(recordings) == expected


def test_both_modes_are_told_at_the_end_and_of_a_net_that_diverged_when_it_did(stored):
    a, b = stored("rate").values()
    rights = [percent_text(float(b.column(name)[-1])) for name in ("test_accuracy", "batch_accuracy")]
    what = "Right on the test set at the end, in eval mode and in train mode"
    assert RATE(stored("rate")) == f"{what}: A diverged at step {a.ending.step}; B {rights[0]} and {rights[1]}."


def test_nothing_is_told_of_fresh_nets_or_of_other_kinds_of_run(stored):
    fresh = replace(LESSON.presets["rate"].variants["B"], steps=0, snapshots=2, histograms=0, evaluations=0)
    assert RATE({"B": cnnviz.record(fresh)}) is None
    assert RATE(stored("ages")) is None
    assert RATE(stored("map")) is None
    assert AGES(stored("rate")) is None
    assert ALIKE(stored("map")) is None


def test_months_are_the_ages_of_the_starting_point_twelve_times_over():
    years = LESSON.presets["ages"].variants["A"].calculation.batch
    assert pytest.approx([12 * each for each in years]) == MONTHS
    assert {1e-5, 1.0} <= set(LESSON.tried("epsilon"))
