"""Receptive fields: how many input pixels reach one value of a map, carried from operation to operation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from torch import Tensor


@dataclass(frozen=True)
class Reach:
    """A map's geometry, one number a spatial axis, in input pixels.

    field: pixels that one value sees; step: pixels between two neighbouring values; size: the map's own size, () once it was
    reshaped and every value may see all of it.
    """

    field: tuple[float, ...]
    step: tuple[float, ...]
    size: tuple[int, ...]

    @classmethod
    def of_input(cls, shape: Sequence[int]) -> Reach:
        """Of an input (C, H, W), of clips (C, T, H, W), or of a vector, which has no axes."""
        axes = tuple(shape[1:])
        return cls((1.0,) * len(axes), (1.0,) * len(axes), axes)

    def seen_by(self, tensor: Tensor) -> Reach:
        """The same for a tensor that carries the map: if its shape is another one, each value may see the whole map."""
        return self if self.space_of(tensor) == self.size else self.whole(())

    def space_of(self, tensor: Tensor) -> tuple[int, ...]:
        """The spatial sizes of (N, C, …) with as many axes as the input; () where it has fewer."""
        axes = len(self.field)
        return tuple(tensor.shape[2:]) if axes and tensor.ndim == axes + 2 else ()

    def whole(self, size: tuple[int, ...]) -> Reach:
        """Of a tensor of this size whose every value sees the whole map."""
        steps = zip(self.field, self.step, self.size or (1,) * len(self.field), strict=True)
        return Reach(tuple(field + (count - 1) * step for field, step, count in steps), self.step, size)

    def through(self, kernel: Sequence[int], stride: Sequence[float], tensor: Tensor) -> Reach:
        """After a window of `kernel` values that moves by `stride`, which made `tensor`; a stride below 1 enlarges the map."""
        if not self.size:
            return self.resized(tensor)
        field = tuple(f + (k - 1) * s for f, k, s in zip(self.field, kernel, self.step, strict=True))
        step = tuple(s * by for s, by in zip(self.step, stride, strict=True))
        return Reach(field, step, self.space_of(tensor))

    def resized(self, tensor: Tensor) -> Reach:
        """After padding or cropping to the size of `tensor`."""
        return Reach(self.field, self.step, self.space_of(tensor))

    @property
    def pixels(self) -> tuple[int, ...]:
        return tuple(ceil(field - 1e-9) for field in self.field)


def merged(reaches: Iterable[Reach], tensor: Tensor) -> Reach:
    """Of what several maps are put together to: the largest field an axis; the step of the one that has the size of `tensor`."""
    several = list(reaches)
    leading = next((reach for reach in several if reach.size and reach.size == reach.space_of(tensor)), several[0])
    field = tuple(max(values) for values in zip(*(reach.field for reach in several), strict=True))
    return Reach(field, leading.step, leading.space_of(tensor) if leading.size else ())
