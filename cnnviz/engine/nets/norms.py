"""Normalisations that a hidden layer may put before its activation, by name."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

Norm = Callable[[int, bool], nn.Module | None]


def none(features: int, spatial: bool) -> None:
    """Nothing is normalised."""
    return


def batch(features: int, spatial: bool) -> nn.Module:
    """Each feature over the batch, and over the positions of a map. Ioffe & Szegedy 2015."""
    return nn.BatchNorm2d(features) if spatial else nn.BatchNorm1d(features)


def layer(features: int, spatial: bool) -> nn.Module:
    """Each example over its features, and over the positions of a map; scale and shift per feature. Ba et al. 2016."""
    return nn.GroupNorm(1, features) if spatial else nn.LayerNorm(features)


NORMS: dict[str, Norm] = {"none": none, "batch": batch, "layer": layer}
