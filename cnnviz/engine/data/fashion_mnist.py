"""Fashion-MNIST: 28×28 grey photographs of ten kinds of clothing.

H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms, 2017,
arXiv 1708.07747. MIT licence. The 10,000 + 2,000 examples in assets/ are the head of the full set's balanced order, so the
full files give the same numbers for as many examples.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnviz.engine.data import DataError, Examples, balanced_order, dataset
from cnnviz.engine.data.files import head, read_npz
from cnnviz.settings import ASSETS, settings

CLASSES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
ORDER_SEED = 0
SUBSET = {"train": 10_000, "t10k": 2_000}
SIDE = 28


@dataset("fashion_mnist")
def fashion_mnist(train_examples: int, test_examples: int, seed: int) -> Examples:
    """Images (N, 1, 28, 28) of 0…255; the order is fixed, whatever the seed."""
    if settings.fashion_mnist:
        folder = Path(settings.fashion_mnist)
        return head(read_folder(folder), train_examples, test_examples, f"CNNVIZ_FASHION_MNIST ({folder.name})")
    source = "the Fashion-MNIST in assets/ (CNNVIZ_FASHION_MNIST may name a folder with all of it)"
    return head(read_npz(ASSETS / "fashion_mnist.npz"), train_examples, test_examples, source)


def read_folder(folder: Path) -> Examples:
    """All examples of a folder with the four IDX files, gzipped or not, each split in its balanced order. Raises DataError."""
    return Examples(*read_split(folder, "train"), *read_split(folder, "t10k"), CLASSES)


def read_split(folder: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The images (N, 1, 28, 28) and labels (N,) of "train" or "t10k", in balanced order."""
    images = read_idx(find_idx(folder, f"{split}-images-idx3-ubyte"), dimensions=3)
    labels_file = find_idx(folder, f"{split}-labels-idx1-ubyte")
    labels = read_idx(labels_file, dimensions=1)
    if images.shape[1:] != (SIDE, SIDE):
        raise DataError(f"'{split}-images-idx3-ubyte' must hold images of 28×28 pixels, not {images.shape[1]}×{images.shape[2]}.")
    if len(labels) != len(images):
        raise DataError(f"'{labels_file.name}' must hold {len(images)} labels, one an image; it holds {len(labels)}.")
    if labels.max(initial=0) >= len(CLASSES):
        raise DataError(f"'{labels_file.name}' must hold labels from 0 to 9; it holds {labels.max()}.")
    order = balanced_order(labels, ORDER_SEED)
    return images[order][:, None], labels[order]


def find_idx(folder: Path, name: str) -> Path:
    """The file in a folder, plain or gzipped. Raises DataError naming it."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise DataError(f"'{folder.name}' must be a folder with the file {name} or {name}.gz; there is neither.")


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The bytes of an IDX file in its own shape. Raises DataError with the file's name.

    The format: two zero bytes, 8 for unsigned bytes, the number of dimensions; each dimension as four bytes, highest first; data.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as problem:
        raise DataError(f"'{path.name}' must be a readable IDX file: {str(problem)[:120]}") from problem
    header = 4 + 4 * dimensions
    if content[:4] != bytes([0, 0, 8, dimensions]) or len(content) < header:
        raise DataError(
            f"'{path.name}' must be an IDX file of unsigned bytes in {dimensions} dimension(s); its header says otherwise."
        )
    shape = tuple(int(size) for size in np.frombuffer(content[4:header], dtype=">u4"))
    if len(content) - header != math.prod(shape):
        raise DataError(f"'{path.name}' must hold {math.prod(shape)} bytes after its header; it holds {len(content) - header}.")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)
