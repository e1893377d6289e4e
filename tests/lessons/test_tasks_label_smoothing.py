"""What comes out of lesson 440's tasks: the same numbers, counted a second way."""

import numpy as np

from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.lessons import find
from cnnviz.lessons.tasks.label_smoothing import TASKS
from cnnviz.plots.numbers import percent_text

LESSON = find("label_smoothing")
SIDE, CALIBRATION, TEACHERS = (task.came_out for task in TASKS)


def sure(recording):
    right, confidence = (float(recording.column(name)[-1]) for name in ("test_accuracy", "confidence"))
    return f"is right on {percent_text(right)} and {percent_text(confidence)} sure"


def test_the_side_of_the_diagonal_is_that_of_the_bars_where_more_are_right_than_sure(stored):
    told = []
    for letter, recording in stored("sure").items():
        right, gap, share = (recording.column(n)[-1] for n in ("reliability", "reliability_gap", "confidence_hist"))
        above = sum(float(s) for r, g, s in zip(right, gap, share, strict=True) if r > r + g)
        told.append(f"{letter} {sure(recording)}, with bars above the diagonal for {percent_text(above)} of its answers")
    assert SIDE(stored("sure")) == f"On the test set: {'; '.join(told)}."


def test_calibration_is_told_with_its_error_counted_from_the_bars(stored):
    told = []
    for letter, recording in stored("clusters").items():
        gap, share = (recording.column(n)[-1] for n in ("reliability_gap", "confidence_hist"))
        told.append(f"{letter} {sure(recording)} (calibration error {percent_text(float(np.nansum(abs(gap) * share)))})")
    assert CALIBRATION(stored("clusters")) == f"On the test set: {'; '.join(told)}."


def test_the_lead_is_that_over_the_student_without_a_teacher_and_what_teachers_leave_is_counted_off_the_diagonal(stored):
    recordings = stored("teachers")
    right = {letter: float(r.column("test_accuracy")[-1]) for letter, r in recordings.items()}
    beside = {}
    for letter in "AB":
        rows = recordings[letter].column("teacher_says")[-1].astype(float)
        beside[letter] = percent_text(float(np.mean([row.sum() - row[place] for place, row in enumerate(rows)])))
    assert TEACHERS(recordings) == (
        f"Right on the test set: {'; '.join(f'{letter} {percent_text(share)}' for letter, share in right.items())}. "
        f"A is {100 * (right['A'] - right['C']):.1f} points ahead of C, which has no teacher. "
        f"Of all probability, the teacher leaves to the wrong digits together: A {beside['A']}; B {beside['B']}."
    )


def test_a_lead_that_is_gone_is_told_as_such():
    variants = LESSON.presets["teachers"].variants
    ends = dict(zip("ABC", (0.8, 0.8, 0.875), strict=True))
    recordings = {
        letter: Recording(e, ()).extend([Snapshot(600, {"test_accuracy": ends[letter]})]) for letter, e in variants.items()
    }
    assert TEACHERS(recordings).endswith("A is 7.5 points behind C, which has no teacher.")


def test_a_run_that_diverged_is_told_as_such():
    experiment = LESSON.presets["sure"].variants["A"]
    snapshot = Snapshot(9, {"test_accuracy": 0.1, "confidence": 0.2})
    recording = Recording(experiment, (), ending=Ending("diverged", "Diverged.", 9)).extend([snapshot])
    assert SIDE({"A": recording}) == CALIBRATION({"A": recording}) == "On the test set: A diverged."


def test_nothing_is_told_where_confidence_was_not_measured_or_no_step_was_made(stored):
    assert SIDE(stored("teachers")) is None
    assert CALIBRATION(stored("teachers")) is None
    assert TEACHERS(stored("against_epsilon")) is None
    fresh = Recording(LESSON.presets["sure"].variants["A"], ()).extend([Snapshot(0, {"test_accuracy": 0.1, "confidence": 0.2})])
    assert all(task.came_out({"A": fresh}) is None for task in TASKS)


def test_every_stop_that_a_task_asks_for_is_a_value_of_its_setups():
    assert set(LESSON.tried("smoothing")) == {0.01, 0.1, 0.3}
    assert set(LESSON.tried("temperature")) == {1.0, 4.0, 15.0}
