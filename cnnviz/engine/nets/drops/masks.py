"""Masks that a net draws while it learns, each from a stream of its own: what all kinds of dropout have in common."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from cnnviz.engine.nets.streams import seed_streams

FIRST_STREAM = 500  # behind those of noisy batch norms


class Masks(nn.Module):
    """Counts masks. Which one is drawn is decided by `seed` and by how many were drawn before, so whoever puts the buffers back
    draws it again; torch's own random state is never asked."""

    drawn: Tensor

    def __init__(self, keep: float) -> None:
        super().__init__()
        self.keep, self.seed = keep, 0
        self.register_buffer("drawn", torch.zeros((), dtype=torch.int64))

    def advance(self, *_learned: Tensor) -> None:
        """On to the next mask; before each pass that is learned from, and before no other."""
        self.drawn += 1

    def kept(self, shape: Sequence[int], chance: float) -> Tensor:
        """The mask of this moment: True with that chance, each entry for itself."""
        generator = Generator(self.drawn.device).manual_seed(self.seed + int(self.drawn))
        return torch.rand(shape, generator=generator, device=self.drawn.device) < chance


class Drop(Masks):
    """Drops outputs a of a layer, (N, units) or (N, channels, H, W): D ⊙ a while it trains, with a new D in each pass."""

    def forward(self, a: Tensor) -> Tensor:
        if not self.training:
            return self.tested(a)
        if torch.is_grad_enabled():
            self.advance()
        return a * self.mask(a)

    def mask(self, a: Tensor) -> Tensor:
        """D of this moment, with whatever factor the kept ones get; of a's shape, or of one that is spread over it."""
        raise NotImplementedError  # each kind has its own

    def tested(self, a: Tensor) -> Tensor:
        """What a becomes in a test, where nothing is dropped."""
        return a


def seed_masks(net: nn.Module, seed: int) -> None:
    """Give each module of a net that draws masks a stream of its own; the net's weights are drawn elsewhere."""
    seed_streams(net, Masks, seed, FIRST_STREAM)
