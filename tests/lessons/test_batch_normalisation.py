"""Lesson 310: what its presets show beside the claims, and that a claim fails with its numbers where it is not so."""

import numpy as np
import pytest

import cnnviz
from cnnviz.engine.experiment import replace
from cnnviz.engine.records import Recording
from cnnviz.lessons import batch_normalisation as lesson
from cnnviz.lessons import find

LESSON = find("batch_normalisation")
CLAIMS = {claim.measure.__name__: claim for claim in LESSON.claims}


@pytest.mark.parametrize("name", ["ages", "outlier", "constant"])
def test_hand_and_autograd_agree_on_every_sample(name):
    assert lesson.hand_equals_autograd(cnnviz.record_together(LESSON.presets[name].variants)).holds


def test_the_prediction_is_answered_by_the_accuracy_itself(stored):
    assert stored("rate")["B"].column("test_accuracy")[-1] > 0.6
    assert LESSON.prediction.options[LESSON.prediction.answer(stored("rate"))] == "More than 60 %"
    assert LESSON.prediction.answer(stored("small")) is None


def maps(plain, normed):
    """Recordings of two maps with these accuracies, (scales, rates)."""
    found = {}
    for letter, norm, cells in (("A", "none", plain), ("B", "batch", normed)):
        experiment = replace(lesson.MAP, norm=norm, sweep_values=(0.1, 1.0), sweep_across_values=(1.0, 10.0))
        recording = Recording(experiment, ("0.1", "1"))
        cells = np.array(cells, float)
        recording.append(cnnviz.Snapshot(1, {"sweep_map": cells, "sweep_lost": np.where(np.isnan(cells), 0, np.nan)}))
        found[letter] = recording
    return found


def test_the_maps_claims_fail_with_their_numbers_where_both_maps_are_alike():
    alike = maps([[0.8, 0.3], [0.7, 0.2]], [[0.8, 0.3], [0.7, 0.2]])
    assert lesson.tolerates_larger_rate(alike).sentence.endswith("is 0.1 without and 0.1 with batch norm: 1 times larger.")
    assert not lesson.tolerates_larger_rate(alike).holds
    assert not lesson.depends_less_on_scale(alike).holds


def test_a_diverged_cell_counts_as_guessing():
    assert lesson.tolerates_larger_rate(maps([[0.8, np.nan], [np.nan, np.nan]], [[0.8, 0.8], [0.8, 0.8]])).holds


@pytest.mark.parametrize(
    ("claim", "settings"),
    [
        ("survives_the_rate", {"lr": 1.0, "init_scale": 0.01, "steps": 3}),
        ("depends_on_the_batch", {"batch_size": 8, "steps": 1, "lr": 1e-6}),
    ],
)
def test_a_claim_fails_with_its_numbers_where_it_is_not_so(claim, settings):
    base = replace(lesson.BASE, evaluations=2, **settings)
    measured = CLAIMS[claim].measure(cnnviz.record_together({"A": base, "B": replace(base, norm="batch")}))
    assert not measured.holds, measured.sentence


@pytest.mark.parametrize("seed", range(4))
def test_few_images_leave_a_smaller_gap_in_loss_on_each_of_the_four_seeds(seed):
    variants = {letter: replace(e, seed=seed, snapshots=2, evaluations=2) for letter, e in LESSON.presets["gap"].variants.items()}
    measured = lesson.narrows_the_gap(cnnviz.record_together(variants))
    assert measured.holds, measured.sentence


def test_both_nets_know_their_few_images_by_heart_so_that_the_gap_is_all_on_the_test_set(stored):
    assert [stored("gap")[letter].column("train_accuracy")[-1] for letter in "AB"] == [1, 1]


def gaps(losses, rights):
    """Recordings of the nets without and with batch norm that end with these gaps in loss and in right answers."""
    recordings = {}
    for letter, loss, right in zip("AB", losses, rights, strict=True):
        recordings[letter] = Recording(LESSON.presets["gap"].variants[letter], ())
        figures = {"loss_gap": loss, "accuracy_gap": right, "test_accuracy": 1 - right}
        recordings[letter].append(cnnviz.Snapshot(1, {name: np.array(value) for name, value in figures.items()}))
    return recordings


def test_the_gaps_are_told_in_nats_and_in_points():
    measured = lesson.narrows_the_gap(gaps([1.5, 1.0], [0.25, 0.26]))
    assert measured.holds
    assert measured.sentence == (
        "Test less training, loss: 1.5 nats without batch norm, 1 with it. Training less test, right answers: 25 points without, "
        "26 with it."
    )


@pytest.mark.parametrize(
    ("losses", "rights"),
    [
        pytest.param([1.5, 1.3], [0.25, 0.25], id="nearly as large in loss"),
        pytest.param([1.5, 1.0], [0.25, 0.32], id="larger in right answers"),
        pytest.param([1.5, 1.0], [0.25, 0.18], id="smaller in right answers"),
    ],
)
def test_gaps_unlike_those_claimed_fail_the_claim(losses, rights):
    assert not lesson.narrows_the_gap(gaps(losses, rights)).holds


@pytest.mark.parametrize("losses", [(np.nan, 1.0), (1.5, np.nan), (-0.1, 0.1)], ids=["A diverged", "B diverged", "no gap yet"])
def test_nothing_is_said_of_a_gap_that_is_not_there(losses):
    assert lesson.narrows_the_gap(gaps(losses, [0.25, 0.25])) is None


def test_nothing_is_said_of_a_gap_without_tests_on_the_training_set(stored):
    assert lesson.narrows_the_gap(stored("rate")) is None


def test_the_tables_show_the_numbers_of_the_calculation(stored):
    recordings = stored("ages")
    experiment = recordings["A"].experiment
    forward = lesson.forward_table(experiment)
    assert forward["xᵢ"] == ["18", "25", "31", "38", "46", "55", "67", "80"]
    assert lesson.moments(experiment) == "μ = 45, σ² = 398"
    backward = lesson.backward_table(experiment, recordings)
    assert backward["by hand"] == backward["by autograd"]
    assert set(lesson.backward_table(experiment, {})["by autograd"]) == {"…"}
