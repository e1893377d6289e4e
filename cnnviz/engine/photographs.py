"""Five colour photographs, for what augmentations do to an image; torch-free. assets/README.md says who took them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.engine.augment.colour import Axes, principal_axes
from cnnviz.settings import ASSETS
from cnnviz.syntax import again


@cache
@again
def photographs() -> Mapping[str, NDArray[np.float32]]:
    """Each as an image of its own, (1, 3, 128, 128) of 0…1, by name."""
    with np.load(ASSETS / "photographs.npz") as stored:
        images = {name: np.ascontiguousarray(stored[name].transpose(2, 0, 1)[None] / np.float32(255)) for name in stored.files}
    return MappingProxyType(images)


@cache
def axes_of(names: tuple[str, ...]) -> Axes:
    """λ and p of the covariance of these photographs' pixels, whose unit is the whole range from black to white."""
    return principal_axes(np.concatenate([photographs()[name] for name in names]).astype(np.float64))


def visible(images: NDArray[Any]) -> NDArray[np.uint8]:
    """(N, C, H, W) of 0…1 as (N, H, W, C) of 0…255; what is darker than black or lighter than white is cut off."""
    return (255 * images.clip(0, 1)).round().astype(np.uint8).transpose(0, 2, 3, 1)
