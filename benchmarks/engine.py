"""Speed of training: with and without recording, and against the loop that a good engineer writes by hand.

Wall-clock seconds from the first step to the last; nets, data and optimisers are built before the clock starts. One thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from benchmarks.rounds import measured, print_contest
from cnnviz import Experiment, replace, train
from cnnviz.engine import data

ROUNDS = 5
SILENT = {"snapshots": 2, "histograms": 0, "evaluations": 0}

# As dense as the default schedule: 200 snapshots, 40 with histograms and 20 test evaluations in 1,000 steps.
CNN = Experiment.of(net="cnn", depth=4, width=16, optimiser="momentum", lr=0.05, batch_size=64, steps=300,
                    snapshots=60, histograms=12, evaluations=6)  # fmt: skip
MLP = Experiment.of(net="mlp", depth=10, width=64, optimiser="momentum", lr=0.05, batch_size=64, steps=1_000)


def ours(experiment: Experiment) -> float:
    """Steps a second of the engine."""
    snapshots = iter(train(experiment))
    next(snapshots)
    began = time.perf_counter()
    for _snapshot in snapshots:
        pass
    return experiment.steps / (time.perf_counter() - began)


def bare(build: Callable[[], nn.Module], experiment: Experiment, flat: bool, memory_format: torch.memory_format) -> float:
    """Steps a second of a hand-written loop: same net, batches from memory, same optimiser; it never looks at its loss."""
    examples = data.load(experiment.data.dataset, experiment.data.train_examples, experiment.data.test_examples, seed=0)
    inputs = torch.from_numpy(examples.train_inputs)
    labels = torch.from_numpy(examples.train_labels)
    inputs = inputs.flatten(1) if flat else inputs.to(memory_format=memory_format)
    net = build() if flat else build().to(memory_format=memory_format)
    return _steps_a_second(net, inputs, labels, experiment.batch_size, experiment.steps)


def _steps_a_second(net: nn.Module, inputs: Tensor, labels: Tensor, batch_size: int, steps: int) -> float:
    optimiser = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    loss_of = nn.CrossEntropyLoss()
    batches = _batches(len(inputs), batch_size)
    began = time.perf_counter()
    for _step in range(steps):
        batch = next(batches)
        optimiser.zero_grad()
        loss_of(net(inputs[batch]), labels[batch]).backward()
        optimiser.step()
    return steps / (time.perf_counter() - began)


def _batches(examples: int, batch_size: int) -> Iterator[Tensor]:
    while True:
        order = torch.randperm(examples)
        yield from order[: examples - examples % batch_size].split(batch_size)


def mlp() -> nn.Module:
    """Ten layers, 64 wide, ReLU, on 28×28 inputs."""
    hidden = [layer for _ in range(8) for layer in (nn.Linear(64, 64), nn.ReLU())]
    return nn.Sequential(nn.Linear(784, 64), nn.ReLU(), *hidden, nn.Linear(64, 10))


def convnetjs() -> nn.Module:
    """ConvNetJS's MNIST net on 24×24×1: conv 5×5×8, pool 2, conv 5×5×16, pool 3, softmax."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3),
        nn.Flatten(), nn.Linear(256, 10),
    )  # fmt: skip
