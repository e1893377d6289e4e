"""What comes out of lesson 420's tasks: the same numbers, counted a second way."""

import statistics

import numpy as np

import cnnviz
from cnnviz.engine.experiment import replace
from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.lessons import find
from cnnviz.lessons.tasks.dropout import TASKS
from cnnviz.plots.numbers import number_text, percent_text

LESSON = find("dropout")
MASKS, BLOCKS, GAP = (task.came_out for task in TASKS)


def test_each_layer_is_told_by_its_gap_over_the_error_of_sampling(stored):
    told = []
    for letter, recording in stored("masks").items():
        gap, error = (recording.column(name)[-1].tolist() for name in ("output_gap", "output_error"))
        told.append(f"{letter} {', '.join(number_text(a / b) for a, b in zip(gap, error, strict=True))}")
    assert MASKS(stored("masks")) == (
        "How far the mean over masks is off a test's outputs, layer by layer, in standard errors (sampling alone: about 1): "
        f"{'; '.join(told)}."
    )


def test_linear_nets_are_off_by_sampling_alone():
    linear = replace(LESSON.presets["masks"].variants["A"], activation="linear", steps=300, snapshots=3)
    recording = cnnviz.record(linear)
    ratios = (recording.column("output_gap")[-1] / recording.column("output_error")[-1]).astype(float)
    assert MASKS({"A": recording}).endswith(f": A {', '.join(map(number_text, ratios))}.")
    assert ratios.max() < 1.5


def test_each_layer_with_maps_is_told_by_the_median_of_its_guesses_errors(stored):
    told = []
    for letter, recording in stored("holes").items():
        layers = zip(*recording.column("guess_error")[:, :3].tolist(), strict=True)
        told.append(f"{letter} {', '.join(number_text(statistics.median(errors)) for errors in layers)}")
    assert BLOCKS(stored("holes")) == (
        f"Error of guessing from its neighbours what was dropped, layer by layer (guessing the map's mean: 1): {'; '.join(told)}."
    )


def test_the_gap_is_test_loss_less_training_loss(stored):
    told = []
    for letter, recording in stored("gap").items():
        test, train, right = (float(recording.column(name)[-1]) for name in ("test_loss", "train_loss", "test_accuracy"))
        told.append(f"{letter} {number_text(test - train)} nats, test loss {number_text(test)}, {percent_text(right)} right")
    assert GAP(stored("gap")) == f"Test loss less training loss at the end: {'; '.join(told)}."


def test_a_run_that_diverged_is_told():
    ended = Ending("diverged", "Diverged.", 9)
    few, holes = (LESSON.presets[name].variants["A"] for name in ("gap", "holes"))
    columns = {"loss_gap": np.float32(1), "test_loss": np.float32(2), "test_accuracy": np.float32(0.1)}
    gap = Recording(few, (), ending=ended).extend([Snapshot(9, columns)])
    maps = Recording(holes, (), ending=ended).extend([Snapshot(9, {"guess_error": np.ones(4)})])
    assert GAP({"A": gap}) == "Test loss less training loss at the end: A diverged."
    assert BLOCKS({"A": maps}).endswith(": A diverged.")


def test_nothing_is_told_of_other_runs_or_before_any_step(stored):
    assert MASKS(stored("gap")) is None
    assert BLOCKS(stored("gap")) is None
    assert GAP(stored("holes")) is None
    columns = {"output_gap": np.ones(4), "output_error": np.ones(4), "guess_error": np.ones(4)}
    columns |= {"loss_gap": np.float32(0), "test_loss": np.float32(2), "test_accuracy": np.float32(0.1)}
    fresh = {"A": Recording(LESSON.presets["gap"].variants["A"], ()).extend([Snapshot(0, columns)])}
    assert all(task.came_out(fresh) is None for task in TASKS)


def test_every_value_that_a_text_names_is_a_button():
    assert set(LESSON.tried("activation")) == {"relu", "linear"}
    assert set(LESSON.tried("block_size")) == {1, 7, 14}
    assert set(LESSON.tried("train_examples")) == {300, 3_000}
