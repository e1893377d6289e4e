"""Normalisations that a hidden layer may have, by name, a file each."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from cnnviz.engine.experiment import Net
from cnnviz.engine.nets.norms.batch import batch
from cnnviz.engine.nets.norms.layer import layer

Norm = Callable[[Net, int, bool], nn.Module | None]


def none(net: Net, features: int, spatial: bool) -> None:
    """Nothing is normalised."""
    return


NORMS: dict[str, Norm] = {"none": none, "batch": batch, "layer": layer}
