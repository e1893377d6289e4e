"""What comes out of lesson 240's tasks: the same numbers, counted a second way."""

import numpy as np
import pytest

from cnnviz.engine.records import Recording, Snapshot
from cnnviz.lessons import find
from cnnviz.lessons.tasks.pretraining import TASKS, likeness
from cnnviz.plots.numbers import number_text, percent_text

LESSON = find("pretraining")
BY_LABELS, FILTERS, AGAIN = (task.came_out for task in TASKS)


def swept(**cells):
    """Recordings of the first preset whose sweeps came to these right answers, (labels, seeds)."""
    variants = LESSON.presets["labels"].variants
    return {
        letter: Recording(variants[letter], ("10", "1,000")).extend([Snapshot(1, {"sweep_cells": np.array(found)})])
        for letter, found in cells.items()
    }


@pytest.mark.parametrize("preset", ["labels", "modern"])
def test_right_answers_and_the_lead_of_the_better_autoencoder_are_means_of_the_seeds(preset, stored):
    recordings = stored(preset)
    means = {
        letter: [sum(map(float, row)) / len(row) for row in recording.column("sweep_cells")[-1]]
        for letter, recording in recordings.items()
    }
    rights = "; ".join(f"{letter} {percent_text(found[0])}" for letter, found in means.items())
    few, many = (100 * (max(means["B"][place], means["C"][place]) - means["A"][place]) for place in (0, -1))
    assert min(few, many) > 0.05
    told = (
        f"Right on the test set with 10 labels, mean of 3 seeds: {rights}. The better of B and C is {number_text(round(few, 1))} "
        f"points ahead of A; with 1,000 labels, {number_text(round(many, 1))} points ahead of it."
    )
    assert BY_LABELS(recordings) == AGAIN(recordings) == told


def test_a_lead_of_the_start_from_scratch_is_told_as_such():
    told = BY_LABELS(swept(A=[[0.6, 0.5], [0.9, 0.9]], B=[[0.5, 0.4], [0.9, 0.9]]))
    assert told.endswith(" A 55 %; B 45 %. B is 10 points behind A; with 1,000 labels, level with it.")


def test_nothing_is_told_of_a_sweep_that_is_not_whole_or_of_other_runs(stored):
    assert BY_LABELS(swept(A=[[0.6, 0.5], [0.9, np.nan]], B=[[0.5, 0.4], [0.9, 0.9]])) is None
    assert BY_LABELS(stored("watch")) is None
    assert BY_LABELS({}) is None
    assert FILTERS(stored("labels")) is None


def correlated(image, apart):
    """Covariance of pixels so far apart over the variance of all, pair by pair."""
    own = image - image.mean()
    height, width = own.shape
    across = [own[row, column] * own[row, column + apart] for row in range(height) for column in range(width - apart)]
    down = [own[row, column] * own[row + apart, column] for row in range(height - apart) for column in range(width)]
    return (np.mean(across) + np.mean(down)) / 2 / np.mean(own**2)


def test_filters_of_autoencoders_alone_are_told_near_and_far(stored):
    recordings = stored("clothes")
    parts = []
    for letter in "BC":
        images = recordings[letter].column("first_filters")[-1].astype(float)
        near, far = (number_text(float(np.mean([correlated(image, apart) for image in images]))) for apart in (1, 8))
        parts.append(f"{letter} {near} and {far}")
    what = "Correlation of a filter's weights 1 pixel and 8 pixels apart, mean of the filters at the end"
    assert FILTERS(recordings) == f"{what}: {'; '.join(parts)}."


def test_digits_are_too_small_for_weights_eight_pixels_apart_and_fresh_filters_tell_nothing(stored):
    assert FILTERS(stored("watch")) is None
    fresh = Recording(stored("clothes")["B"].experiment, ())
    fresh.append(Snapshot(0, {"first_filters": np.ones((9, 28, 28))}))
    assert FILTERS({"B": fresh}) is None


def test_smooth_filters_are_alike_and_noise_is_not():
    slope = np.linspace(-1, 1, 28)[None, :, None].repeat(28, 2)
    noise = np.random.default_rng(0).normal(size=(9, 28, 28))
    assert likeness(slope, 1) > 0.9
    assert abs(likeness(noise, 1)) < 0.1
    assert likeness(np.zeros((2, 28, 28)), 1) == 0
