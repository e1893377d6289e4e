"""Augmentations that take something away: noise over all pixels, or a square left out."""

from __future__ import annotations

import numpy as np

from cnnviz.engine.augment.arrays import Images, like, pixels, squares


def pixel_noise(rng: np.random.Generator, images: Images, spread: float) -> Images:
    """To each pixel of each channel its own N(0, spread²)."""
    return images + like(images, rng.normal(0, spread, images.shape))


def cutout(rng: np.random.Generator, images: Images, side: float) -> Images:
    """A square, `side` of the image's own, set to 0, the training set's mean; its middle is any pixel: DeVries & Taylor 2017."""
    sides = np.full(len(images), pixels(images.shape[2], side))
    return images * like(images, ~squares(rng, images, sides)[:, None])
