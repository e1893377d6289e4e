"""Sweeps over one setting or two: many small runs as one recording that grows, each number that of a run of its own."""

import numpy as np
import pytest

from cnnviz import Experiment, ExperimentError, Recording, record, record_together, replace, train, train_together
from cnnviz.engine import train as training
from cnnviz.engine.experiment import rule
from cnnviz.engine.words import SWEPT
from cnnviz.settings import Settings

BASE = Experiment.of(
    dataset="digits", train_examples=200, test_examples=50, depth=3, width=8, batch_size=16, steps=12, lr=0.1,
    pretraining_steps=6, task_classes=5, seed=3,
)  # fmt: skip
SWEEP = replace(BASE, sweep_over="labels", sweep_values=(10, 20, 50), sweep_seeds=2)
VARIANTS = {"A": SWEEP, "B": replace(SWEEP, pretraining="greedy")}


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    monkeypatch.setattr(training, "settings", Settings(device="cpu"))


def alone(experiment):
    return record(experiment).column("test_accuracy")[-1]


def test_a_sweep_is_each_value_with_each_seed():
    runs = [(run.get("labels"), run.seed) for run in SWEEP.cells()]
    assert runs == [(10, 3), (20, 3), (50, 3), (10, 4), (20, 4), (50, 4)]
    assert {run.is_sweep for run in SWEEP.cells()} == {False}
    assert [*BASE.cells()] == [BASE]
    assert (SWEEP.total_steps, BASE.total_steps) == (6 * 18, 18)


@pytest.mark.parametrize("name", SWEPT)
def test_whatever_can_be_swept_is_a_number(name):
    assert rule(name).kind in {"whole", "real"}


def test_over_batch_sizes_runs_can_see_equally_many_examples_at_a_rate_in_proportion():
    over = replace(BASE, sweep_over="batch_size", sweep_values=(2, 8, 32), lr=0.1, batch_size=16, pretraining_steps=0)
    assert [(run.batch_size, run.steps, run.get("lr")) for run in over.cells()] == [(2, 12, 0.1), (8, 12, 0.1), (32, 12, 0.1)]
    fair = replace(over, sweep_examples=640, sweep_scaled=True)
    runs = [(run.batch_size, run.steps, run.get("lr")) for run in fair.cells()]
    assert runs == [(2, 320, pytest.approx(0.0125)), (8, 80, pytest.approx(0.05)), (32, 20, pytest.approx(0.2))]
    assert fair.total_steps == 420
    assert [run.batch_size * run.steps for run in record(replace(fair, sweep_values=(8, 32))).experiment.cells()] == [640, 640]


def test_what_makes_batch_sizes_fair_leaves_other_sweeps_alone():
    assert [*replace(SWEEP, sweep_examples=640, sweep_scaled=True).cells()] == [*SWEEP.cells()]


def test_every_number_is_that_of_a_run_of_its_own():
    for name, recording in record_together(VARIANTS).items():
        runs = [alone(run) for run in VARIANTS[name].cells()]
        assert recording.column("sweep_cells")[-1].T.ravel().tolist() == [pytest.approx(value) for value in runs]


def test_the_curve_is_the_mean_of_its_seeds_in_a_band_from_the_lowest_to_the_highest():
    recording = record(SWEEP)
    cells = recording.column("sweep_cells")[-1]
    last = {name: recording.column(f"sweep_{name}")[-1] for name in ("values", "mean", "low", "high", "count")}
    assert last["values"].tolist() == [10, 20, 50]
    assert last["mean"] == pytest.approx(cells.mean(1))
    assert last["low"].tolist() == cells.min(1).tolist()
    assert last["high"].tolist() == cells.max(1).tolist()
    assert last["count"].tolist() == [2, 2, 2]


def test_the_curve_grows_run_by_run():
    recording = record(SWEEP)
    assert recording.steps.tolist() == [18, 36, 54, 72, 90, 108]
    assert recording.column("sweep_count").tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1], [2, 1, 1], [2, 2, 1], [2, 2, 2]]
    assert np.isnan(recording.column("sweep_mean")).tolist() == [[False, True, True], [False, False, True], *[[False] * 3] * 4]
    assert recording.ending.sentence == "Done: 6 runs, 108 steps in all."


def test_a_run_that_diverges_leaves_a_gap():
    wild = replace(SWEEP, sweep_over="lr", sweep_values=(0.001, 100.0), sweep_seeds=1, activation="linear", depth=8, steps=60)
    assert record(wild).column("sweep_count")[-1].tolist() == [1, 0]


def test_a_recorded_sweep_is_stored_and_told_as_any_other(tmp_path):
    recording = record(SWEEP)
    loaded = Recording.load(recording.save(tmp_path / "sweep.npz"))
    assert loaded.experiment == SWEEP
    assert loaded.layers == ("10", "20", "50")
    assert "sweep_mean[10],sweep_mean[20],sweep_mean[50]" in loaded.to_csv()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"sweep_over": "labels", "sweep_values": (10, 500)}, r"^labels \(=500\) must be at most "),
        ({"sweep_over": "train_examples", "sweep_values": (200, 5_000)}, r"^train_examples \(=5000\) must be at most 1437, "),
        ({"sweep_over": "width", "sweep_values": (8, 9), "norm": "group"}, r"^width \(=9\) must be divisible by groups \(=4\)\."),
        ({"sweep_over": "batch_size", "sweep_values": (1, 8), "norm": "batch"}, r"^batch_size \(=1\) must be at least 2 "),
    ],
)
def test_a_sweep_of_which_one_run_is_impossible_is_refused_before_any_is_trained(settings, sentence):
    steps = train(replace(SWEEP, labels=0, batch_size=8, **settings))
    with pytest.raises(ExperimentError, match=sentence):
        next(steps)


