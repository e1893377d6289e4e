"""What comes out of lesson 450's tasks: the same numbers, counted a second way."""

import numpy as np

from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.engine.words import SHIFTS
from cnnviz.lessons import find
from cnnviz.lessons.tasks.pooling import TASKS
from cnnviz.plots.numbers import number_text, percent_text

LESSON = find("pooling")
LP, FAR, GAP = (task.came_out for task in TASKS)


def test_d_is_placed_by_the_distance_of_its_curve_from_those_of_max_and_average_pooling(stored):
    recordings = stored("moved")
    a, b, d = (np.asarray(recordings[letter].column("shift_consistency")[-1], float) for letter in "ABD")
    away = [number_text(100 * sum(abs(x - y) for x, y in zip(d, other, strict=True)) / len(SHIFTS)) for other in (a, b)]
    kept = [percent_text(float(curve[1])) for curve in (a, b, d)]
    p = number_text(recordings["D"].experiment.net.pool_p)
    assert LP(recordings) == (
        f"Same answer after one pixel: max {kept[0]}, average {kept[1]}, Lp {kept[2]}. With p = {p}, D's curve is on average "
        f"{away[0]} points away from that of max pooling and {away[1]} points from that of average pooling."
    )


def test_all_six_are_told_at_four_pixels_the_steadiest_first(stored):
    recordings = stored("moved")
    names = dict(zip("ABCDEF", ("max", "average", "stochastic", "Lp", "strided", "blur"), strict=True))
    kept = sorted(((-float(r.column("shift_consistency")[-1][4]), letter) for letter, r in recordings.items()))
    told = ", ".join(f"{letter} ({names[letter]}) {percent_text(-share)}" for share, letter in kept)
    right = np.array([r.column("test_accuracy")[-1] for r in recordings.values()], float)
    assert FAR(recordings) == (
        f"Same answer after four pixels: {told}; on images that do not move they are right on "
        f"{percent_text(right.min())} to {percent_text(right.max())}."
    )


def test_the_gap_is_test_loss_less_training_loss(stored):
    told = []
    for letter, recording in stored("few").items():
        test, train, right = (float(recording.column(name)[-1]) for name in ("test_loss", "train_loss", "test_accuracy"))
        told.append(f"{letter} {number_text(test - train)} nats, right on {percent_text(right)}")
    assert GAP(stored("few")) == f"Test loss less training loss, and right on the test set: {'; '.join(told)}."


def test_a_run_that_diverged_is_told_or_left_out():
    moved, few = (LESSON.presets[name].variants["A"] for name in ("moved", "few"))
    ended = Ending("diverged", "Diverged.", 9)
    still = Recording(moved, (), ending=ended).extend([Snapshot(9, {"shift_consistency": np.ones(5), "test_accuracy": 0.1})])
    gap = Recording(few, (), ending=ended).extend([Snapshot(9, {"loss_gap": 1.0, "test_accuracy": 0.1})])
    assert FAR({"A": still}) is None
    assert GAP({"A": gap}) == "Test loss less training loss, and right on the test set: A diverged."


def test_nothing_is_told_where_nothing_was_measured_or_no_step_was_made(stored):
    assert LP(stored("few")) is None
    assert FAR(stored("few")) is None
    assert GAP(stored("moved")) is None
    assert LP(stored("ends")) is None  # has no Lp pooling
    columns = {"shift_consistency": np.ones(5), "test_accuracy": 0.1, "loss_gap": 0.0}
    variants = LESSON.presets["moved"].variants
    fresh = {letter: Recording(e, ()).extend([Snapshot(0, columns)]) for letter, e in variants.items()}
    assert all(task.came_out(fresh) is None for task in TASKS)


def test_every_stop_that_a_task_asks_for_is_a_value_of_its_setups():
    assert set(LESSON.tried("pool_p")) == {1.0, 20.0}
    assert set(LESSON.tried("steps")) == {140, 280, 300, 560, 600}
