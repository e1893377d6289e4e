"""Speed of training: with and without recording, and against the loop that a good engineer writes by hand.

Steps (or examples) a second between the first step and the last: data, net and optimiser are there before the clock starts. One
thread on the CPU, where the engine's own cost shows most; the clock counts this process's CPU time, which is wall-clock time
on a machine with nothing else to do, and on a busy one still compares.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.rounds import measured, print_contest
from cnnviz import Experiment, replace, train
from cnnviz.engine import data

ROUNDS = 5
LR, MOMENTUM = 0.05, 0.9
SILENT = {"snapshots": 2, "histograms": 0, "evaluations": 0}

# As dense as the default schedule: 200 snapshots, 40 of them with histograms, and 20 test evaluations in 1,000 steps.
CNN = Experiment.of(net="cnn", depth=4, width=16, optimiser="momentum", lr=LR, momentum=MOMENTUM, batch_size=64,
                    steps=150, snapshots=30, histograms=6, evaluations=3)  # fmt: skip
MLP = Experiment.of(net="mlp", depth=10, width=64, optimiser="momentum", lr=LR, momentum=MOMENTUM, batch_size=64, steps=1_000)
CONVNETJS_BATCH = 20
CONVNETJS_STEPS = 300
NEAREST = replace(CNN, **SILENT, depth=3, batch_size=CONVNETJS_BATCH, steps=CONVNETJS_STEPS)


def ours(experiment: Experiment) -> float:
    """Steps a second of the engine."""
    snapshots = iter(train(experiment))
    next(snapshots)
    began = time.process_time()
    for _snapshot in snapshots:
        pass
    return experiment.steps / (time.process_time() - began)


def bare(build: Callable[[], nn.Module], experiment: Experiment, layout: torch.memory_format = torch.contiguous_format) -> float:
    """Steps a second of a hand-written loop: same net, data, batch size and optimiser; it never looks at its loss."""
    found = data.load(experiment.data.dataset, experiment.data.train_examples, experiment.data.test_examples, experiment.seed)
    inputs, labels = torch.from_numpy(found.train_inputs), torch.from_numpy(found.train_labels)
    return steps_a_second(build().to(memory_format=layout), inputs, labels, experiment.batch_size, experiment.steps)  # type: ignore[call-overload]  # torch's stub forgets it


def bare_convnetjs() -> float:
    """Examples a second of ConvNetJS's net in a hand-written loop, on noise of its input size."""
    inputs, labels = torch.randn(2_000, 1, 24, 24), torch.randint(10, (2_000,))
    net = convnetjs().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub forgets it
    return CONVNETJS_BATCH * steps_a_second(net, inputs, labels, CONVNETJS_BATCH, CONVNETJS_STEPS)


def steps_a_second(net: nn.Module, inputs: Tensor, labels: Tensor, batch_size: int, steps: int) -> float:
    """The loop itself: inputs (N, C, H, W), labels (N,)."""
    optimiser = torch.optim.SGD(net.parameters(), lr=LR, momentum=MOMENTUM)
    loss_of = nn.CrossEntropyLoss()
    order = batches(len(labels), batch_size)
    began = time.process_time()
    for _step in range(steps):
        batch = next(order)
        optimiser.zero_grad()
        loss_of(net(inputs[batch]), labels[batch]).backward()
        optimiser.step()
    return steps / (time.process_time() - began)


def batches(examples: int, batch_size: int) -> Iterator[Tensor]:
    """Indices of whole batches, for ever, each epoch in a new order."""
    while True:
        yield from torch.randperm(examples)[: examples - examples % batch_size].split(batch_size)


def mlp() -> nn.Module:
    """Ten layers, 64 wide, on 28×28 inputs."""
    hidden = [layer for _ in range(8) for layer in (nn.Linear(64, 64), nn.ReLU())]
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), *hidden, nn.Linear(64, 10))


def cnn() -> nn.Module:
    """The engine's four-layer CNN of 16 channels, as one would write it for oneself."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10),
    )  # fmt: skip


def convnetjs() -> nn.Module:
    """ConvNetJS's MNIST net, 24×24×1: conv 5×5×8, pool 2, conv 5×5×16, pool 3, softmax."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3),
        nn.Flatten(), nn.Linear(4 * 4 * 16, 10),
    )  # fmt: skip


def contest(experiment: Experiment, peers: Mapping[str, Callable[[], float]]) -> dict[str, Callable[[], float]]:
    """The engine recording nothing, recording, and testing as well, then its peers."""
    return {
        "recording nothing": partial(ours, replace(experiment, **SILENT)),
        "recording": partial(ours, replace(experiment, evaluations=0)),
        "recording and testing": partial(ours, experiment),
        **peers,
    }


def main() -> None:
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, one thread, CPU time; medians of {ROUNDS} rounds in turn, ratios with lowest and highest")
    recorded = [("recording", "recording nothing"), ("recording and testing", "recording nothing")]
    against = [("recording nothing", "bare loop"), ("recording", "bare loop")]

    last = torch.channels_last
    peers = {"bare loop": partial(bare, cnn, CNN), "bare loop, channels_last": partial(bare, cnn, CNN, last)}
    ratios = [*recorded, *against, ("recording nothing", "bare loop, channels_last")]
    print_contest("CNN, 4 layers of 16 channels, batch 64", "steps/s", measured(contest(CNN, peers), ROUNDS), ratios)

    peers = {"bare loop": partial(bare, mlp, MLP)}
    print_contest("MLP, 10 layers of 64 units, batch 64", "steps/s", measured(contest(MLP, peers), ROUNDS), [*recorded, *against])

    # The engine has 3×3 kernels only. Two layers of them on 28×28 cost as much as ConvNetJS's two of 5×5 on 24×24: 0.57 M
    # and 0.58 M multiply-adds an example.
    sizes = {"bare loop, ConvNetJS's net": bare_convnetjs, "cnnviz, 3 layers of 16": lambda: CONVNETJS_BATCH * ours(NEAREST)}
    print_contest("ConvNetJS's size, batch 20", "examples/s", measured(sizes, ROUNDS), [])


if __name__ == "__main__":
    main()
