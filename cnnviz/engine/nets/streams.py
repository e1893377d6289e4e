"""Streams of random numbers: each module that draws while a net learns has its own, apart from torch's and from the weights'."""

from __future__ import annotations

from torch import nn

APART = 1_000_003  # keeps the streams of two modules apart for that many draws


def seed_streams(net: nn.Module, kind: type[nn.Module], seed: int, first: int = 0, spread: int = 1_009) -> None:
    """Set `seed` of each module of a kind, in the net's order. first, spread: keep kinds of modules apart from one another."""
    drawing = [module for module in net.modules() if isinstance(module, kind)]
    for number, module in enumerate(drawing, first):
        module.seed = (seed * spread + number) * APART  # type: ignore[assignment]  # a number, which nn.Module does not know
