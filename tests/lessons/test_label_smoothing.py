"""Lesson 440: what its presets show beside the claims, and what the claims say where they do not hold."""

import re

import numpy as np
import pytest

from cnnviz.engine import data
from cnnviz.engine.experiment import replace
from cnnviz.engine.records import Recording, Snapshot
from cnnviz.lessons import find
from cnnviz.lessons import label_smoothing as content
from cnnviz.plots.clusters import cluster_spread_over_steps
from cnnviz.plots.live_plot import headline_text

LESSON = find("label_smoothing")
CLAIMS = {claim.measure.__name__: claim for claim in LESSON.claims}
every_claim = pytest.mark.parametrize("name", CLAIMS)


def relabelled(recording, experiment):
    """The same numbers as if they were another experiment's."""
    return Recording(experiment, recording.layers, recording.about, recording.ending).extend(recording.snapshots())


@every_claim
def test_a_claim_fails_with_its_numbers_where_smoothing_makes_no_difference(stored, name):
    """Every variant has the numbers of the net with hard targets; of the sweep, those of ε = 0."""
    shipped = stored(CLAIMS[name].preset)
    plain = [
        r for r in shipped.values() if not r.experiment.targets.smoothing and not r.experiment.distillation.teacher_smoothing
    ]
    hard = next(iter(plain), None)
    if name == "a_little_is_best":
        last = list(shipped["A"].snapshots())[-1]
        level = {**last.values, "sweep_cells": np.repeat(last.values["sweep_cells"][:1], 6, axis=0)}
        same = {"A": Recording(shipped["A"].experiment, shipped["A"].layers).extend([Snapshot(last.step, level)])}
    else:
        same = {letter: relabelled(hard, r.experiment) for letter, r in shipped.items()}
        if name == "margin_meets_the_formula":
            limits = [Snapshot(s.step, {**s.values, "margin_limit": np.float32(4.394)}) for s in hard.snapshots()]
            same = {"A": Recording(shipped["A"].experiment, hard.layers).extend(limits)}
    measured = CLAIMS[name].measure(same)
    assert not measured.holds
    assert any(letter.isdigit() for letter in measured.sentence)


def test_no_claim_about_margins_is_made_of_a_net_that_has_not_learned_its_set(stored):
    shipped = stored("margin")
    guessing = {
        letter: Recording(r.experiment, r.layers).extend(
            Snapshot(s.step, {**s.values, "accuracy": np.float32(0.1)}) for s in r.snapshots()
        )
        for letter, r in shipped.items()
    }
    assert content.margin_meets_the_formula(guessing) is None
    assert content.hard_margin_grows(guessing) is None


def test_the_prediction_is_answered_by_the_confidence_of_the_net_with_hard_targets(stored):
    confidence = float(stored("sure")["B"].column("confidence")[-1])
    assert confidence > 0.9
    assert LESSON.prediction.options[LESSON.prediction.answer(stored("sure"))] == "More than 90 %"
    assert LESSON.prediction.answer(stored("clusters")) is None


def test_a_smoothed_teacher_that_knows_less_proves_nothing(stored):
    """Its student may be behind for that reason alone."""
    shipped = stored("teachers")
    worse = [Snapshot(s.step, {**s.values, "teacher_accuracy": np.float32(0.5)}) for s in shipped["B"].snapshots()]
    found = {**shipped, "B": Recording(shipped["B"].experiment, shipped["B"].layers).extend(worse)}
    assert not content.a_smoothed_teacher_teaches_worse(found).holds


def test_the_smoothed_teacher_says_less_beside_the_right_class(stored):
    """Standard deviation of what each row gives the nine other classes, over their mean."""
    variation = []
    for letter in "AB":
        rows = stored("teachers")[letter].column("teacher_says")[-1].astype(float)
        others = rows[~np.eye(10, dtype=bool)].reshape(10, 9)
        variation.append((others.std(1) / others.mean(1)).mean())
    assert variation[1] < variation[0] / 3
    assert content.taught(LESSON.presets["teachers"].variants) == ("A", "B")


def test_every_size_that_is_offered_is_there_and_holds_a_batch():
    for preset in LESSON.presets.values():
        experiment = preset.variants["A"]
        sizes = content.training_sets(experiment)
        assert data.load(experiment.data.dataset, max(sizes), 10, 0).train_inputs.shape[0] == max(sizes)
        assert min(sizes) >= 100 >= experiment.batch_size


def test_three_classes_are_named_for_each_data_set():
    sure, digits = (LESSON.presets[name].variants["A"] for name in ("sure", "clusters"))
    assert content.class_names(sure) == ("T-shirt", "Trouser", "Pullover")
    assert content.class_names(digits) == ("0", "1", "2")
    assert content.class_names(replace(digits, dataset="shapes")) == ("0", "1", "2")


@pytest.mark.parametrize(("preset", "told"), [("sure", "lie no closer together"), ("clusters", "gather too")])
def test_the_claim_on_clusters_says_whether_new_examples_gather_as_those_that_were_learned_do(stored, preset, told):
    shipped = stored(preset)
    smooth, hard = (float(shipped[letter].column("test_cluster_spread")[-1]) for letter in "AB")
    assert (smooth >= hard, smooth < 0.8 * hard) == (preset == "sure", preset == "clusters")
    measured = content.clusters_are_tighter(shipped)
    assert measured.holds
    assert measured.sentence.endswith(f": new examples {told}.")


def test_the_chart_of_spreads_tells_that_of_training_and_that_of_the_test_set(stored):
    headline = headline_text(cluster_spread_over_steps("AB").headline, stored("sure"), 600)
    both = r"[\d.]+ % in training and [\d.]+ % on the test set"
    assert re.fullmatch(rf"Spread: A {both}, B {both}", headline)
