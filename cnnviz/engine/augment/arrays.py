"""What augmentations share: images as NumPy arrays or as tensors, and their pixels read at other places.

Nothing here loads torch, so that a page draws with the very code that trains. Randomness comes from NumPy's generators alone: a
tensor on any device is changed as an array would be.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = Any  # (N, C, H, W), an array or a tensor
Numbers = NDArray[Any]


def like(images: Images, numbers: Numbers) -> Any:
    """Numbers in the images' own kind, type and place, one an image: (N,) or (N, …) to (N, …, 1, 1) of four axes."""
    shaped = numbers.reshape(*numbers.shape, *[1] * (4 - numbers.ndim))
    return shaped.astype(images.dtype) if isinstance(images, np.ndarray) else images.new_tensor(shaped)


def pixels(side: int, share: float) -> int:
    """A share of a side in whole pixels, one at least where the share is not 0."""
    return max(1, round(share * side)) if share else 0


def nearest(images: Images, rows: Numbers, columns: Numbers) -> Images:
    """The pixels at whole rows (N, H, 1 or W) and columns (N, 1 or H, W); beyond an edge, the nearest pixel of it."""
    count, channels, height, width = images.shape
    planes = np.arange(count * channels).reshape(count, channels, 1, 1)
    rows, columns = rows.clip(0, height - 1)[:, None], columns.clip(0, width - 1)[:, None]
    return images.reshape(-1)[(planes * height + rows) * width + columns]


def between(images: Images, rows: Numbers, columns: Numbers) -> Images:
    """The same at places between the pixels, bilinear from the four around each."""
    top, left = np.floor(rows), np.floor(columns)
    down, right = (like(images, part[:, None]) for part in (rows - top, columns - left))
    above, beside = top.astype(np.int64), left.astype(np.int64)
    upper = nearest(images, above, beside) * (1 - right) + nearest(images, above, beside + 1) * right
    lower = nearest(images, above + 1, beside) * (1 - right) + nearest(images, above + 1, beside + 1) * right
    return upper * (1 - down) + lower * down


def grid(images: Images) -> tuple[Numbers, Numbers]:
    """Each pixel's own row (1, H, 1) and column (1, 1, W)."""
    height, width = images.shape[2:]
    return np.arange(height)[None, :, None], np.arange(width)[None, None, :]


def inside(images: Images, top: Numbers, left: Numbers, bottom: Numbers, right: Numbers) -> Numbers:
    """Where a pixel lies in its image's rectangle, all (N,), bottom and right not in it: (N, H, W)."""
    rows, columns = grid(images)
    top, left, bottom, right = (edge[:, None, None] for edge in (top, left, bottom, right))
    return (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)


def squares(rng: np.random.Generator, images: Images, sides: Numbers) -> Numbers:
    """Where a square of each image's side (N,) lies whose middle is anywhere in it, so that part of it may lie outside."""
    count, _, height, width = images.shape
    top = rng.integers(height, size=count) - sides // 2
    left = rng.integers(width, size=count) - sides // 2
    return inside(images, top, left, top + sides, left + sides)
