"""Sampling: which values of a large tensor statistics look at, the same ones in every run and in either memory layout.

Every k-th value would see a part of the columns only where k and a row's length share a factor, so one is drawn of each k.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

SAMPLE = 8_192  # values of a layer that statistics look at, about
SEED = 0  # of the draws, in a generator of their own


class Sample(NamedTuple):
    """What is kept of a tensor (N, units, …), so that it need not be held: some values, as `sampled`, and what no sample tells.

    example: the first one's values, (units, …). range: the lowest and the highest of all values. Both None where the values
    are all there; range too where nobody asks for it, since to find it costs more than all the rest.
    """

    values: Tensor
    example: Tensor | None = None
    range: tuple[Tensor, Tensor] | None = None

    @classmethod
    def of(cls, tensor: Tensor, ranged: bool) -> Sample:
        """Shares memory with a small tensor, with no other."""
        if tensor.numel() <= SAMPLE:
            return cls(tensor.contiguous())
        return cls(sampled(tensor), tensor[0].clone(), (tensor.amin(), tensor.amax()) if ranged else None)

    @property
    def first(self) -> Tensor:
        """The first example's values, (units, …)."""
        return self.values[0] if self.example is None else self.example

    @property
    def ends(self) -> tuple[Tensor, Tensor]:
        """The lowest and the highest value of the whole tensor."""
        if self.range is not None:
            return self.range
        assert self.example is None, "the range of a sampled tensor must be asked for before it passes"
        return self.values.amin(), self.values.amax()


def sampled(tensor: Tensor) -> Tensor:
    """All of (N, units, …) up to SAMPLE values; of more, (draws, units): as many of each unit, at positions of its own.

    Examples and places of a map are met in their order, one drawn from each run of neighbours.
    """
    if tensor.numel() <= SAMPLE:
        return tensor
    units, flat = tensor.shape[1], in_memory_order(tensor)
    beside = math.prod(tensor.shape[2:]) if tensor.is_contiguous() else 1  # values of a unit that are neighbours in memory
    places = _places(tensor.numel() // units, units, beside, tensor.device)
    return flat.index_select(0, places).view(-1, units)


def in_memory_order(tensor: Tensor) -> Tensor:
    """(values,): a view, if the tensor is contiguous or channels_last; units come last, unless it is contiguous."""
    return (tensor.movedim(1, -1) if tensor.ndim > 2 and not tensor.is_contiguous() else tensor).reshape(-1)


@lru_cache(maxsize=64)  # a run's layers have few shapes
def _places(positions: int, units: int, beside: int, device: torch.device) -> Tensor:
    rows = _drawn(positions, math.ceil(SAMPLE / units), units)
    places = (rows // beside * units + torch.arange(units)) * beside + rows % beside
    return places.flatten().to(device)


@lru_cache(maxsize=64)
def drawn(values: int, draws: int, device: torch.device) -> Tensor:
    """Places in a row of values, rising, one drawn from each of `draws` equal parts: (draws,)."""
    return _drawn(values, draws, 1).flatten().to(device)


def _drawn(values: int, draws: int, times: int) -> Tensor:
    """The same several times over: (draws, times)."""
    chances = torch.rand(draws, times, dtype=torch.float64, generator=torch.Generator().manual_seed(SEED))
    return ((torch.arange(draws)[:, None] + chances) * (values / draws)).long().clamp_(max=values - 1)
