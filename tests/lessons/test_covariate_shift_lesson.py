"""Lesson 330: what its presets show beside the claims, and what the claims say where they do not hold."""

import numpy as np
import pytest

import cnnviz
from cnnviz.engine.experiment import replace
from cnnviz.engine.records import Recording, Snapshot
from cnnviz.engine.words import DOMAINS
from cnnviz.lessons import find

LESSON = find("covariate_shift")
CLAIMS = {claim.measure.__name__: claim for claim in LESSON.claims}


@pytest.mark.parametrize("name", [name for name, claim in CLAIMS.items() if claim.preset == "noisy"])
def test_a_claim_fails_with_its_numbers_where_the_nets_do_not_differ(stored, name):
    plain = stored("noisy")["A"]
    variants = LESSON.presets["noisy"].variants
    same = {v: Recording(e, plain.layers, plain.about, plain.ending).extend(plain.snapshots()) for v, e in variants.items()}
    measured = CLAIMS[name].measure(same)
    assert not measured.holds
    assert any(letter.isdigit() for letter in measured.sentence)


@pytest.mark.parametrize(
    ("name", "single", "adapted"),
    [
        ("accuracy_falls_elsewhere", 0.8, 0.8),
        ("renewing_does_not_teach_colours", 0.3, 0.8),
        ("many_colours_carry_over", 0.8, 0.8),
    ],
)
def test_a_claim_about_domains_fails_where_colours_make_no_difference(name, single, adapted):
    found = {}
    for letter, experiment in LESSON.presets["domains"].variants.items():
        level = 0.8 if experiment.data.domain == "any" else single
        values = {"domain_accuracy": level, "domain_adapted": adapted}
        snapshot = Snapshot(0, {column: np.full(len(DOMAINS), value) for column, value in values.items()})
        found[letter] = Recording(experiment, ()).extend([snapshot])
    assert not CLAIMS[name].measure(found).holds


def test_the_prediction_is_answered_by_the_mean_losses(stored):
    losses = [np.trapezoid(recording.column("loss"), recording.steps) for recording in stored("noisy").values()]
    assert losses[1] < losses[2] < losses[0]
    assert LESSON.prediction.options[LESSON.prediction.answer(stored("noisy"))].startswith("Better than without norm")
    assert LESSON.prediction.answer(stored("domains")) is None


def test_a_sigmoid_units_inputs_shift_less_with_batch_norm(stored):
    shifts = [np.median(recording.column("input_shift")[:, 2]) for recording in stored("inputs").values()]
    assert shifts[1] < shifts[0] / 2


def test_a_run_starts_with_the_same_weights_whatever_the_norm():
    first = [replace(e, steps=1, snapshots=2) for e in LESSON.presets["noisy"].variants.values()]
    norms = [cnnviz.record(experiment).column("weight_norm")[0] for experiment in first]
    assert all(np.array_equal(norms[0], other) for other in norms)
