"""Coloured shapes on a textured ground, drawn from the seed: eight classes, any size, any number, antialiased.

A shape is the signed distance to its outline in units of its own radius, negative inside; the share of a pixel that it
covers follows from the distance in pixels, so a shape has smooth edges at every size. None reaches beyond its radius.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.engine.data import Examples, dataset
from cnnviz.engine.fields import ExperimentError

Floats = NDArray[np.floating[Any]]


def circle(x: Floats, y: Floats) -> Floats:
    return np.hypot(x, y) - 0.9


def ring(x: Floats, y: Floats) -> Floats:
    return np.abs(np.hypot(x, y) - 0.75) - 0.2


def square(x: Floats, y: Floats) -> Floats:
    return np.maximum(np.abs(x), np.abs(y)) - 0.7


def bar(x: Floats, y: Floats) -> Floats:
    return np.maximum(np.abs(x) - 0.95, np.abs(y) - 0.28)


def cross(x: Floats, y: Floats) -> Floats:
    return np.minimum(bar(x, y), bar(y, x))


def triangle(x: Floats, y: Floats) -> Floats:
    leaning = np.abs(x) * np.float32(np.sqrt(0.75)) + y / 2
    return np.maximum(leaning, -y) - 0.5


def star(x: Floats, y: Floats) -> Floats:
    """Five points; each is folded onto the edge from the tip (1, 0) to the notch beside it."""
    tenth = np.pi / 5
    away = np.abs((np.arctan2(y, x) + tenth) % (2 * tenth) - tenth)  # the angle from the nearest tip
    radius = np.hypot(x, y)
    notch_x, notch_y = 0.42 * np.cos(tenth), 0.42 * np.sin(tenth)
    along_x, along_y = notch_x - 1, notch_y
    distance = (radius * np.cos(away) - 1) * along_y - radius * np.sin(away) * along_x
    return distance / np.hypot(along_x, along_y)


def half_disc(x: Floats, y: Floats) -> Floats:
    return np.maximum(np.hypot(x, y + 0.4) - 0.9, -0.4 - y)


SHAPES = (circle, ring, square, bar, cross, triangle, star, half_disc)
CLASSES = tuple(shape.__name__.replace("_", " ") for shape in SHAPES)
COLOURS = {
    "red": (0.90, 0.25, 0.20),
    "orange": (0.95, 0.60, 0.15),
    "yellow": (0.95, 0.90, 0.30),
    "green": (0.30, 0.80, 0.35),
    "cyan": (0.30, 0.85, 0.90),
    "blue": (0.35, 0.50, 0.98),
    "purple": (0.75, 0.45, 0.95),
    "grey": (0.85, 0.85, 0.85),
}
ANY_COLOUR: Floats = np.array(list(COLOURS.values()), dtype=np.float32)
SIZE = 32
CHUNK = 500


@dataset("shapes")
def shapes(train_examples: int, test_examples: int, seed: int, domain: str = "any") -> Examples:
    """Images (N, 3, 32, 32) of 0…255, shapes as `of_domain` colours them."""
    return Examples(*of_domain(train_examples, seed, 0, domain), *of_domain(test_examples, seed, 1, domain), CLASSES)


def of_domain(examples: int, seed: int, split: int, domain: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """`drawn` in one domain: "any" colour, one of COLOURS, or "negative": any colour, each pixel then 255 less its value. The
    shapes, their places and sizes are the same in every domain."""
    colours = np.array([COLOURS[domain]], np.float32) if domain in COLOURS else ANY_COLOUR
    images, labels = drawn(examples, seed, split, colours=colours)
    return 255 - images if domain == "negative" else images, labels


def palette(colour: str) -> Floats:
    """The colours that `drawn` may use, (colours, 3) of 0…1: all for "any", or one of COLOURS. Raises ExperimentError."""
    if colour == "any":
        return ANY_COLOUR
    if colour not in COLOURS:
        raise ExperimentError(f"colour (='{colour[:40]}') must be any or one of {', '.join(COLOURS)}.")
    return np.array([COLOURS[colour]], dtype=np.float32)


def drawn(
    examples: int, seed: int, split: int, size: int = SIZE, colours: Floats = ANY_COLOUR
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images (N, 3, size, size) of 0…255, the classes in turn, and their labels (N,).

    split: 0 for training, 1 for testing, each its own stream of random numbers. colours: (colours, 3) of 0…1, see `palette`.
    """
    labels = np.arange(examples) % len(SHAPES)
    chunks = [draw_chunk(np.random.default_rng([seed, split, i]), i * CHUNK, size, colours) for i in range(-(-examples // CHUNK))]
    return np.concatenate(chunks)[:examples], labels


def draw_chunk(rng: np.random.Generator, first: int, size: int, colours: Floats) -> NDArray[np.uint8]:
    """CHUNK images, the first one of class first mod 8; always whole, so that a smaller set is the head of a larger one."""
    labels = (first + np.arange(CHUNK)) % len(SHAPES)
    cover = coverage(labels, size, rng)[:, None]
    paint = colours[rng.integers(len(colours), size=CHUNK)] + rng.uniform(-0.1, 0.1, (CHUNK, 1)).astype(np.float32)
    picture = ground(size, rng) * (1 - cover) + paint[:, :, None, None] * cover
    picture += rng.normal(0, 0.04, picture.shape).astype(np.float32)
    return (255 * np.clip(picture, 0, 1)).round().astype(np.uint8)


def coverage(labels: NDArray[np.int64], size: int, rng: np.random.Generator) -> Floats:
    """How much of each pixel the shape covers, 0…1: (N, size, size). Place, radius and turn are random."""
    count = len(labels)
    radius = rng.uniform(0.24, 0.4, count) * size
    centre = size / 2 + rng.uniform(-1, 1, (2, count)) * (size / 2 - radius)
    turn = rng.uniform(0, 2 * np.pi, count)
    right, down = _column(np.cos(turn) / radius), _column(np.sin(turn) / radius)
    pixel = np.arange(size, dtype=np.float32) + np.float32(0.5)
    from_x = pixel[None, None, :] - _column(centre[0])
    from_y = pixel[None, :, None] - _column(centre[1])
    x, y = right * from_x + down * from_y, right * from_y - down * from_x
    distance = np.empty((count, size, size), dtype=np.float32)
    for label, shape in enumerate(SHAPES):
        here = labels == label
        distance[here] = shape(x[here], y[here])
    return np.clip(0.5 - distance * _column(radius), 0, 1)


def ground(size: int, rng: np.random.Generator, waves: int = 3) -> Floats:
    """A dim, faintly tinted ground of random waves: (CHUNK, 3, size, size)."""
    pixel = np.arange(size, dtype=np.float32) / np.float32(size)
    level = np.zeros((CHUNK, size, size), dtype=np.float32)
    for _ in range(waves):
        across, down, phase = rng.uniform(-1, 1, (3, CHUNK)) * np.array([[20], [20], [np.pi]])
        level += np.sin(_column(across) * pixel[None, None, :] + _column(down) * pixel[None, :, None] + _column(phase))
    tint = rng.uniform(0.15, 0.4, (CHUNK, 1)) + rng.uniform(-0.05, 0.05, (CHUNK, 3))
    return tint.astype(np.float32)[:, :, None, None] + np.float32(0.05) * level[:, None]


def _column(values: NDArray[np.float64]) -> Floats:
    return values.astype(np.float32)[:, None, None]
