"""Augmentations that join two images of a batch, and their labels with them: mixup and CutMix."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnviz.engine.augment.arrays import Images, like, squares

Shares = Any  # (N, classes), how much of each class an image is: an array or a tensor


def mixup(rng: np.random.Generator, images: Images, targets: Shares, alpha: float) -> tuple[Images, Shares]:
    """λx + (1 − λ)x', and labels alike, x' another image of the batch, λ from Beta(alpha, alpha): Zhang et al. 2018."""
    partners = rng.permutation(len(images))
    share = rng.beta(alpha, alpha, len(images))
    kept = like(images, share)
    mixed = kept * images + (1 - kept) * images[partners]
    return mixed, shared(targets, share, partners)


def cutmix(rng: np.random.Generator, images: Images, targets: Shares, alpha: float) -> tuple[Images, Shares]:
    """A square of x' in its place in x, 1 − λ of the area as λ from Beta(alpha, alpha) has it; labels by the area that lies
    inside: Yun et al. 2019."""
    partners = rng.permutation(len(images))
    sides = np.sqrt(1 - rng.beta(alpha, alpha, len(images))) * images.shape[2]
    there = squares(rng, images, sides.round().astype(int))
    pasted = like(images, there[:, None])
    mixed = images * (1 - pasted) + images[partners] * pasted
    return mixed, shared(targets, 1 - there.mean((1, 2)), partners)


def shared(targets: Shares, share: Any, partners: Any) -> Shares:
    """Label weights: `share` (N,) of an image's own, the rest its partner's."""
    own = like(targets, share)[:, :, 0, 0]
    return own * targets + (1 - own) * targets[partners]
