"""What comes out of lesson 320's tasks: the same numbers, read a second way."""

import csv
import io

import numpy as np

import cnnviz
from cnnviz.engine.experiment import replace
from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.lessons import find
from cnnviz.lessons.tasks.norm_family import TASKS
from cnnviz.plots.numbers import number_text, percent_text

LESSON = find("norm_family")
MEANS, GROUPS, ROWS = (task.came_out for task in TASKS)


def lines(recording):
    """The rows of a recording's CSV, in which a column stands in the rows where it was measured."""
    return list(csv.DictReader(io.StringIO(recording.to_csv())))


def final(recording, column):
    return next(float(line[column]) for line in reversed(lines(recording)) if line[column])


def told_on_test(recording):
    return f"{percent_text(final(recording, 'test_accuracy'))} right, loss {number_text(final(recording, 'test_loss'))}"


def test_both_nets_are_told_by_their_norm_with_right_answers_and_loss_on_the_test_set(stored):
    a, b = (told_on_test(stored("recurrent_pairs")[letter]) for letter in "AB")
    assert ROWS(stored("recurrent_pairs")) == f"On the test set at the end: A (batch norm) {a}; B (layer norm) {b}."
    assert MEANS is ROWS


def test_norms_are_told_apart_by_the_first_four_losses_and_by_their_groups(stored):
    told = []
    for letter, name in (("A", "batch norm"), ("B", "group norm of 4 groups")):
        recording = stored("maps")[letter]
        one, two, three, four = (number_text(float(line["loss"])) for line in lines(recording)[:4])
        told.append(f"{letter} ({name}) {told_on_test(recording)}, after first batch losses of {one}, {two}, {three} and {four}")
    assert GROUPS(stored("maps")) == f"On the test set at the end: {'; '.join(told)}."


def test_one_group_begins_as_layer_norm_and_a_group_a_channel_as_instance_norm():
    maps = replace(LESSON.presets["maps"].variants["A"], steps=3, snapshots=4, evaluations=2, histograms=0)
    settings = ({"norm": "group", "groups": 1}, {"norm": "layer"}, {"norm": "group", "groups": 16}, {"norm": "instance"})
    one, layer, many, instance = (cnnviz.record(replace(maps, **each)).column("loss") for each in settings)
    assert np.allclose(one, layer, rtol=1e-4)
    assert np.allclose(many, instance, rtol=1e-4)
    assert not np.allclose(one, many, rtol=1e-2)


def test_a_run_that_diverged_is_told_by_name():
    measured = {"test_accuracy": np.float32(0.1), "test_loss": np.float32("nan"), "loss": np.float32(1)}
    plain = replace(LESSON.presets["maps"].variants["A"], norm="none")
    recording = Recording(plain, (), ending=Ending("diverged", "Diverged.", 9)).extend([Snapshot(9, measured)])
    assert MEANS({"A": recording}) == "On the test set at the end: A (no norm) diverged."


def test_nothing_is_told_of_a_sweep_or_of_fresh_nets(stored):
    assert all(task.came_out(stored("batch_size")) is None for task in TASKS)
    measured = {"test_accuracy": np.float32(0.1), "test_loss": np.float32(2.3), "loss": np.float32(2.3)}
    fresh = {"A": Recording(LESSON.presets["maps"].variants["A"], ()).extend([Snapshot(0, measured)])}
    assert all(task.came_out(fresh) is None for task in TASKS)


def test_every_value_that_a_text_names_is_a_button():
    assert LESSON.tried("groups") == (1, 16)
    assert LESSON.tried("batch_size") == (2, 4, 8, 16)
    assert LESSON.tried("norm") == ("none",)
