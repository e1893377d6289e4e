"""Flattening: the output layer reads every position of every map, with a weight of its own for each."""

from __future__ import annotations

from torch import Tensor


def flatten(x: Tensor) -> Tensor:
    """(N, C, H, W) to (N, C · H · W)."""
    return x.flatten(1)
