"""What comes out of lesson 220's tasks: the same numbers, counted a second way."""

import numpy as np
import pytest

import cnnviz
from cnnviz.engine.experiment import replace
from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.lessons import find
from cnnviz.lessons.tasks.activations import CURVES, TASKS, pieces_for, upper_lines
from cnnviz.plots.numbers import number_text, percent_text

LESSON = find("activations")
SATURATION, DYING, CURVE = (task.came_out for task in TASKS)
LAYERS = ("fc1", "fc2", "fc3", "out")


def saturated(*shares):
    """A recording with these shares on a flat part, a row each, at steps 0, 10, …"""
    rows = [{"fraction_saturated": np.array([*row, 0.9]), "test_accuracy": 0.5} for row in shares]
    recording = Recording(LESSON.presets["saturation"].variants["A"], LAYERS)
    return {"A": recording.extend(Snapshot(10 * place, row) for place, row in enumerate(rows))}


def test_the_first_layer_to_saturate_is_named_with_the_step_and_what_it_comes_to(stored):
    recordings = stored("saturation")
    shares = np.asarray(recordings["A"].column("fraction_saturated"), float)[:, :4]
    row = next(row for row, each in enumerate(shares) if (each >= 0.1).any())
    layer = int(np.flatnonzero(shares[row] >= 0.1)[0])
    told = SATURATION(recordings)
    step, end = recordings["A"].steps[row], percent_text(shares[-1, layer])
    assert f": A fc{layer + 1}, at step {step:,} (at the end {end})" in told
    assert layer == 3


def test_a_layer_below_the_top_is_told_beside_the_top():
    what = "First hidden layer with a tenth of its inputs on a flat part"
    rose = saturated((0, 0, 0), (0.2, 0, 0.05), (0.46, 0, 0.27))
    assert SATURATION(rose) == f"{what}: A fc1, at step 10 (at the end 46 %, fc3 27 %)."
    assert SATURATION(saturated((0, 0, 0), (0, 0.04, 0))) == f"{what}: A none; at most 4 %, in fc2."
    half = saturated((0.5, 0.48, 0.49), (0.4, 0.6, 0.5))
    assert SATURATION(half) == f"{what}: A all from the start, with 48 % to 50 % (at the end 40 % to 60 %)."


def test_dead_units_and_right_answers_are_those_at_the_end(stored):
    recordings = stored("dying")
    parts = []
    for letter, recording in recordings.items():
        dead = np.nanmean(np.asarray(recording.column("dead_map"), float)[-1, :3])
        right = float(recording.column("test_accuracy")[-1])
        parts.append(f"{letter} {percent_text(dead)} of its hidden units dead, {percent_text(right)} of the test set right")
    assert DYING(recordings) == f"At the end: {'; '.join(parts)}."


def test_a_net_that_diverged_is_told_as_such(stored):
    short = Recording(stored("dying")["A"].experiment, LAYERS)
    short.append(Snapshot(3, {"dead_fraction": np.zeros(4), "test_accuracy": 0.1}))
    short.ending = Ending("diverged", "Diverged.", 4)
    assert DYING({"A": short}) == "At the end: A diverged."


@pytest.mark.parametrize("preset", ["saturation", "fit"])
def test_nothing_is_told_of_fresh_nets_or_of_other_kinds_of_run(preset, stored):
    fresh = {
        letter: cnnviz.record(replace(experiment, steps=0, snapshots=2, histograms=0, evaluations=0))
        for letter, experiment in LESSON.presets[preset].variants.items()
    }
    assert [task.came_out(fresh) for task in TASKS] == [None, None, None]
    assert CURVE(stored("dying")) is None
    assert SATURATION(stored("fit")) is None
    assert DYING(stored("fit")) is None


def highest_somewhere(ends):
    """The lines that are the largest at some of many places, from left to right, and where each begins."""
    x = np.linspace(-1, 1, 200_001)
    best = np.array([np.interp(x, (-1, 1), line) for line in ends]).argmax(0)
    begins = np.flatnonzero(np.diff(best, prepend=-1))
    return x[begins]


@pytest.mark.parametrize("half", ["up", "down"])
@pytest.mark.parametrize("letter", ["A", "B"])
def test_pieces_in_use_are_those_that_are_the_largest_somewhere(letter, half, stored):
    ends = stored("fit")[letter].column(f"piece_{half}")[-1].astype(float)
    assert upper_lines(ends) == pytest.approx(highest_somewhere(ends), abs=2e-5)


def test_a_line_below_the_others_is_in_use_nowhere():
    assert upper_lines(np.array([(1.0, -1.0), (-1.0, 1.0), (-2.0, -2.0)])) == [-1.0, 0.0]
    assert upper_lines(np.array([(1.0, 1.0), (-1.0, 1.0)])) == [-1.0], "they only touch at the end"
    assert upper_lines(np.array([(0.0, 0.0)])) == [-1.0]


def test_a_drawn_curve_is_told_with_the_pieces_that_it_asks_for_and_another_with_its_bends():
    settings = {"curve": "drawn", "heights": CURVES[2], "steps": 5, "evaluations": 2}
    drawn = {"A": cnnviz.record(replace(LESSON.presets["fit"].variants["A"], **settings))}
    error = np.abs(drawn["A"].column("fit_output")[-1] - drawn["A"].column("fit_target")[-1]).max()
    told = CURVE(drawn)
    assert told.startswith("On paper 2 pieces a unit are enough. Furthest from the curve at the end, and how many pieces")
    assert float(told.split(": A ")[1].split(",")[0]) == pytest.approx(error, abs=0.02), "both on points of their own"
    sine = cnnviz.record(replace(LESSON.presets["fit"].variants["B"], curve="sine", steps=5, evaluations=2))
    starts = [highest_somewhere(sine.column(f"piece_{half}")[-1].astype(float)) for half in ("up", "down")]
    places = sorted({round(place, 2) for start in starts for place in start[1:]})
    counts = " and ".join(str(len(start)) for start in starts)
    furthest = number_text(float(sine.column("test_largest_error")[-1]))
    assert CURVE({"B": sine}).endswith(f": B {furthest}, {counts} of 8, with bends at x = {', '.join(map(number_text, places))}.")


def test_curves_have_as_many_bends_as_is_said():
    for bends, heights in CURVES.items():
        slopes = np.diff(np.array(heights)).round(6)
        assert (np.diff(slopes).round(6) != 0).sum() == bends
    a = LESSON.presets["fit"].variants["A"]
    assert [pieces_for(replace(a, curve="drawn", heights=heights)) for heights in CURVES.values()] == [2, 2, 3]
    assert pieces_for(a) == 0
