"""Augmentations by name: seeded changes of a batch of images, a function each; torch-free, on arrays and tensors alike.

A function takes NumPy's generator, images (N, C, H, W) and a strength, and gives new images. Those that join two images take and
give label weights (N, classes), too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cnnviz.engine.augment.arrays import Images
from cnnviz.engine.augment.colour import Axes, Scale, fancy_pca, hue, jitter
from cnnviz.engine.augment.erase import cutout, pixel_noise
from cnnviz.engine.augment.mix import cutmix, mixup
from cnnviz.engine.augment.places import crop, crop_padding, flip, rotate, translate

AUGMENTATIONS: dict[str, Callable[..., Images]] = {
    "fancy_pca": fancy_pca, "jitter": jitter, "hue": hue, "flip": flip, "crop": crop, "crop_padding": crop_padding,
    "translate": translate, "rotate": rotate, "pixel_noise": pixel_noise, "cutout": cutout,
}  # fmt: skip
OF_COLOURS = ("fancy_pca", "jitter", "hue")  # these must know the range of the images
MIXINGS: dict[str, Callable[..., tuple[Images, Any]]] = {"mixup": mixup, "cutmix": cutmix}
ORDER = (*AUGMENTATIONS, *MIXINGS)


def draws(seed: int, step: int, name: str) -> np.random.Generator:
    """What an augmentation draws from at a step: whatever else is on, and however often the step is repeated, the same."""
    return np.random.default_rng([seed, step, ORDER.index(name)])


def augmented(
    images: Images,
    targets: Any,
    strengths: Mapping[str, float],
    seed: int,
    step: int,
    scale: Scale | None = None,
    axes: Axes | None = None,
) -> tuple[Images, Any]:
    """The images and label weights (N, classes) of a step; where nothing is mixed, the targets may be whatever they are.

    strengths: of those that are on, in the order of ORDER. scale: what the images were standardised by, for those of
    OF_COLOURS. axes: of the training set's colours, for fancy PCA.
    """
    for name, strength in strengths.items():
        rng = draws(seed, step, name)
        if name in MIXINGS:
            images, targets = MIXINGS[name](rng, images, targets, strength)
        else:
            given = (scale, axes) if name == "fancy_pca" else (scale,) if name in OF_COLOURS else ()
            images = AUGMENTATIONS[name](rng, images, strength, *given)
    return images, targets
