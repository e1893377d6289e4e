"""Examples on the device, and the order in which a run meets them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cnnviz.engine import data
from cnnviz.engine.experiment import Experiment, ExperimentError


@dataclass(frozen=True)
class Examples:
    """A data set as tensors: float32 inputs (N, …) and int64 labels (N,), or float32 targets (N, outputs).

    classes: the number of outputs. validation_inputs, validation_labels: of what is held out of the training set; may be empty.
    names: what the classes are called; empty for a part of a data set.
    """

    train_inputs: Tensor
    train_labels: Tensor
    test_inputs: Tensor
    test_labels: Tensor
    classes: int
    validation_inputs: Tensor = field(default_factory=lambda: torch.empty(0))
    validation_labels: Tensor = field(default_factory=lambda: torch.empty(0))
    names: tuple[str, ...] = ()

    @property
    def input_shape(self) -> torch.Size:
        return self.train_inputs.shape[1:]


def examples(experiment: Experiment, device: torch.device) -> Examples:
    """The experiment's data on a device. Raises ExperimentError where a set has fewer examples than it is asked for."""
    wanted, held = experiment.data, experiment.stopping.validation
    given: tuple[Any, ...] = (wanted.curve, wanted.heights) if wanted.dataset == "curve" else ()
    if wanted.dataset == "shapes" and wanted.domain != "any":
        given = (wanted.domain,)
    found = _load(wanted.dataset, wanted.train_examples, wanted.test_examples, experiment.seed, device, *given)
    return parted(found, held) if held else found


def parted(found: Examples, held: int) -> Examples:
    """The same with the last so many training examples as its validation set, which is as balanced as the whole."""
    return replace(
        found,
        train_inputs=found.train_inputs[:-held],
        train_labels=found.train_labels[:-held],
        validation_inputs=found.train_inputs[-held:],
        validation_labels=found.train_labels[-held:],
    )


@lru_cache(maxsize=2)
def _load(name: str, train_examples: int, test_examples: int, seed: int, device: torch.device, *given: Any) -> Examples:
    found = data.load(name, train_examples, test_examples, seed, *given)

    def there(array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(device)

    return Examples(
        there(found.train_inputs),
        there(found.train_labels),
        there(found.test_inputs),
        there(found.test_labels),
        len(found.classes),
        names=found.classes,
    )


def batches(found: Examples, batch_size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Inputs (batch_size, …) and labels (batch_size,), for ever: each epoch in a new order, its incomplete last batch left out.
    Where there are fewer examples than batch_size, every batch is all of them.

    The order is NumPy's `default_rng(seed).permutation`, once an epoch. Raises ExperimentError where there are no examples.
    """
    count = len(found.train_labels)
    if not count:
        raise ExperimentError("There are no examples to learn from: train_examples must be larger.")
    batch_size = min(batch_size, count)
    order = np.random.default_rng(seed)
    while True:
        epoch = torch.from_numpy(order.permutation(count)).to(found.train_labels.device)
        for first in range(0, count - batch_size + 1, batch_size):
            chosen = epoch[first : first + batch_size]
            yield found.train_inputs.index_select(0, chosen), found.train_labels.index_select(0, chosen)
