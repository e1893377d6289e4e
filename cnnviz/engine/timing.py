"""The calculation “timing”: forward passes of a published network on this machine, one after the other, each timed.

A snapshot's step is the number of the pass. Pass 0 is the first of all, which still has to find memory and choose its kernels;
its column is first_pass. Columns of the others: pass_time; of all passes 1 … step: median, and low and high, the ends of the
middle half; gigamacs_per_second (10⁹ multiply-adds) and examples_per_second at the median. Times are in milliseconds.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from cnnviz import zoo
from cnnviz.engine import device as devices
from cnnviz.engine.experiment import Experiment, ExperimentError
from cnnviz.engine.records import Snapshot
from cnnviz.settings import settings
from cnnviz.zoo import timed
from cnnviz.zoo.sizes import shape_at

PROCESSORS = Path("/proc/cpuinfo")  # on Linux; elsewhere Python's own name has to do


def passes(experiment: Experiment) -> Iterator[Snapshot]:
    """A snapshot for each pass, in inference mode, of `batch_size` random examples. Raises ExperimentError where they would take
    more than the server's limits."""
    asked, batch = experiment.timing, experiment.batch_size
    refused = timed.refusal(asked.network, asked.input_side, batch, max(experiment.steps, 1))
    if refused:
        raise ExperimentError(refused)
    device = devices.choose(settings.device)
    once = _pass(experiment, device)
    yield _snapshot(0, first_pass=once())
    macs = batch * zoo.costs(asked.network)[side_of(experiment)].macs
    times: list[float] = []
    for number in range(1, max(experiment.steps, 1) + 1):
        times.append(once())
        low, median, high = np.quantile(times, (0.25, 0.5, 0.75))
        yield _snapshot(
            number,
            pass_time=times[-1],
            median=median,
            low=low,
            high=high,
            gigamacs_per_second=macs / median / 1e6,
            examples_per_second=1_000 * batch / median,
        )


def side_of(experiment: Experiment) -> int:
    """The side of the images, the paper's own where none is asked for."""
    return _shape(experiment)[-1]


def _shape(experiment: Experiment) -> tuple[int, ...]:
    return shape_at(zoo.card(experiment.timing.network), experiment.timing.input_side)


def layers(experiment: Experiment) -> tuple[str, ...]:
    """The network's name: it is timed as a whole."""
    return (experiment.timing.network,)


def about(experiment: Experiment) -> dict[str, str]:
    """What a recording says of where its times come from, besides device and threads."""
    return {"dtype": "float32", "calculation": "timing", "processor": processor()}


def processor() -> str:
    """This machine's processor, as it calls itself."""
    if PROCESSORS.exists():
        for line in PROCESSORS.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def built(experiment: Experiment) -> nn.Module:
    """The network with fresh weights; torch's own random state stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(experiment.seed)
        return zoo.build(experiment.timing.network).eval()


def images(experiment: Experiment) -> torch.Tensor:
    """A batch (N, *input_shape) of noise."""
    return torch.randn(experiment.batch_size, *_shape(experiment), generator=torch.Generator().manual_seed(experiment.seed))


def _pass(experiment: Experiment, device: torch.device) -> Callable[[], float]:
    """What makes one pass and gives its milliseconds."""
    model, batch = built(experiment).to(device), images(experiment).to(device)

    def once() -> float:
        devices.wait_for(device)
        with torch.inference_mode():
            began = time.perf_counter()
            model(batch)
            devices.wait_for(device)
            return 1_000 * (time.perf_counter() - began)

    return once


def _snapshot(number: int, **columns: float) -> Snapshot:
    return Snapshot(number, {name: np.array(value, np.float32) for name, value in columns.items()})
