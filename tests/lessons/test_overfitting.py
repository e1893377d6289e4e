"""Lesson 410: its claims on the recordings that the course ships, and what they say where they do not hold."""

import numpy as np
import pytest

import cnnviz
from cnnviz.engine.experiment import replace
from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.lessons import find
from cnnviz.lessons.overfitting import LECTURE, beside_the_lecture

LESSON = find("overfitting")
CLAIMS = {claim.measure.__name__: claim for claim in LESSON.claims}
IN_THE_PLANE = [name for name, claim in CLAIMS.items() if claim.preset in ("plane", "penalties")]


@pytest.mark.parametrize("name", IN_THE_PLANE)
def test_a_claim_fails_with_its_numbers_where_the_nets_do_not_differ(stored, name):
    shown = stored(CLAIMS[name].preset)
    plain = shown["A"]
    same = {
        v: Recording(r.experiment, plain.layers, plain.about, plain.ending).extend(plain.snapshots()) for v, r in shown.items()
    }
    measured = CLAIMS[name].measure(same)
    assert not measured.holds
    assert any(letter.isdigit() for letter in measured.sentence)


@pytest.mark.parametrize(
    ("name", "settings"), [("a_penalty_shrinks_them", {"strength": 1e-20}), ("lasso_gives_exact_zeros", {"degree": 1})]
)
def test_a_claim_about_polynomials_fails_where_the_penalty_changes_nothing(name, settings):
    variants = LESSON.presets[CLAIMS[name].preset].variants
    measured = CLAIMS[name].measure({"A": cnnviz.record(variants["A"]), "B": cnnviz.record(replace(variants["B"], **settings))})
    assert not measured.holds
    assert any(letter.isdigit() for letter in measured.sentence)


@pytest.mark.parametrize(("ended", "loss"), [(700, 0.2), (100, 0.95)])
def test_early_stopping_is_not_said_to_help_where_it_comes_late_or_changes_nothing(ended, loss):
    found = {}
    for (letter, experiment), (step, tested) in zip(
        LESSON.presets["stopping"].variants.items(), ((800, 1.0), (ended, loss)), strict=True
    ):
        values = {"test_loss": np.array(tested), "validation_loss": np.array(tested)}
        values |= {"best_step": np.array([step - 80])} if experiment.stopping.patience else {}
        found[letter] = Recording(experiment, (), ending=Ending("done", "Done.", step)).extend([Snapshot(step, values)])
    measured = CLAIMS["stopping_early_tests_better"].measure(found)
    assert not measured.holds
    assert f"step {ended}" in measured.sentence


def test_the_prediction_is_answered_by_the_accuracy_on_new_points(stored):
    assert LESSON.prediction.options[LESSON.prediction.answer(stored("plane"))] == "The net as it is"
    assert LESSON.prediction.answer(stored("degrees")) is None


def test_the_lectures_accuracies_are_fractions_of_211_and_200_points():
    for train, test in LECTURE.values():
        assert (train * 211) % 1 == pytest.approx(0, abs=1e-9) or (train * 211) % 1 == pytest.approx(1, abs=1e-9)
        assert test * 200 == pytest.approx(round(test * 200), abs=1e-9)


def test_the_lectures_accuracies_stand_beside_those_of_the_runs(stored):
    table = beside_the_lecture(stored("plane"))
    assert table["lecture, training"] == ["0.948", "0.938", "0.929"]
    assert table["here, test"][1] == f"{stored('plane')['B'].column('test_accuracy')[-1]:.3f}"
    assert beside_the_lecture(stored("degrees"))["here, test"] == ["—"] * 3


@pytest.mark.parametrize(
    ("preset", "rows"),
    [("stopping", {"none": "A"}), ("penalties", {"none": "A"}), ("ensemble", {"none": "A"}), ("mixture", {"L2": "A"})],
)
def test_a_row_beside_the_lectures_is_of_such_a_net_or_a_dash(stored, preset, rows):
    table = beside_the_lecture(stored(preset))
    expected = {name: f"{stored(preset)[letter].column('test_accuracy')[-1]:.3f}" for name, letter in rows.items()}
    assert dict(zip(table["net"], table["here, test"], strict=True)) == {**dict.fromkeys(LECTURE, "—"), **expected}
