"""Points in the plane: moons, spirals, circles, blobs, a border, made from the seed, with Gaussian noise on both coordinates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cnnviz.engine.data import Examples, dataset

Points = NDArray[np.float64]
Labels = NDArray[np.int64]


def moons(labels: Labels, along: Points) -> Points:
    """Two interleaved half circles of radius 1. labels, along in 0…1: (N,) to (N, 2)."""
    angle = np.pi * along
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    return np.where(labels[:, None] == 0, upper, lower)


def spirals(labels: Labels, along: Points) -> Points:
    """Two arms of one and a half turns, half a turn apart, radius up to 1. labels, along in 0…1: (N,) to (N, 2)."""
    radius = 0.1 + 0.9 * np.sqrt(along)  # the root spreads the points evenly over the arm's length
    angle = 3 * np.pi * radius + np.pi * labels
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def circles(labels: Labels, along: Points) -> Points:
    """A circle of radius 1 around one of radius 0.5. labels, along in 0…1: (N,) to (N, 2)."""
    radius = np.where(labels == 0, 1.0, 0.5)
    angle = 2 * np.pi * along
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def blobs(labels: Labels, along: Points) -> Points:
    """Four centres on the unit circle; the noise makes the blobs. labels, along (unused): (N,) to (N, 2)."""
    angle = np.pi / 4 + np.pi / 2 * labels
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def border(labels: Labels, along: Points) -> Points:
    """Two classes on either side of a wave, so near to it that the noise mixes them; one point in twenty, those of ten short
    pieces of it, has the other class's label. labels, along in 0…1: (N,) to (N, 2)."""
    wrong = np.floor(200 * along) % 20 == 7
    side = np.where((labels == 1) ^ wrong, 1.0, -1.0)
    x = 4 * along - 2
    return np.stack([x, 0.8 * np.sin(2 * x) + 0.9 * side], axis=1)


def noisy_points(
    curve: Callable[[Labels, Points], Points], classes: int, noise: float, examples: int, seed: int, split: int
) -> tuple[Points, Labels]:
    """Points along a curve, classes in turn, and their labels: (N, 2) and (N,); split 0 is for training, 1 for testing."""
    along, away = np.random.default_rng([seed, split]).spawn(2)  # two streams: a smaller set is the head of a larger one
    labels = np.arange(examples) % classes
    return curve(labels, along.random(examples)) + noise * away.standard_normal((examples, 2)), labels


NOISE = {"moons": 0.15, "spirals": 0.03, "circles": 0.08, "blobs": 0.25, "border": 0.38}
CLASSES = {
    "moons": ("upper moon", "lower moon"),
    "spirals": ("first arm", "second arm"),
    "circles": ("outer circle", "inner circle"),
    "border": ("below", "above"),
    "blobs": ("upper right", "upper left", "lower left", "lower right"),
}


def _register(curve: Callable[[Labels, Points], Points]) -> None:
    name = curve.__name__
    classes, noise = CLASSES[name], NOISE[name]

    @dataset(name)
    def made(train_examples: int, test_examples: int, seed: int) -> Examples:
        train = noisy_points(curve, len(classes), noise, train_examples, seed, split=0)
        test = noisy_points(curve, len(classes), noise, test_examples, seed, split=1)
        return Examples(*train, *test, classes)


for _curve in (moons, spirals, circles, blobs, border):
    _register(_curve)
