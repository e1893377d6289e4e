"""What comes out of lesson 330's tasks: the same numbers, counted a second way."""

import statistics

import numpy as np

from cnnviz.engine.experiment import replace
from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.lessons import find
from cnnviz.lessons.tasks.covariate_shift import TASKS
from cnnviz.plots.numbers import number_text, percent_text

LESSON = find("covariate_shift")
RATE, NOISE, DOMAIN = (task.came_out for task in TASKS)


def mean_loss(recording):
    """Snapshot by snapshot: each stretch's losses lie on a straight line, both of its ends among them."""
    steps, losses = recording.steps_of("loss"), recording.column("loss").astype(float)
    on_the_way = [losses[0]]
    for here, there, first, second in zip(steps[:-1], steps[1:], losses[:-1], losses[1:], strict=True):
        on_the_way += [first + (second - first) * (step - here) / (there - here) for step in range(here + 1, there + 1)]
    return sum(on_the_way) / len(on_the_way)


def test_mean_loss_shift_and_right_answers_are_those_of_the_run(stored):
    told = []
    for letter, recording in stored("noisy").items():
        shifts = [float(row[2]) for row in recording.column("input_shift")]
        shift = statistics.median(shifts[len(shifts) // 5 :])
        right = percent_text(float(recording.column("test_accuracy")[-1]))
        told.append(f"{letter} {number_text(mean_loss(recording))} nats, {number_text(shift)} σ, {right}")
    begun = "Mean loss over the run, shift of layer 3's inputs between snapshots, right at the end: "
    assert RATE(stored("noisy")) == begun + "; ".join(told) + "."
    assert NOISE is RATE


def test_right_answers_in_each_colour_stand_beside_those_with_renewed_statistics(stored):
    told = []
    for letter, recording in stored("domains").items():
        rows = [recording.column(name)[-1] for name in ("domain_accuracy", "domain_adapted") if name in recording.names]
        shares = [[number_text(100 * float(row[place])) for place in (1, 2, 3, 4)] for row in rows]
        words = [f"{red}, {green}, {blue} and {grey} %" for red, green, blue, grey in shares]
        told.append(f"{letter} {', renewed '.join(words)}")
    assert [len(each.split("renewed")) for each in told] == [1, 2, 2]
    assert DOMAIN(stored("domains")) == (
        f"Right on red, green, blue and grey shapes (a guess: 12.5 %), and with statistics renewed there: {'; '.join(told)}."
    )


def test_a_run_that_diverged_is_told_with_its_step():
    ended = Ending("diverged", "Diverged.", 4)
    inside = {"test_accuracy": np.float32(0.1), "input_shift": np.full(10, 2.0), "loss": np.float32(9)}
    noisy = Recording(LESSON.presets["noisy"].variants["A"], tuple("0123456789"), ending=ended).extend([Snapshot(3, inside)])
    red = Recording(LESSON.presets["domains"].variants["A"], (), ending=ended)
    assert RATE({"A": noisy}).endswith(": A diverged at step 4.")
    assert DOMAIN({"A": red.extend([Snapshot(3, {"domain_accuracy": np.zeros(6)})])}).endswith(": A diverged.")


def test_nothing_is_told_of_other_runs_fresh_nets_or_nets_of_two_layers(stored):
    assert RATE(stored("domains")) is None
    assert DOMAIN(stored("noisy")) is None
    measured = {"test_accuracy": np.float32(0.1), "input_shift": np.zeros(2), "domain_accuracy": np.zeros(6)}
    start = LESSON.presets["noisy"].variants["A"]
    fresh = {"A": Recording(start, ("1", "2", "3")).extend([Snapshot(0, measured)])}
    shallow = {"A": Recording(replace(start, depth=3), ("1", "2")).extend([Snapshot(9, measured)])}
    assert all(task.came_out(fresh) is None for task in TASKS)
    assert RATE(shallow) is None


def test_every_value_that_a_text_names_is_a_button():
    assert {0.03, 0.2} <= set(LESSON.tried("lr"))
    assert set(LESSON.tried("domain")) == {"red", "grey"}
    assert min(LESSON.tried("noise_mean")) == LESSON.presets["noisy"].variants["C"].get("noise_mean")
