"""Augmentations that put pixels elsewhere: flip, crop, shift and rotation.

What comes in from outside is the nearest pixel of the edge, but for a padded crop: there it is 0, the training set's mean.
"""

from __future__ import annotations

import numpy as np

from cnnviz.engine.augment.arrays import Images, Numbers, between, grid, inside, like, nearest, pixels


def flip(rng: np.random.Generator, images: Images, chance: float) -> Images:
    """Left becomes right, in each image with this probability."""
    return flipped(images, rng.random(len(images)) < chance)


def flipped(images: Images, which: Numbers) -> Images:
    """Those of the images that `which` (N,) says."""
    rows, columns = grid(images)
    last = images.shape[3] - 1
    return nearest(images, rows, np.where(which[:, None, None], last - columns, columns))


def crop(rng: np.random.Generator, images: Images, cut: float) -> Images:
    """A square part with U(1 − cut, 1) of the area, anywhere, enlarged to the whole: Szegedy et al. 2015, unstretched."""
    sides = np.sqrt(rng.uniform(1 - cut, 1, len(images)))
    top, left = rng.random((2, len(images))) * (1 - sides)
    return cropped(images, top, left, sides)


def cropped(images: Images, top: Numbers, left: Numbers, sides: Numbers) -> Images:
    """The part that begins at `top` and `left` and is `sides` long, all (N,) and shares of the image."""
    (height, width), (rows, columns) = images.shape[2:], grid(images)
    down, right, sides = (part[:, None, None] for part in (top, left, sides))
    return between(images, down * height + (rows + 0.5) * sides - 0.5, right * width + (columns + 0.5) * sides - 0.5)


def crop_padding(rng: np.random.Generator, images: Images, margin: float) -> Images:
    """A margin of 0 around the image, then a part of the image's own size, anywhere. margin: share of the side."""
    down, right = offsets(rng, images, margin)
    there = inside(images, down, right, down + images.shape[2], right + images.shape[3])
    return translated(images, down, right) * like(images, there[:, None])


def translate(rng: np.random.Generator, images: Images, reach: float) -> Images:
    """Whole pixels up or down, and left or right, at most `reach` of the side."""
    return translated(images, *offsets(rng, images, reach))


def offsets(rng: np.random.Generator, images: Images, reach: float) -> tuple[Numbers, Numbers]:
    """How many pixels each image goes down, and right: each (N,), from −reach to reach of the side."""
    down, right = (pixels(side, reach) for side in images.shape[2:])
    return rng.integers(-down, down + 1, len(images)), rng.integers(-right, right + 1, len(images))


def translated(images: Images, down: Numbers, right: Numbers) -> Images:
    """Each image by its own whole numbers of pixels, (N,)."""
    rows, columns = grid(images)
    return nearest(images, rows - down[:, None, None], columns - right[:, None, None])


def rotate(rng: np.random.Generator, images: Images, degrees: float) -> Images:
    """Turned about the middle by U(±degrees)."""
    return rotated(images, np.radians(rng.uniform(-degrees, degrees, len(images))))


def rotated(images: Images, angles: Numbers) -> Images:
    """Each image counterclockwise by its angle (N,), read between the pixels."""
    rows, columns = grid(images)
    middle_row, middle_column = ((side - 1) / 2 for side in images.shape[2:])
    y, x = rows - middle_row, columns - middle_column
    sine, cosine = (f(angles)[:, None, None] for f in (np.sin, np.cos))
    return between(images, middle_row + cosine * y + sine * x, middle_column + cosine * x - sine * y)
