"""Receptive fields: how many input pixels reach one value of a map, carried from operation to operation.

Two numbers are carried. The field is that of the windows alone: convolutions, pools and fully connected layers, which are windows
as large as their map. What a gate multiplies a map by, and what attention gathers, may come from the whole map at once, whatever
the place; added to the field, it would grow by a whole map with each gate. It is kept apart, as the gated field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf

from torch import Tensor

Axes = tuple[float, ...]


@dataclass(frozen=True)
class Reach:
    """A map's geometry, one number a spatial axis, in input pixels.

    field: pixels that one value sees through windows; gated: through windows and gates, infinite for the whole map; step: pixels
    between two neighbouring values; size: of the map that its values stand for, () once a fully connected layer has read all of
    it, 1 along each axis once a pool has; gates: whether it came out of a sigmoid or a softmax, to multiply another map.
    """

    field: Axes
    gated: Axes
    step: Axes
    size: tuple[int, ...]
    gates: bool = False

    @classmethod
    def of_input(cls, shape: Sequence[int]) -> Reach:
        """Of an input (C, H, W), of clips (C, T, H, W), or of a vector, which has no axes."""
        axes = tuple(shape[1:])
        one = (1.0,) * len(axes)
        return cls(one, one, one, axes)

    @property
    def is_whole(self) -> bool:
        """Whether its values stand for no place: each sees the whole map."""
        return all(side == 1 for side in self.size)

    def space_of(self, tensor: Tensor) -> tuple[int, ...]:
        """The spatial sizes of (N, C, …) with as many axes as the input; () where it has fewer."""
        axes = len(self.field)
        return tuple(tensor.shape[2:]) if axes and tensor.ndim == axes + 2 else ()

    def whole(self, size: tuple[int, ...]) -> Reach:
        """After a window as large as the map, which leaves a tensor of this size."""
        sides = [(count - 1) * step for count, step in zip(self.size or (1,) * len(self.field), self.step, strict=True)]
        return replace(self, field=_sum(self.field, sides), gated=_sum(self.gated, sides), size=size, gates=False)

    def through(self, kernel: Sequence[int], stride: Sequence[float], source: Tensor, result: Tensor) -> Reach:
        """After a window of `kernel` values over `source` that moves by `stride`; a stride below 1 enlarges the map.

        Among copies of what stands for no place there is nothing new to see; over what was reshaped to other sizes the window may
        see anything.
        """
        placed = self.space_of(source) == self.size
        if self.is_whole and (not placed or min(stride) < 1):
            return replace(self, gates=False)
        if not placed:
            return self.whole(())
        wider = [(k - 1) * s for k, s in zip(kernel, self.step, strict=True)]
        step = tuple(s * by for s, by in zip(self.step, stride, strict=True))
        return Reach(_sum(self.field, wider), _sum(self.gated, wider), step, self.space_of(result))

    def resized(self, tensor: Tensor) -> Reach:
        """After padding or cropping to the size of `tensor`."""
        return self if self.is_whole else replace(self, size=self.space_of(tensor) or self.size)

    @property
    def pixels(self) -> tuple[int, ...]:
        return _rounded(self.field)

    def sees_all(self, image: Sequence[int]) -> bool:
        """Whether through gates each place sees all of an image of these sides, and not through windows alone."""
        return self.gated != self.field and all(field >= 2 * side - 1 for field, side in zip(self.gated, image, strict=True))

    def gated_pixels(self, image: Sequence[int]) -> tuple[int, ...]:
        """Pixels through windows and gates; () where gates add nothing, or all of the image."""
        return () if self.gated == self.field or self.sees_all(image) else _rounded(self.gated)


def _sum(field: Axes, wider: Sequence[float]) -> Axes:
    return tuple(own + more for own, more in zip(field, wider, strict=True))


def _rounded(field: Axes) -> tuple[int, ...]:
    return tuple(ceil(side - 1e-9) for side in field)


def _largest(fields: Sequence[Axes]) -> Axes:
    return tuple(max(values) for values in zip(*fields, strict=True))


def merged(reaches: Sequence[Reach], result: Tensor, multiplies: bool = False) -> Reach:
    """Of what several maps are put together to. The largest field an axis counts of those that have the places of `result`: what
    stands for no place, and, in a product, what came out of a sigmoid, are gates."""
    leading = next((reach for reach in reaches if reach.size == reach.space_of(result)), reaches[0])
    placed = [reach for reach in reaches if not reach.is_whole or leading.is_whole] or list(reaches)
    windows = [reach for reach in placed if not (multiplies and reach.gates)] or placed
    gated = _largest([reach.gated for reach in reaches])
    if len(placed) < len(reaches):
        gated = (inf,) * len(gated)
    field = _largest([reach.field for reach in windows])
    return Reach(field, gated, leading.step, leading.size, len(reaches) == 1 and leading.gates)


def gathered(reaches: Sequence[Reach], result: Tensor) -> Reach:
    """Of the product of two matrices that both come from the image: every place is compared with all, or gathers from all."""
    together = merged(reaches, result, multiplies=True)
    return together if all(reach.is_whole for reach in reaches) else replace(together, gated=(inf,) * len(together.gated))
