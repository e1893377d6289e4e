"""Speed of training: with and without recording, and against what one would use instead.

Steps (or examples) a second between the first step and the last: data, net and optimiser are there before the clock starts. One
thread on the CPU, where the engine's own cost shows most; the clock counts a process's CPU time, which is wall-clock time
on a machine with nothing else to do, and on a busy one still compares.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial

import torch
from torch import nn

from benchmarks import convnetjs
from benchmarks.peers import bare_loop, cnn, mlp, tutorial_loop
from benchmarks.rounds import measured, print_contest
from cnnviz import Experiment, console, heap, replace, train
from cnnviz.engine import data

ROUNDS = 5
LR, MOMENTUM = 0.05, 0.9
SILENT = {"snapshots": 2, "histograms": 0, "evaluations": 0}
SGD = partial(torch.optim.SGD, lr=LR, momentum=MOMENTUM)

# As dense as the default schedule: 200 snapshots, 40 of them with histograms, and 20 test evaluations in 1,000 steps.
CNN = Experiment.of(net="cnn", depth=4, width=16, optimiser="momentum", lr=LR, momentum=MOMENTUM, batch_size=64,
                    steps=150, snapshots=30, histograms=6, evaluations=3)  # fmt: skip
MLP = Experiment.of(net="mlp", depth=10, width=64, optimiser="momentum", lr=LR, momentum=MOMENTUM, batch_size=64, steps=1_000)

Contestant = Callable[[], float]


def ours(experiment: Experiment) -> float:
    """Steps a second of the engine."""
    snapshots = iter(train(experiment))
    next(snapshots)
    began = time.process_time()
    for _snapshot in snapshots:
        pass
    return experiment.steps / (time.process_time() - began)


def theirs(
    loop: Callable[..., float],
    build: Callable[[], nn.Module],
    experiment: Experiment,
    layout: torch.memory_format = torch.contiguous_format,
) -> float:
    """Steps a second of a peer's loop: same net, data, batch size and optimiser."""
    found = data.load(experiment.data.dataset, experiment.data.train_examples, experiment.data.test_examples, experiment.seed)
    inputs, labels = torch.from_numpy(found.train_inputs), torch.from_numpy(found.train_labels)
    net = build().to(memory_format=layout)  # type: ignore[call-overload]  # torch's stub forgets it
    return loop(net, SGD, inputs, labels, experiment.batch_size, experiment.steps)


def contest(experiment: Experiment, build: Callable[[], nn.Module]) -> dict[str, Contestant]:
    """The engine recording nothing, recording, and testing as well, then its peers."""
    return {
        "recording nothing": partial(ours, replace(experiment, **SILENT)),
        "recording": partial(ours, replace(experiment, evaluations=0)),
        "recording and testing": partial(ours, experiment),
        "bare loop": partial(theirs, bare_loop, build, experiment),
        "tutorial loop": partial(theirs, tutorial_loop, build, experiment),
        "tutorial loop with histograms": partial(theirs, partial(tutorial_loop, histograms=True), build, experiment),
    }


def ours_on_convnetjs(settings: Mapping[str, int]) -> float:
    """Examples a second of the engine on ConvNetJS's net."""
    with convnetjs.in_the_engine() as experiment:
        return convnetjs.BATCH * ours(replace(experiment, **settings))


def print_convnetjs() -> None:
    """The contest on ConvNetJS's own net; without ConvNetJS itself where node is not there, which is told."""
    contestants: dict[str, Contestant] = {
        "recording nothing": partial(ours_on_convnetjs, SILENT),
        "recording": partial(ours_on_convnetjs, {}),
        "bare loop": convnetjs.bare,
        "bare loop, channels_last": partial(convnetjs.bare, torch.channels_last),
    }
    ratios = [("recording", "recording nothing"), ("recording", "bare loop"), ("recording", "bare loop, channels_last")]
    with ExitStack() as installed:
        try:
            contestants["ConvNetJS"] = installed.enter_context(convnetjs.in_node())
            ratios.append(("recording", "ConvNetJS"))
        except convnetjs.Absent as why:
            print(f"\n{why}")
        print_contest("ConvNetJS's MNIST net, batch 20", "examples/s", measured(contestants, ROUNDS), ratios)


def main() -> None:
    torch.set_num_threads(1)
    heap.keep()  # as a worker does, here for its peers too
    print(f"torch {torch.__version__}, one thread, CPU time; medians of {ROUNDS} rounds in turn, ratios with lowest and highest")
    ratios = [
        ("recording", "recording nothing"),
        ("recording and testing", "recording nothing"),
        ("recording nothing", "bare loop"),
        ("recording", "bare loop"),
        ("recording", "tutorial loop"),
        ("recording", "tutorial loop with histograms"),
    ]
    print_contest("MLP, 10 layers of 64 units, batch 64", "steps/s", measured(contest(MLP, mlp), ROUNDS), ratios)

    name = "bare loop, channels_last"
    peers = {**contest(CNN, cnn), name: partial(theirs, bare_loop, cnn, CNN, torch.channels_last)}
    title = "CNN, 4 layers of 16 channels, batch 64"
    print_contest(title, "steps/s", measured(peers, ROUNDS), [*ratios, ("recording nothing", name)])
    print_convnetjs()


if __name__ == "__main__":
    console.print_utf8()
    main()
