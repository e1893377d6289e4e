"""Pooling by hand, torch-free: what each pool makes of a small map or of one region, and what can be rebuilt from it.

Maps are (H, W) with H and W divisible by the window's side, as `cropped` makes them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
SIDE = 2  # of a window
LECTURE = np.array([[1.6, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 2.4]])  # Zeiler & Fergus 2013, figure 1


def cropped(picture: Numbers, times: int) -> Numbers:
    """A picture without the last rows and columns that 2×2 pooling, so many times, would leave out."""
    size = SIDE**times
    height, width = (length // size * size for length in picture.shape)
    return picture[:height, :width]


def windows(maps: Numbers) -> Numbers:
    """(H / 2, W / 2, 4): the numbers of each window, row by row."""
    height, width = maps.shape
    cut = maps.reshape(height // SIDE, SIDE, width // SIDE, SIDE)
    return cut.transpose(0, 2, 1, 3).reshape(height // SIDE, width // SIDE, SIDE**2)


def largest(maps: Numbers) -> Numbers:
    """The maximum of each window."""
    return windows(maps).max(2)


def average(maps: Numbers) -> Numbers:
    """The mean of each window."""
    return windows(maps).mean(2)


def power_mean(maps: Numbers, p: float) -> Numbers:
    """(mean of |a|^p)^(1/p) of each window, relative to its largest |a|, so that nothing overflows."""
    sizes = np.abs(windows(maps))
    most = np.maximum(sizes.max(2, keepdims=True), 1e-300)
    found: Numbers = most[..., 0] * ((sizes / most) ** p).mean(2) ** (1 / p)
    return found


def probabilities(region: Numbers) -> Numbers:
    """p_i = a_i / Σ a_k over the last axis, a ≥ 0; zeros where all are 0."""
    total = region.sum(-1, keepdims=True)
    return np.divide(region, total, out=np.zeros_like(region), where=total > 0)


def weighted(maps: Numbers) -> Numbers:
    """Σ p_i a_i of each window: stochastic pooling in a test."""
    cut = windows(maps)
    found: Numbers = (probabilities(cut) * cut).sum(2)
    return found


def drawn(maps: Numbers, seed: int) -> Numbers:
    """a_l of each window with l ~ P(p_1, …, p_4): stochastic pooling in training; 0 for a window of zeros."""
    cut = windows(maps)
    chances = np.random.default_rng(seed).random((*cut.shape[:2], 1))
    place = (probabilities(cut).cumsum(2) <= chances).sum(2, keepdims=True).clip(max=SIDE**2 - 1)
    return np.take_along_axis(cut, place, 2)[..., 0]


def every_second(maps: Numbers) -> Numbers:
    """Each window's top left number: what a strided convolution computes of the map that it would have made."""
    return maps[::SIDE, ::SIDE]


def blurred(maps: Numbers) -> Numbers:
    """The maxima of all windows, one pixel apart, under [1 2 1]ᵀ[1 2 1] / 16 at every second place; edges are repeated."""
    dense = np.max([maps[:-1, :-1], maps[1:, :-1], maps[:-1, 1:], maps[1:, 1:]], axis=0)
    padded = np.pad(dense, 1, mode="edge")
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    found: Numbers = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:])[::SIDE, ::SIDE] / 16
    return found


# One region, drawn from again and again


def draws(region: Numbers, count: int, seed: int) -> NDArray[np.int64]:
    """(places,): how often each place of a flattened region was drawn in `count` draws. The first of more draws are the same."""
    chances = np.random.default_rng(seed).random(count)
    edges = probabilities(region.ravel()).cumsum()
    if not edges[-1]:
        return np.zeros(region.size, np.int64)
    return np.bincount(np.searchsorted(edges / edges[-1], chances, side="right"), minlength=region.size)


def last_draw(region: Numbers, count: int, seed: int) -> int | None:
    """The place of the last of `count` draws; None before the first, and where nothing can be drawn."""
    if not count:
        return None
    found = draws(region, count, seed) - draws(region, count - 1, seed)
    return int(found.argmax()) if found.any() else None


# What is lost


def unpooled(maps: Numbers, times: int) -> dict[str, Numbers]:
    """The map max-pooled so many times and brought back to its size: "switches", each maximum where it stood and zeros
    elsewhere; "corner", at the top left of its window; "spread", at all of it. Zeiler & Fergus 2014, section 2.1."""
    size = SIDE**times
    height, width = maps.shape
    cut = maps.reshape(height // size, size, width // size, size).transpose(0, 2, 1, 3).reshape(height // size, width // size, -1)
    most = cut.max(2, keepdims=True)
    first = np.zeros(size**2)
    first[0] = 1
    kept = {
        "switches": most * (np.arange(size**2) == winner(maps, times)[..., None]),
        "corner": most * first,
        "spread": most * np.ones(size**2),
    }
    return {name: _joined(found, size) for name, found in kept.items()}


def winner(maps: Numbers, times: int) -> NDArray[np.int64]:
    """Which place of each window of side 2^times, row by row, is left by max pooling so many times: the first of equal ones."""
    places = np.arange(float(maps.size)).reshape(maps.shape)
    pooled = maps
    for _time in range(times):
        first = windows(pooled).argmax(2)[..., None]
        places = np.take_along_axis(windows(places), first, 2)[..., 0]
        pooled = np.take_along_axis(windows(pooled), first, 2)[..., 0]
    size = SIDE**times
    row, column = np.divmod(places.astype(np.int64), maps.shape[1])
    found: NDArray[np.int64] = row % size * size + column % size
    return found


def _joined(cut: Numbers, size: int) -> Numbers:
    rows, columns, _places = cut.shape
    return cut.reshape(rows, columns, size, size).transpose(0, 2, 1, 3).reshape(rows * size, columns * size)


def lost(maps: Numbers, back: Numbers) -> float:
    """‖x − x̂‖² / ‖x‖², 0 for an empty map."""
    energy = float((maps**2).sum())
    return float(((maps - back) ** 2).sum()) / energy if energy else 0.0


# A real map

FILTERS = {
    "horizontal edges": ((1, 2, 1), (0, 0, 0), (-1, -2, -1)),
    "vertical edges": ((1, 0, -1), (2, 0, -2), (1, 0, -1)),
    "spots": ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1)),
    "mean": ((1, 1, 1), (1, 1, 1), (1, 1, 1)),
}


def rectified(picture: Numbers, kernel: Numbers) -> Numbers:
    """max(0, kernel ∗ picture) with zeros around the picture, of the picture's size, over the kernel's Σ|w|."""
    height, width = picture.shape
    padded = np.pad(picture, 1)
    terms = [kernel[i, j] * padded[i : i + height, j : j + width] for i in range(3) for j in range(3)]
    found: Numbers = np.maximum(np.sum(terms, axis=0), 0) / np.abs(kernel).sum()
    return found
