"""What comes out of lesson 430's tasks: the same numbers, counted a second way."""

import numpy as np
import pytest

from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.lessons import find
from cnnviz.lessons.tasks.augmentation import TASKS

LESSON = find("augmentation")


def ending_at(name, *shares, step=500):
    """A preset's variants that end with these shares of the test set right."""
    pairs = zip(LESSON.presets[name].variants.items(), shares, strict=True)
    return {letter: Recording(e, ()).extend([Snapshot(step, {"test_accuracy": share})]) for (letter, e), share in pairs}


@pytest.mark.parametrize("task", [TASKS[0], TASKS[2]], ids=("parts", "many"))
def test_it_is_told_how_far_b_is_ahead_on_the_test_set(task, stored):
    recordings = stored("few")
    a, b = (np.asarray(r.column("test_accuracy"), float)[-1] * 100 for r in recordings.values())
    assert b > a
    assert task.came_out(recordings) == f"Right on the test set: A {a:.3g} %; B {b:.3g} %. B is {b - a:.1f} points ahead."


def test_a_lead_of_a_is_told_as_such():
    told = TASKS[0].came_out(ending_at("few", 0.95, 0.625))
    assert told == "Right on the test set: A 95 %; B 62.5 %. B is 32.5 points behind."
    assert TASKS[0].came_out(ending_at("few", 0.5, 0.5)).endswith("Neither is ahead.")


def test_it_is_counted_how_often_b_mixes_up_6_and_9_and_which_two_digits_most(stored):
    recordings = stored("meaning")
    table = np.asarray(recordings["B"].column("confusion"))[-1].astype(int)
    pairs = {(one, other): table[one, other] + table[other, one] for one in range(10) for other in range(one + 1, 10)}
    (one, other), most = max(pairs.items(), key=lambda pair: (pair[1], -pair[0][0], -pair[0][1]))
    told = TASKS[1].came_out(recordings)
    assert told.startswith("Right on the test set: A ")
    assert told.endswith(
        f" B takes a 6 for a 9, or a 9 for a 6, {pairs[6, 9]} times. It mixes up {one} and {other} most, {most} times."
    )
    assert TASKS[1].came_out(stored("few")) is None


def test_a_run_that_diverged_is_neither_ahead_nor_behind():
    recordings = ending_at("few", 0.5, 0.6)
    recordings["B"].ending = Ending("diverged", "Diverged.", 7)
    assert TASKS[0].came_out(recordings) == "Right on the test set: A 50 %; B diverged."


def test_nothing_is_told_of_fresh_nets_or_of_a_sweep(stored):
    assert TASKS[0].came_out(ending_at("few", 0.1, 0.1, step=0)) is None
    assert TASKS[0].came_out(stored("images")) is None


def test_every_stop_that_a_task_asks_for_is_a_value_of_its_setups():
    assert set(LESSON.tried("flip")) == {0.0, 0.5}
    assert set(LESSON.tried("translate")) == {0.0, 0.1}
    assert set(LESSON.tried("rotate")) == {0.0, 12.0}
    assert set(LESSON.tried("train_examples")) == {2_000}
