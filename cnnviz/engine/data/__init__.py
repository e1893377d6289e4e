"""Data sets by name, as NumPy arrays: a function each, registered with @dataset in a module of this folder."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.engine.fields import ExperimentError

Array = NDArray[Any]


class DataError(ExperimentError):
    """A data file that can't be read. Its text is one sentence: the file and what was expected."""


@dataclass(frozen=True)
class Examples:
    """Inputs in the data's own units, before they are standardised; fields as in Dataset."""

    train_inputs: Array
    train_labels: Array
    test_inputs: Array
    test_labels: Array
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """Standardised examples. Cached and shared: not to be written into.

    train_inputs, test_inputs: float32, images (N, C, H, W) or points (N, 2); each channel or coordinate of the training
        inputs has mean 0 and standard deviation 1.
    train_labels, test_labels: int64 (N,), indices into `classes`; or, for numbers to be fitted, float32 (N, outputs), where the
        inputs are left in their own units.
    mean, std: float32 (C,) or (2,): of the training inputs in the data's own units (0…255 for photographs and drawings,
        0…16 for digits), so that `inputs * std + mean` gives those back.
    """

    train_inputs: NDArray[np.float32]
    train_labels: NDArray[Any]
    test_inputs: NDArray[np.float32]
    test_labels: NDArray[Any]
    classes: tuple[str, ...]
    mean: NDArray[np.float32]
    std: NDArray[np.float32]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input: (C, H, W) or (2,)."""
        return self.train_inputs.shape[1:]


Loader = Callable[..., Examples]
_loaders: dict[str, Loader] = {}


def dataset(name: str) -> Callable[[Loader], Loader]:
    """Registers a function (train_examples, test_examples, seed, …) -> Examples. Raises TypeError for a name that is taken."""

    def register(loader: Loader) -> Loader:
        if name in _loaders:
            raise TypeError(f"the data set '{name}' is defined in both {_loaders[name].__module__} and {loader.__module__}")
        _loaders[name] = loader
        return loader

    return register


@cache
def names() -> tuple[str, ...]:
    """Every data set that a module of this folder registers, sorted."""
    for found in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{found.name}")
    return tuple(sorted(_loaders))


@lru_cache(maxsize=4)
def load(name: str, train_examples: int, test_examples: int, seed: int, *given: Any) -> Dataset:
    """The first examples of a data set in an order that keeps every class equally frequent.

    A smaller set is the head of a larger one. seed: decides drawn data sets; those read from files are the same for each.
    given: what else the data set's own function takes.
    Raises ExperimentError for an unknown name or more examples than there are, DataError for files that can't be read.
    """
    if name not in names():
        near = get_close_matches(name, names(), n=3) or names()
        raise ExperimentError(f"There is no data set '{name[:40]}'; try {', '.join(near)}.")
    found = _loaders[name](train_examples, test_examples, seed, *given)
    return as_they_are(found) if found.train_labels.dtype.kind == "f" else standardised(found)


def as_they_are(examples: Examples) -> Dataset:
    """Numbers to be fitted, inputs (N, features) and targets (N, outputs), which keep their own units; all float32."""
    arrays = (examples.train_inputs, examples.train_labels, examples.test_inputs, examples.test_labels)
    features = examples.train_inputs.shape[1]
    inputs, targets, test_inputs, test_targets = (array.astype(np.float32) for array in arrays)
    mean, std = np.zeros(features, np.float32), np.ones(features, np.float32)
    return Dataset(inputs, targets, test_inputs, test_targets, examples.classes, mean, std)


def standardised(examples: Examples) -> Dataset:
    """The examples with mean 0 and standard deviation 1 in every channel or coordinate, by the training inputs' figures."""
    mean, std = channel_moments(examples.train_inputs)
    return Dataset(
        scaled(examples.train_inputs, mean, std),
        examples.train_labels.astype(np.int64),
        scaled(examples.test_inputs, mean, std),
        examples.test_labels.astype(np.int64),
        examples.classes,
        mean,
        std,
    )


def channel_moments(inputs: Array) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each channel, (N, C, …) to twice (C,); a constant channel counts as deviation 1."""
    flat = inputs.reshape(*inputs.shape[:2], -1)
    values = flat.shape[0] * flat.shape[2]
    mean = flat.mean(axis=(0, 2), dtype=np.float64)
    # E[x²] − E[x]²: numpy's own std would hold all of a full set's pixels as float64 at once
    variance = np.einsum("ncp,ncp->c", flat, flat, dtype=np.float64) / values - mean**2
    std = np.sqrt(np.where(variance > 1e-12, variance, 1.0))
    return mean.astype(np.float32), std.astype(np.float32)


def scaled(inputs: Array, mean: Array, std: Array) -> NDArray[np.float32]:
    """(inputs − mean) / std, channel by channel: (N, C, …) with (C,) and (C,) to (N, C, …)."""
    per_channel = (-1, *[1] * (inputs.ndim - 2))
    moved = inputs.astype(np.float32)
    moved -= mean.reshape(per_channel)
    moved /= std.reshape(per_channel)
    return moved


def balanced_order(labels: Array, seed: int) -> NDArray[np.int64]:
    """An order of all examples in which any head has every class equally often, give or take one, while examples last.

    Within its class an example's place is random, decided by the seed.
    """
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    counts = np.bincount(labels)
    turn = np.concatenate([np.arange(count) for count in counts])  # an example's place within its class
    return by_class[np.lexsort((labels[by_class], turn))]


def check_enough(setting: str, wanted: int, there: int, source: str) -> None:
    """Raises ExperimentError where a set is asked for more examples than it has."""
    if wanted > there:
        raise ExperimentError(f"{setting} (={wanted}) must be at most {there}, all that {source} has.")
