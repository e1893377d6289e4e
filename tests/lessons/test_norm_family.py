"""Lesson 320: what its presets show beside the claims, and what the claims say where they do not hold."""

import numpy as np
import pytest

import cnnviz
from cnnviz.engine.experiment import replace
from cnnviz.engine.records import Recording
from cnnviz.lessons import find
from cnnviz.lessons import norm_family as lesson

LESSON = find("norm_family")
CLAIMS = {claim.measure.__name__: claim for claim in LESSON.claims}
ENDS = (2, 32)  # of the six batch sizes, those that the claims are about


def test_the_prediction_is_answered_by_the_lowest_curve_at_batch_size_2(stored):
    means = [recording.column("sweep_cells")[-1][0].mean() for recording in stored("batch_size").values()]
    assert LESSON.prediction.answer(stored("batch_size")) == int(np.argmin(means)) == 0
    assert LESSON.prediction.answer(stored("spectral")) is None


def sweep(**means):
    """Recordings of a sweep over batch sizes 2 and 32 whose seeds all give these accuracies."""
    base = replace(LESSON.presets["batch_size"].variants["A"], sweep_values=ENDS)
    found = {}
    for letter, (norm, values) in zip("ABCD", means.items(), strict=False):
        recording = Recording(replace(base, norm=norm), ("2", "32"))
        recording.append(cnnviz.Snapshot(1, {"sweep_cells": np.array(values, np.float32)[:, None].repeat(3, axis=1)}))
        found[letter] = recording
    return found


@pytest.mark.parametrize(
    ("name", "means", "told"),
    [
        ("small_batches", {"batch": (0.9, 0.9), "layer": (0.95, 0.9), "group": (0.95, 0.9)}, "batch norm 90 %"),
        ("large_batches", {"batch": (0.5, 0.9), "layer": (0.9, 0.8), "group": (0.9, 0.9)}, "at most 10 points apart"),
    ],
)
def test_a_claim_fails_with_its_numbers_where_it_is_not_so(name, means, told):
    measured = CLAIMS[name].measure(sweep(**means))
    assert measured is not None
    assert not measured.holds
    assert told in measured.sentence


def rows(preset, **columns):
    """Recordings of a recurrent preset whose last snapshots hold these numbers, one a variant."""
    found = {}
    for place, (letter, experiment) in enumerate(LESSON.presets[preset].variants.items()):
        found[letter] = Recording(experiment, ())
        found[letter].append(cnnviz.Snapshot(1, {name: np.float32(values[place]) for name, values in columns.items()}))
    return found


@pytest.mark.parametrize(
    ("name", "columns", "told"),
    [
        ("rows_level", {"test_accuracy": (0.9, 0.8), "test_loss": (0.1, 0.1)}, "Batch norm 90 %, layer norm 80 %"),
        ("pairs_fail", {"test_accuracy": (0.9, 0.95), "test_loss": (0.1, 0.1)}, "layer norm 95 % right"),
        ("sharing_costs", {"test_accuracy": (0.9, 0.9), "test_loss": (0.1, 0.11), "loss": (0.1, 0.1)}, "0.11 with shared ones"),
        ("sharing_costs", {"test_accuracy": (0.9, 0.9), "test_loss": (0.1, 0.9), "loss": (0.1, 0.4)}, "other batch losses"),
    ],
)
def test_a_claim_on_rows_fails_with_its_numbers_where_it_is_not_so(name, columns, told):
    measured = CLAIMS[name].measure(rows(CLAIMS[name].preset, **columns))
    assert measured is not None
    assert not measured.holds
    assert told in measured.sentence


def test_claims_on_rows_are_made_of_their_own_presets_alone():
    columns = {"test_accuracy": (0.9, 0.9), "test_loss": (0.1, 0.1), "loss": (0.1, 0.1)}
    for preset in ("recurrent", "recurrent_pairs", "recurrent_shared", "maps"):
        made = [name for name, claim in CLAIMS.items() if claim.measure(rows(preset, **columns)) is not None]
        assert made == [claim.measure.__name__ for claim in LESSON.claims if claim.preset == preset]


def test_no_claim_is_made_of_a_sweep_that_has_not_ended():
    half = sweep(batch=(0.2, np.nan), layer=(0.9, np.nan), group=(0.9, np.nan), none=(0.9, np.nan))
    assert [claim.measure(half) for claim in LESSON.claims] == [None] * len(LESSON.claims)


def test_the_families_table_has_a_row_for_every_norm_and_a_cell_for_every_heading():
    heading, *rows = lesson.FAMILY
    assert {len(row) for row in rows} == {len(heading)}
    assert {row[0].lower() for row in rows} | {"none"} == set(lesson.OFFERED)
