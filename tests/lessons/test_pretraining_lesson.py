"""Lesson 240: what its presets show beside the claims, and what the claims say where they do not hold."""

import numpy as np
import pytest

import cnnviz
from cnnviz.engine.experiment import replace
from cnnviz.engine.records import Recording
from cnnviz.lessons import find
from cnnviz.lessons import pretraining as lesson

LESSON = find("pretraining")
CLAIMS = {claim.measure.__name__: claim for claim in LESSON.claims}


def test_with_ten_labels_both_autoencoders_beat_the_start_from_scratch_on_every_seed(stored):
    a, b, c, _d = (recording.column("sweep_cells")[-1] for recording in stored("labels").values())
    assert (np.minimum(b[0], c[0]) > a[0]).all()
    assert max(b[-1].mean(), c[-1].mean()) - a[-1].mean() < 0.06


def test_the_prediction_is_answered_by_the_lead_with_ten_labels(stored):
    a, b, c, _d = (recording.column("sweep_cells")[-1].mean(1) for recording in stored("labels").values())
    lead = 100 * float(max(b[0], c[0]) - a[0])
    low, high = [(-100, 0), (0, 5), (5, 15), (15, 100)][LESSON.prediction.answer(stored("labels"))]
    assert low <= lead < high
    assert LESSON.prediction.answer(stored("modern")) is None
    assert LESSON.prediction.answer(stored("watch")) is None


def sweep(**means):
    """Recordings of a sweep over two numbers of labels: for each an accuracy that all three seeds give, or one a seed."""
    base = replace(LESSON.presets["labels"].variants["A"], sweep_values=(10, 1_000))
    found = {}
    for letter, (scheme, values) in zip("ABCD", means.items(), strict=False):
        recording = Recording(replace(base, pretraining=scheme), ("10", "1,000"))
        cells = np.array([np.broadcast_to(accuracies, 3) for accuracies in values], np.float32)
        recording.append(cnnviz.Snapshot(1, {"sweep_cells": cells}))
        found[letter] = recording
    return found


@pytest.mark.parametrize(
    ("name", "means", "told"),
    [
        ("few_labels_win", {"none": (0.8, 0.9), "autoencoder": (0.9, 0.9), "greedy": (0.82, 0.9)}, "from scratch 80 %"),
        ("gap_closes", {"none": (0.5, 0.7), "autoencoder": (0.7, 0.9), "greedy": (0.6, 0.9)}, "20 points with 10 labels and 20"),
        (
            "transfer_is_narrow",
            {"none": (0.5, 0.9), "autoencoder": (0.6, 0.9), "greedy": (0.6, 0.9), "transfer": (0.7, 0.9)},
            "transfer 70 %",
        ),
    ],
)
def test_a_claim_fails_with_its_numbers_where_it_is_not_so(name, means, told):
    measured = CLAIMS[name].measure(sweep(**means))
    assert measured is not None
    assert not measured.holds
    assert told in measured.sentence


@pytest.mark.parametrize(("one_seed", "holds"), [(0.51, True), (0.49, False)])
def test_pre_training_wins_where_it_leads_on_every_seed_whatever_other_seeds_got(one_seed, holds):
    recordings = sweep(none=((0.5, 0.7, 0.5), 0.9), autoencoder=(0.8, 0.9), greedy=((one_seed, 0.8, 0.8), 0.9))
    measured = CLAIMS["few_labels_win"].measure(recordings)
    assert measured.holds == holds
    assert measured.sentence.endswith(f"the least lead on one seed is {'1' if holds else '−1'} points.")


def test_no_claim_is_made_of_a_sweep_that_has_not_ended():
    half = sweep(none=(0.5, np.nan), autoencoder=(0.9, np.nan), greedy=(0.9, np.nan), transfer=(0.4, np.nan))
    assert [claim.measure(half) for claim in LESSON.claims] == [None] * len(LESSON.claims)


def test_all_four_learn_the_task_from_the_same_examples_and_batches():
    for preset in LESSON.presets.values():
        assert {lesson._scheme(Recording(e, ())) for e in preset.variants.values()} == set(lesson.SCHEMES)
        assert len({replace(e, pretraining="none") for e in preset.variants.values()}) == 1
