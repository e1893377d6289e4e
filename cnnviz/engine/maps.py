"""Probes of an experiment that asks for `maps`: feature maps with what is dropped of them, and whether that can be guessed."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnviz.engine.nets.drops.masks import Drop
from cnnviz.engine.nets.layers import Layer
from cnnviz.engine.probes import Statistic, once, probe
from cnnviz.engine.watch import Seen

SHOWN = 4  # maps, of the first hidden layer
GUESSED = 8  # examples of the batch over which guesses are compared
LEVELS = 32

MAPS: dict[str, Statistic] = {}  # with histograms, where an experiment asks for it


@probe(MAPS)
def dropped_maps(seen: Seen) -> Tensor | None:
    """The batch's first image and its first maps in the first hidden layer, side by side: (H, 5 · (W + 1) − 1), NaN between them
    and where a map is dropped. The image from its lowest to its highest value, each map over its highest, in whole 32nds. None
    where there are no maps."""
    found = _maps(seen)[:1]
    if not found:
        return None
    (values, kept), image = found[0], seen.passes[0].input[0, :1]
    shown = values[0, :SHOWN]
    scaled = shown / shown.amax((1, 2), keepdim=True).clamp(min=1e-12)
    gone = torch.full_like(scaled, math.nan)
    pixels = (image - image.min()) / (image.max() - image.min()).clamp(min=1e-12)
    tiles = torch.cat([(LEVELS * pixels).round(), torch.where(kept[0, :SHOWN], (LEVELS * scaled).round(), gone)])
    return F.pad(tiles, (0, 1), value=math.nan).transpose(0, 1).flatten(1)[:, :-1]


@probe(MAPS)
def dropped_share(seen: Seen) -> Tensor | None:
    """Share of a layer's outputs that are dropped, over the first examples, NaN for the output layer. None without maps."""
    return _by_layer(seen, lambda values, kept: (~kept).float().mean())


@probe(MAPS)
def guess_error(seen: Seen) -> Tensor | None:
    """How far dropped outputs are from a guess, as `guessed` makes it, over how far they are from their map's mean, squares, over
    the first examples: 0 is guessed right, 1 no better than the mean. NaN for the output layer. None without maps."""
    return _by_layer(seen, unguessable)


def unguessable(values: Tensor, kept: Tensor) -> Tensor:
    """See `guess_error`: (N, channels, H, W) twice to a scalar."""
    off = (guessed(values, kept) - values)[~kept]
    spread = (values - values.mean((2, 3), keepdim=True))[~kept]
    return off.square().sum() / spread.square().sum()


def guessed(values: Tensor, kept: Tensor) -> Tensor:
    """For each position of a map the mean of the kept ones in the smallest square around it that has any, 3, 5, … wide; 0 where
    the whole map is gone."""
    present = kept.to(values.dtype)
    found, known = torch.zeros_like(values), (~kept).all(3, keepdim=True).all(2, keepdim=True).expand_as(kept)
    for reach in range(1, max(values.shape[2:])):
        sums, counts = (_in_squares(each, reach) for each in (values * present, present))
        new = ~known & (counts > 0.5)
        found, known = torch.where(new, sums / counts.clamp(min=1), found), known | new
        if known.all():
            break
    return found


def _in_squares(values: Tensor, reach: int) -> Tensor:
    """Sums over the square of positions up to `reach` away, first down its columns, then along the row."""
    width = 2 * reach + 1
    down = F.avg_pool2d(values, (width, 1), stride=1, padding=(reach, 0), divisor_override=1)
    return F.avg_pool2d(down, (1, width), stride=1, padding=(0, reach), divisor_override=1)


def _by_layer(seen: Seen, statistic: Callable[[Tensor, Tensor], Tensor]) -> Tensor | None:
    found = _maps(seen)
    if not found:
        return None
    numbers = [statistic(values, kept) for values, kept in found]
    nothing = seen.loss.new_full((), math.nan)
    return torch.stack([*numbers, *[nothing] * (len(seen.layers) - len(numbers))])


@once
def _maps(seen: Seen) -> list[tuple[Tensor, Tensor]]:
    """For each layer that makes maps and drops of them, f(z) and where it is kept, (N, channels, H, W)."""
    found = []
    for layer, passed in zip(seen.layers, seen.passes, strict=True):
        if isinstance(layer, Layer) and isinstance(layer.drop, Drop) and passed.value.ndim == 4:
            kept = (layer.drop.mask(passed.value) != 0).expand_as(passed.value)
            found.append((passed.value.detach()[:GUESSED], kept[:GUESSED]))
    return found
