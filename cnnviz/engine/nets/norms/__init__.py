"""Normalisations that a hidden layer may have, by name, a file each: of its outputs, or, as OnWeights, of its weights."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from cnnviz.engine.experiment import Net
from cnnviz.engine.nets.norms.batch import batch
from cnnviz.engine.nets.norms.group import group
from cnnviz.engine.nets.norms.instance import instance
from cnnviz.engine.nets.norms.layer import layer
from cnnviz.engine.nets.norms.noisy_batch import noisy_batch
from cnnviz.engine.nets.norms.spectral import spectral
from cnnviz.engine.nets.norms.weight import weight

Norm = Callable[[Net, int, bool], nn.Module | None]


def none(net: Net, features: int, spatial: bool) -> None:
    """Nothing is normalised."""
    return


NORMS: dict[str, Norm] = {
    "none": none,
    "batch": batch,
    "layer": layer,
    "instance": instance,
    "group": group,
    "noisy_batch": noisy_batch,
    "weight": weight,
    "spectral": spectral,
}
