"""Makes assets/fashion_mnist.npz and assets/digits.npz: `python -m assets.make_data IDX_FOLDER`, in the repository's root.

IDX_FOLDER holds Fashion-MNIST's four IDX files, gzipped or not. Debian's package dataset-fashion-mnist puts them into
/usr/share/datasets/fashion-mnist; the data set's own repository (github.com/zalandoresearch/fashion-mnist) has them under
data/fashion. The digits come with scikit-learn, which must be installed. The files depend on nothing but these sources.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from cnnviz import console
from cnnviz.engine.data import Examples, balanced_order
from cnnviz.engine.data.fashion_mnist import SUBSET, read_folder
from cnnviz.engine.data.files import FIELDS, head
from cnnviz.settings import ASSETS

DIGITS_TEST = 360  # 36 of each
SPLIT_SEED = 0


def main() -> None:
    """Write the files and say how large they are."""
    parser = argparse.ArgumentParser(description="Make the data files in assets/.")
    parser.add_argument("idx_folder", type=Path, help="a folder with Fashion-MNIST's four IDX files")
    parser.add_argument(
        "--full", type=Path, metavar="FILE", help="write all of Fashion-MNIST into this .npz file, and nothing else"
    )
    given = parser.parse_args()
    fashion = read_folder(given.idx_folder)
    if given.full:
        write(given.full, fashion)
    else:
        write(ASSETS / "fashion_mnist.npz", head(fashion, SUBSET["train"], SUBSET["t10k"], "the folder"))
        write(ASSETS / "digits.npz", digits())


def digits() -> Examples:
    """scikit-learn's 1,797 digits, the first 360 of their balanced order as the test set."""
    bundle = load_digits()
    order = balanced_order(bundle.target, SPLIT_SEED)
    images = bundle.images.astype(np.uint8)[order][:, None]
    labels = bundle.target.astype(np.uint8)[order]
    classes = tuple(str(name) for name in bundle.target_names)
    return Examples(images[DIGITS_TEST:], labels[DIGITS_TEST:], images[:DIGITS_TEST], labels[:DIGITS_TEST], classes)


def write(path: Path, examples: Examples) -> None:
    """One compressed file; images lose their channel axis of one."""
    arrays = (
        examples.train_inputs[:, 0],
        examples.train_labels,
        examples.test_inputs[:, 0],
        examples.test_labels,
        np.array(examples.classes),
    )
    with open(path, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **dict(zip(FIELDS, arrays, strict=True)))
    print(f"{path.name}: {len(arrays[1]):,} + {len(arrays[3]):,} examples, {path.stat().st_size / 1e3:,.0f} kB")


if __name__ == "__main__":
    console.print_utf8()
    main()
