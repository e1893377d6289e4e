"""Reading the data files in assets/, each one .npz of uint8 images in balanced order with labels and class names."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from cnnviz.engine.data import DataError, Examples, check_enough
from cnnviz.syntax import again

FIELDS = ("train_images", "train_labels", "test_images", "test_labels", "classes")


@again
def read_npz(path: Path) -> Examples:
    """All examples of a file that assets/make_data.py wrote: images (N, 1, H, W). Raises DataError."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            train_images, train_labels, test_images, test_labels, classes = (stored[name] for name in FIELDS)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error, EOFError) as problem:
        raise DataError(f"'{path.name}' must be an .npz file that assets/make_data.py wrote: {str(problem)[:120]}") from problem
    return Examples(train_images[:, None], train_labels, test_images[:, None], test_labels, tuple(map(str, classes)))


def head(examples: Examples, train_examples: int, test_examples: int, source: str) -> Examples:
    """The first examples of both splits. Raises ExperimentError where there are fewer."""
    check_enough("train_examples", train_examples, len(examples.train_labels), source)
    check_enough("test_examples", test_examples, len(examples.test_labels), source)
    return Examples(
        examples.train_inputs[:train_examples],
        examples.train_labels[:train_examples],
        examples.test_inputs[:test_examples],
        examples.test_labels[:test_examples],
        examples.classes,
    )
