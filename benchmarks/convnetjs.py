"""ConvNetJS in node on its own MNIST net, and cnnviz's engine on the very same net and images."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, nn

from benchmarks.peers import bare_loop
from cnnviz import Experiment
from cnnviz.engine import data, nets
from cnnviz.engine.examples import Examples
from cnnviz.engine.experiment import Net
from cnnviz.engine.nets.cnn import Cnn
from cnnviz.engine.nets.layers import hidden, output
from cnnviz.engine.nets.pooling.flatten import flatten

PACKAGE = "convnetjs@0.3.0"
SCRIPT = Path(__file__).with_name("convnetjs.js")
INSTALL_SECONDS = 60
BATCH = 20
STEPS = 300
IN_NODE = 800  # examples; it makes some two hundred a second
EXAMPLES = 2_000
SIDE = 24
DECAY = 0.001
LIKE = Experiment.of(net="cnn", depth=3, ending="flatten", optimiser="adam", weight_decay=DECAY, batch_size=BATCH, steps=STEPS,
                     train_examples=EXAMPLES, snapshots=60, histograms=12, evaluations=0)  # fmt: skip


class Absent(Exception):  # noqa: N818  # a circumstance, not an error
    """Why ConvNetJS can't be measured here, in one line."""


@contextmanager
def in_node() -> Iterator[Callable[[], float]]:
    """Examples a second of ConvNetJS, which is installed for as long as the block lasts. Raises Absent."""
    if not (shutil.which("node") and shutil.which("npm")):
        raise Absent("ConvNetJS is left out: node and npm must both be on the PATH.")
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images"
        pixels, labels = cropped()
        images.write_bytes(labels[:IN_NODE].astype(np.uint8).tobytes() + pixels[:IN_NODE].astype(np.uint8).tobytes())
        install(folder)
        library = str(Path(folder, "node_modules", "convnetjs"))
        yield partial(node, library, str(images), str(IN_NODE), str(BATCH))


def install(folder: str) -> None:
    """Put the package into a folder, without running anything of it. Raises Absent."""
    command = ["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
    try:
        subprocess.run(command, check=True, capture_output=True, encoding="utf-8", timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise Absent(f"ConvNetJS is left out: npm did not install {PACKAGE} within {INSTALL_SECONDS} s.") from None
    except subprocess.CalledProcessError as problem:
        why = next(iter(problem.stderr.strip().splitlines()), "it gave no reason")
        raise Absent(f"ConvNetJS is left out: npm could not install {PACKAGE}: {why[:100]}") from None


def node(*arguments: str) -> float:
    """What the script beside this file prints."""
    return float(subprocess.run(["node", str(SCRIPT), *arguments], check=True, capture_output=True, encoding="utf-8").stdout)


def cropped() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The middle 24×24 of Fashion-MNIST's images, 0…255, (N, 1, 24, 24), and their labels (N,)."""
    found = data.load("fashion_mnist", EXAMPLES, 0, 0)
    edge = (found.train_inputs.shape[-1] - SIDE) // 2
    pixels = found.train_inputs * found.std + found.mean
    return pixels[..., edge:-edge, edge:-edge].round(), found.train_labels


def examples() -> Examples:
    """The same as tensors, 0…1, as ConvNetJS gets them."""
    pixels, labels = cropped()
    inputs, wanted = torch.from_numpy(pixels / 255), torch.from_numpy(labels)
    return Examples(inputs, wanted, inputs[:0], wanted[:0], classes=10)


def bare(layout: torch.memory_format = torch.contiguous_format) -> float:
    """Examples a second of the same net in a hand-written loop."""
    found = examples()
    rule = partial(torch.optim.Adam, weight_decay=DECAY)
    net = sequential().to(memory_format=layout)  # type: ignore[call-overload]  # torch's stub forgets it
    return BATCH * bare_loop(net, rule, found.train_inputs, found.train_labels, BATCH, STEPS)


@contextmanager
def in_the_engine() -> Iterator[Experiment]:
    """An experiment that trains ConvNetJS's net on its images while the block lasts.

    The engine has 3×3 kernels only and these images whole: net and examples are put in the place of its own. Adam stands for
    ConvNetJS's Adadelta: both keep two running means a weight.
    """
    found = examples()
    with (
        mock.patch.dict(nets.NETS, cnn=layered),
        mock.patch("cnnviz.engine.train.examples", return_value=found),
    ):
        yield LIKE


def layered(net: Net, input_shape: Sequence[int], classes: int, generator: Generator) -> Cnn:
    """ConvNetJS's net out of the engine's parts."""
    layers = {
        "conv1": hidden(net, nn.Conv2d(1, 8, 5, padding=2), generator),
        "conv2": hidden(net, nn.Conv2d(8, 16, 5, padding=2), generator),
        "fc": output(net, 4 * 4 * 16, classes, generator),
    }
    built = Cnn(layers, {"conv1": nn.MaxPool2d(2), "conv2": nn.MaxPool2d(3)}, flatten)
    return built.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub forgets it


def sequential() -> nn.Module:
    """ConvNetJS's MNIST net, 24×24×1: conv 5×5×8, pool 2, conv 5×5×16, pool 3, softmax."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3),
        nn.Flatten(), nn.Linear(4 * 4 * 16, 10),
    )  # fmt: skip
