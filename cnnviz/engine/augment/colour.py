"""Augmentations of colour: fancy PCA, jitter and hue.

They take standardised images, as the net does, and change them in units of the range from black, 0, to white, 1, as `Scale` says;
nothing is cut off at either end.
"""

from __future__ import annotations

import numpy as np

from cnnviz.engine.augment.arrays import Images, Numbers, like

Scale = tuple[Numbers, Numbers]  # mean and standard deviation of each channel, (C,) each, of a range from 0 to 1
Axes = tuple[Numbers, Numbers]  # eigenvalues λ (C,), largest first, and eigenvectors p (C, C), one a column


def principal_axes(images: Images) -> Axes:
    """λ and p of the covariance of all the images' pixels, each p with its largest entry above 0."""
    flat = images.swapaxes(0, 1).reshape(images.shape[1], -1)
    means = flat.mean(1)
    product = flat @ flat.T / flat.shape[1] - means[:, None] * means[None, :]
    values, vectors = np.linalg.eigh(np.array(product.tolist()))
    signs = np.sign(vectors[np.abs(vectors).argmax(0), range(len(values))])
    return values[::-1].clip(0), (vectors * signs)[:, ::-1]


def to_range(images: Images, scale: Scale) -> Images:
    """Standardised images from 0 to 1."""
    mean, deviation = (like(images, part[None]) for part in scale)
    return images * deviation + mean


def from_range(images: Images, scale: Scale) -> Images:
    """The way back."""
    mean, deviation = (like(images, part[None]) for part in scale)
    return (images - mean) / deviation


def fancy_pca(rng: np.random.Generator, images: Images, spread: float, scale: Scale, axes: Axes) -> Images:
    """I + [p₁ p₂ p₃][α₁λ₁, α₂λ₂, α₃λ₃]ᵀ, α drawn from N(0, spread²) for each image: Krizhevsky et al. 2012, spread 0.1."""
    alphas = rng.normal(0, spread, (len(images), images.shape[1]))
    return from_range(with_alphas(to_range(images, scale), alphas, axes), scale)


def with_alphas(images: Images, alphas: Numbers, axes: Axes) -> Images:
    """The formula for given α (N, C): every pixel of an image moves by the same colour."""
    values, vectors = axes
    return images + like(images, (alphas * values) @ vectors.T)


def jitter(rng: np.random.Generator, images: Images, strength: float, scale: Scale) -> Images:
    """Brightness + U(±strength); contrast, then saturation × U(1 ± strength), each image its own. As Howard 2013 does."""
    brightness, contrast, saturation = rng.uniform(-strength, strength, (3, len(images)))
    return from_range(jittered(to_range(images, scale), brightness, 1 + contrast, 1 + saturation), scale)


def jittered(images: Images, brightness: Numbers, contrast: Numbers, saturation: Numbers) -> Images:
    """Each (N,): added; distance from the image's mean, then from each pixel's grey, multiplied."""
    flat = images.reshape(len(images), -1).mean(1).reshape(-1, 1, 1, 1)
    images = flat + like(images, contrast) * (images - flat)
    grey = images.mean(1)[:, None]
    return grey + like(images, saturation) * (images - grey) + like(images, brightness)


def hue(rng: np.random.Generator, images: Images, degrees: float, scale: Scale) -> Images:
    """Colours turned about the grey axis by U(±degrees), each image by its own angle; what is grey stays so."""
    angles = np.radians(rng.uniform(-degrees, degrees, len(images)))
    return from_range(turned_hue(to_range(images, scale), angles), scale)


def turned_hue(images: Images, angles: Numbers) -> Images:
    """Rodrigues' rotation about (1, 1, 1) by angles (N,): red goes to green after 120°. Images (N, 3, H, W)."""
    grey = images.mean(1)[:, None]
    colour = images - grey
    across = (colour[:, [2, 0, 1]] - colour[:, [1, 2, 0]]) / 3**0.5  # (1, 1, 1)/√3 × colour
    return grey + like(images, np.cos(angles)) * colour + like(images, np.sin(angles)) * across
