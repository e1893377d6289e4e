"""Makes assets/photographs.npz: `python -m assets.make_photographs FOLDER`, in the repository's root.

FOLDER holds china.jpg and flower.jpg, which scikit-learn ships in sklearn/datasets/images, and chelsea.png, coffee.png and
astronaut.png, which scikit-image ships in skimage/data.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from cnnviz import console
from cnnviz.settings import ASSETS

SIDE = 128
CUTS = {  # left, top and side of the square that is kept, in the file's own pixels
    "china.jpg": (40, 0, 427),
    "flower.jpg": (130, 0, 427),
    "chelsea.png": (85, 0, 300),
    "coffee.png": (100, 0, 400),
    "astronaut.png": (20, 0, 400),
}


def main() -> None:
    """Write the file and say how large it is."""
    parser = argparse.ArgumentParser(description="Make assets/photographs.npz.")
    parser.add_argument("folder", type=Path, help=f"a folder with {', '.join(CUTS)}")
    folder = parser.parse_args().folder
    path = ASSETS / "photographs.npz"
    with open(path, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{Path(name).stem: small(folder / name) for name in CUTS})
    print(f"{path.name}: {len(CUTS)} photographs of {SIDE}×{SIDE}, {path.stat().st_size / 1e3:,.0f} kB")


def small(path: Path) -> np.ndarray:
    """A square part of a photograph, (SIDE, SIDE, 3) of 0…255."""
    left, top, side = CUTS[path.name]
    with Image.open(path) as photograph:
        part = photograph.convert("RGB").crop((left, top, left + side, top + side))
        return np.asarray(part.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


if __name__ == "__main__":
    console.print_utf8()
    main()
