"""A run that would not fit into memory is refused before it starts: by an estimate that real runs stay below, and not by far."""

import json
import subprocess
import sys
from math import prod
from pathlib import Path

import pytest

from cnnviz import lessons, limits, machine
from cnnviz.engine import data, evaluation
from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.memory import POINT, SHAPES, TESTED_AT_ONCE, estimate, sizes_of
from cnnviz.engine.words import DATASETS
from cnnviz.runners.base import RefusedError
from cnnviz.runners.local import LocalRunner
from cnnviz.runners.process import environment
from cnnviz.settings import Settings

MB = 2**20
ROOMY = 4.0  # an estimate may be so many times what a run takes: convolutions and activations differ in what they keep

# Each part of the estimate rules one of them.
PEAKS = {
    "weights": Experiment.of(depth=12, width=1024, optimiser="adam"),
    "weights made of weights": Experiment.of(depth=6, width=1024, norm="spectral", landscape=True),
    "values": Experiment.of(depth=8, width=512, batch_size=2048, norm="batch"),
    "maps": Experiment.of(net="cnn", depth=5, width=32, batch_size=128, activation="gelu", skip=True),
    "members": Experiment.of(net="ensemble", members=20, depth=3, width=64, train_examples=3_000),
    "images": Experiment.of(dataset="shapes", depth=3, width=32, train_examples=20_000),
}

PEAK = """
import ctypes, gc, json, sys
import torch
from cnnviz.engine.experiment import Experiment
from cnnviz.engine.train import record

def figure(file, name):
    return next(int(line.split()[1]) * 1024 for line in open(f"/proc/self/{file}") if line.startswith(name))

libc = ctypes.CDLL(None)
record(Experiment.of(dataset="digits", train_examples=100, test_examples=100, steps=1))
for text in json.load(sys.stdin):
    gc.collect()
    libc.malloc_trim(0)
    open("/proc/self/clear_refs", "w").write("5")  # the peak begins anew
    before = figure("status", "VmRSS")
    record(Experiment.from_json(text))
    print(figure("status", "VmHWM") - before)
"""


@pytest.fixture(scope="module")
def peaks() -> dict[str, float]:
    """What each of PEAKS took, in bytes: the largest resident memory of a process over that before."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("the kernel does not tell a process's peak here")
    short = {"steps": 2, "snapshots": 2, "histograms": 2, "evaluations": 2}
    given = json.dumps([replace(experiment, **short).to_json() for experiment in PEAKS.values()])
    done = subprocess.run(
        [sys.executable, "-c", PEAK],
        input=given,
        capture_output=True,
        text=True,
        env=environment(Settings(threads=1)),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(PEAKS, map(float, done.stdout.split()), strict=True))


@pytest.mark.parametrize("name", PEAKS)
def test_a_real_run_stays_below_its_estimate_and_not_by_far(peaks: dict[str, float], name: str) -> None:
    estimated = estimate([PEAKS[name]]).total
    assert peaks[name] < estimated < ROOMY * peaks[name], f"{peaks[name] / MB:.0f} MB taken, {estimated / MB:.0f} MB estimated"


@pytest.mark.parametrize(
    "experiment",
    [
        Experiment.of(depth=5, width=32),
        Experiment.of(depth=4, width=32, activation="maxout", pieces=3),
        Experiment.of(net="cnn", depth=6, width=8),
        Experiment.of(net="cnn", depth=6, width=8, ending="flatten", pooling="strided"),
        Experiment.of(net="rnn", width=16),
        Experiment.of(net="ensemble", depth=3, width=16, members=5),
    ],
    ids=lambda experiment: experiment.to_json(),
)
def test_the_parameters_are_those_of_the_net(experiment: Experiment) -> None:
    from torch import Generator

    from cnnviz.engine import nets

    built = nets.build(experiment.net, SHAPES["fashion_mnist"], 10, Generator())
    assert sizes_of(experiment.net, SHAPES["fashion_mnist"]).parameters == sum(p.numel() for p in built.parameters())


@pytest.mark.parametrize("name", DATASETS)
def test_the_shapes_are_those_of_the_data(name: str) -> None:
    assert data.load(name, 20, 20, 0).train_inputs.shape[1:] == SHAPES.get(name, POINT)


def test_variants_hold_their_weights_together_and_pass_one_after_the_other() -> None:
    one = estimate([PEAKS["values"]])
    three = estimate([PEAKS["values"]] * 3)
    assert (three.weights, three.examples, three.passes) == (3 * one.weights, 3 * one.examples, one.passes)


def test_a_sweep_needs_what_its_largest_run_needs() -> None:
    swept = Experiment.of(sweep_over="width", sweep_values=(8, 32, 512), sweep_seeds=20)
    assert estimate([swept]) == estimate([Experiment.of(width=512)])


def test_every_lessons_preset_fits_on_the_smallest_machine() -> None:
    needs = {
        f"{lesson.slug}/{name}": estimate(preset.variants.values()).total
        for lesson in lessons.all_lessons().values()
        for name, preset in lesson.presets.items()
    }
    assert {name: need for name, need in needs.items() if need > limits.LEAST_RUN_MEMORY_MB * MB} == {}


HUGE = {
    "passes": (
        Experiment.of(net="cnn", depth=30, width=512, batch_size=1024),
        "This run needs about 93.5 GB of memory, and a run may have 2.1 GB here. Choose a smaller batch size, width or depth.",
    ),
    "weights": (
        Experiment.of(depth=100, width=1024, optimiser="adam", batch_size=16),
        "This run needs about 2.6 GB of memory, and a run may have 2.1 GB here. Choose a smaller width or depth.",
    ),
    "examples": (
        Experiment.of(net="ensemble", members=50, depth=2, width=8, train_examples=60_000),
        "This run needs about 13.5 GB of memory, and a run may have 2.1 GB here. Choose a smaller training set.",
    ),
}


@pytest.mark.parametrize("part", HUGE)
def test_a_run_that_does_not_fit_is_refused_with_figure_limit_and_way_out_before_anything_is_started(part: str) -> None:
    experiment, sentence = HUGE[part]
    runner = LocalRunner(Settings(run_memory_mb=2_048), command=["never-started"])
    with pytest.raises(RefusedError) as refusal:
        runner.submit({"A": experiment}, "ada", "page")
    assert str(refusal.value) == sentence
    assert runner._supervisor is None
    runner.close()


@pytest.mark.parametrize(
    ("gigabytes", "workers", "may"),
    [(16, 2, 15 * 1024 / 3 - 400), (16, 7, 15 * 1024 / 8 - 400), (2, 2, 512)],
)
def test_a_run_may_need_its_share_of_the_machines_memory(
    monkeypatch: pytest.MonkeyPatch, gigabytes: int, workers: int, may: float
) -> None:
    monkeypatch.setattr(machine, "memory", lambda: gigabytes * 2**30)
    assert Settings(workers=workers).run_memory == int(may) * MB


@pytest.mark.parametrize(("told", "memory"), [("1073741824\n", 2**30), ("max\n", None), (None, None)])
def test_a_containers_limit_counts_as_the_machines_memory(tmp_path: Path, told: str | None, memory: int | None) -> None:
    file = tmp_path / "memory.max"
    if told is not None:
        file.write_text(told)
    assert machine.memory((str(file),)) == (memory or machine.memory(()))
    assert machine.memory(()) > prod((64, MB))


def test_as_many_examples_are_tested_at_once_as_the_estimate_says():
    assert TESTED_AT_ONCE == evaluation.AT_ONCE
