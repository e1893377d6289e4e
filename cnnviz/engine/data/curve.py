"""Curves y(x) over x in −1 … 1, to be fitted: named shapes, and one drawn as nine heights joined by lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cnnviz.engine.data import Examples, dataset

Numbers = NDArray[np.float64]
FLAT = (0.0,) * 9


def absolute(x: Numbers) -> Numbers:
    """|x|, from −1 to 1: 2|x| − 1."""
    return 2 * np.abs(x) - 1


def sine(x: Numbers) -> Numbers:
    """One and a half periods."""
    return np.sin(1.5 * np.pi * x)


def steps(x: Numbers) -> Numbers:
    """Three levels with steep ramps between them."""
    return np.interp(x, (-0.4, -0.3, 0.3, 0.4), (-0.8, 0.2, 0.2, 0.8))


def w(x: Numbers) -> Numbers:
    """A W: four straight strokes, neither convex nor concave."""
    return np.interp(x, (-1, -0.5, 0, 0.5, 1), (0.9, -0.7, 0.3, -0.7, 0.9))


def drawn(x: Numbers, heights: Sequence[float]) -> Numbers:
    """Straight lines between heights at even distances from x = −1 to x = 1."""
    return np.interp(x, np.linspace(-1, 1, len(heights)), heights)


SHAPES: dict[str, Callable[[Numbers], Numbers]] = {"absolute": absolute, "sine": sine, "steps": steps, "w": w}


def targets(x: Numbers, curve: str, heights: Sequence[float]) -> Numbers:
    """The curve's heights at x, of x's shape."""
    return drawn(x, heights) if curve == "drawn" else SHAPES[curve](x)


def points(examples: int) -> Numbers:
    """The middles of so many equal parts of −1 … 1, as inputs (N, 1)."""
    return ((np.arange(examples) + 0.5) / examples * 2 - 1)[:, None]


@dataset("curve")
def curve(
    train_examples: int, test_examples: int, seed: int, shape: str = "absolute", heights: Sequence[float] = FLAT
) -> Examples:
    """Inputs (N, 1) spread evenly over −1 … 1, whatever the seed, and targets (N, 1)."""
    train, test = points(train_examples), points(test_examples)
    return Examples(train, targets(train, shape, heights), test, targets(test, shape, heights), ("y",))
