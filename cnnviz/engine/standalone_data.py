"""The cell of `standalone` for its examples, which a file holds or the script draws; `export` puts it before the networks.

The script has the imports and names of `standalone`: those below are for checkers.
"""

from __future__ import annotations

from functools import cache
from zipfile import BadZipFile

import numpy as np
import torch

from cnnviz.engine.data import Array, channel_moments, scaled
from cnnviz.engine.data.curve import points
from cnnviz.engine.data.points2d import noisy_points
from cnnviz.engine.data.shapes import of_domain
from cnnviz.engine.standalone import (
    CURVE,
    DATA_FILE,
    DOMAIN,
    POINTS,
    SCALE,  # noqa: F401
    SEED,
    TEST_EXAMPLES,
    TRAIN_EXAMPLES,
    WHITE,
    Labelled,
)


# %% Data
@cache  # if sweep
def read_npz(path: str) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """All training images (N, 1, H, W) of the file with their labels (N,), and those for testing, classes in turn."""
    try:
        with np.load(path) as file:
            train, test = ((file[f"{part}_images"][:, None], file[f"{part}_labels"]) for part in ("train", "test"))
    except FileNotFoundError:
        raise SystemExit(
            f"There is no data file {path} here. The lesson's page offers it beside this script; it also lies in the course's "
            "folder assets. Put it into this folder."
        ) from None
    except (OSError, KeyError, ValueError, BadZipFile):
        raise SystemExit(f"{path} is another file than the one offered on the lesson's page: take that one.") from None
    return train, test


def head(path: str, examples: tuple[Array, Array], count: int, name: str) -> tuple[Array, Array]:
    """The first so many of them."""
    inputs, labels = examples
    if len(inputs) < count:
        raise SystemExit(f"{path} holds {len(inputs)} {name} images; this experiment needs {count}.")
    return inputs[:count], labels[:count]


def examples() -> tuple[Labelled, Labelled]:
    """Training and test set: inputs, every channel with mean 0 and standard deviation 1, and labels (N,)."""  # if classify
    """Training and test set: inputs (N, 1) in −1 … 1, and the curve's heights there, (N, 1)."""  # if curve
    global SCALE  # if moving_scale
    train, test = points(TRAIN_EXAMPLES), points(TEST_EXAMPLES)  # if curve
    return as_tensors(train, CURVE(train), np.float32), as_tensors(test, CURVE(test), np.float32)  # if curve
    train, test = read_npz(DATA_FILE)  # if file
    train, test = head(DATA_FILE, train, TRAIN_EXAMPLES, "training"), head(DATA_FILE, test, TEST_EXAMPLES, "test")  # if file
    train, test = (noisy_points(*POINTS, *drawn) for drawn in ((TRAIN_EXAMPLES, SEED, 0), (TEST_EXAMPLES, SEED, 1)))  # if points
    train, test = (of_domain(*drawn, DOMAIN) for drawn in ((TRAIN_EXAMPLES, SEED, 0), (TEST_EXAMPLES, SEED, 1)))  # if shapes
    moments = channel_moments(train[0])  # if classify
    SCALE = moments[0] / WHITE, moments[1] / WHITE  # if moving_scale
    learned, tested = ((scaled(inputs, *moments), labels) for inputs, labels in (train, test))  # if classify
    return as_tensors(*learned, np.int64), as_tensors(*tested, np.int64)  # if classify


def as_tensors(inputs: Array, labels: Array, kind: type[np.generic]) -> Labelled:
    """Inputs in float32, and labels of a kind."""
    return torch.from_numpy(inputs.astype(np.float32)), torch.from_numpy(labels.astype(kind))