# Two settings: a map

MAP = replace(
    BASE, steps=5, sweep_over="lr", sweep_values=(0.01, 0.1, 1), sweep_across="init_scale", sweep_across_values=(0.5, 2)
)


def test_a_map_is_each_value_across_with_each_value_and_each_seed():
    twice = replace(MAP, sweep_seeds=2)
    runs = [(run.seed, run.get("init_scale"), run.get("lr")) for run in twice.cells()]
    assert runs == [(seed, scale, rate) for seed in (3, 4) for scale in (0.5, 2) for rate in (0.01, 0.1, 1)]
    assert {run.is_sweep or run.is_map for run in twice.cells()} == {False}
    assert (twice.is_map, SWEEP.is_map) == (True, False)
    assert twice.total_steps == 12 * (5 + 6)


def test_every_cell_of_a_map_is_a_run_of_its_own():
    variants = {"A": MAP, "B": replace(MAP, norm="batch")}
    for name, recording in record_together(variants).items():
        runs = [alone(run) for run in variants[name].cells()]
        assert recording.column("sweep_map")[-1].ravel().tolist() == [pytest.approx(value) for value in runs]
        assert recording.layers == ("0.01", "0.1", "1")


def test_a_map_grows_cell_by_cell_and_averages_its_seeds():
    recording = record(replace(MAP, sweep_seeds=2))
    known = [int(np.isfinite(cells).sum()) for cells in recording.column("sweep_map")]
    assert known == [1, 2, 3, 4, 5, 6, 6, 6, 6, 6, 6, 6]
    assert recording.column("sweep_map")[-1] == pytest.approx(recording.column("sweep_cells")[-1].mean(2))
    assert recording.ending.sentence == "Done: 12 runs, 132 steps in all."


def test_a_cell_that_diverges_is_marked_and_counts_as_not_learned():
    wild = replace(MAP, activation="linear", depth=8, steps=60, sweep_values=(0.001, 100), sweep_across_values=(0.1, 0.5))
    recording = record(wild)
    lost, cells = recording.column("sweep_lost")[-1], recording.column("sweep_map")[-1]
    assert lost[:, 1].tolist() == [0, 0]
    assert np.isnan(lost[:, 0]).all()
    assert np.isnan(cells).tolist() == [[False, True], [False, True]]
    assert recording.column("sweep_learned")[-1] == pytest.approx(np.mean(np.nan_to_num(cells) > 0.5))


def test_only_accuracies_say_how_many_runs_have_learned():
    recording = record(replace(MAP, sweep_measure="test_loss"))
    assert "sweep_learned" not in recording.names


class Watcher:
    """Ends the sweep at a step, or after so many polls."""

    lr = None
    looking = False

    def __init__(self, stop_at=None, cancel_after=None):
        self.stop_at = stop_at
        self.left = cancel_after

    def poll(self):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise InterruptedError


def test_a_sweep_that_is_asked_to_stop_ends_with_the_run_it_is_in():
    assert [snapshot.step for _name, snapshot in train_together({"A": SWEEP}, Watcher(stop_at=20))] == [18, 36]


def test_a_sweep_can_be_cancelled_within_a_run():
    seen = []
    with pytest.raises(InterruptedError):
        seen.extend(train_together({"A": SWEEP}, Watcher(cancel_after=30)))
    assert len(seen) == 1


def test_each_round_of_each_run_asks_its_control_once():
    watcher = Watcher(cancel_after=10_000)
    list(train_together(VARIANTS, watcher))
    assert 10_000 - watcher.left == SWEEP.total_steps + 6  # and once more for each run's last measurement


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"sweep_over": "seed"}, "sweep_over (='seed') must be one of none, labels, "),
        ({"sweep_values": (30, 10)}, "sweep_values (=(30, 10)) must rise from number to number."),
        ({"sweep_values": 10}, "sweep_values (=10) must be a list of at most 50 numbers."),
        ({"sweep_values": ("x",)}, "sweep_values (='x') must be a finite number."),
        (
            {"sweep_values": (5, 10)},
            "sweep_over (=labels) leads to a run that can't be made: labels (=5) must be between 10 and 60000",
        ),
        ({"sweep_across": "labels"}, "sweep_across (='labels') must be another setting than sweep_over."),
    ],
)
def test_a_bad_sweep_is_refused_in_a_sentence(settings, sentence):
    with pytest.raises(ExperimentError) as refused:
        replace(SWEEP, **settings)
    assert str(refused.value).startswith(sentence)


def test_variants_must_sweep_alike():
    with pytest.raises(ExperimentError, match=r"^sweep_values must be the same in variants that train together"):
        record_together({"A": SWEEP, "B": replace(SWEEP, sweep_values=(10, 20))})
