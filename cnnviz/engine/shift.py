"""Internal covariate shift, measured two ways: how a layer's inputs move, and what its gradient owes to the layers below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from cnnviz.engine.again import Again, put
from cnnviz.engine.watch import Pass, Seen

PERCENTILES = {"unit_low": 0.15, "unit_median": 0.5, "unit_high": 0.85}  # as in Ioffe & Szegedy 2015, figure 1


class Inputs:
    """The inputs z of each layer's units, after normalisation and noise, from one snapshot to the next."""

    def __init__(self) -> None:
        self._typical: list[int] = []
        self._last: list[Tensor] = []

    @torch.no_grad()
    def measured(self, seen: Seen, due: bool = True) -> dict[str, Tensor]:
        """unit_low, unit_median, unit_high (layers,): percentiles of z over the batch, of the unit of each layer whose spread
        was the layer's median at the first snapshot.

        input_shift (layers,), from the second snapshot on: how far a unit's mean and standard deviation have moved since the
        last one, √(Δμ² + Δσ²), mean over the units, in units of the layer's typical σ. Nothing for foreign nets.

        due: whether the next snapshot is compared with this one, which is so for those that every run of the experiment has.
        """
        by_unit = [_by_unit(passed) for passed in seen.passes if passed.z is not None]
        if len(by_unit) < len(seen.passes):
            return {}
        moments = [torch.stack([z.mean(0), z.std(0, correction=0)]) for z in by_unit]  # (2, units) a layer
        if not self._typical:
            self._typical = [int(_middle(spread)) for _mean, spread in moments]
        chosen = [z[:, unit] for z, unit in zip(by_unit, self._typical, strict=True)]
        columns = {name: torch.stack([z.quantile(share) for z in chosen]) for name, share in PERCENTILES.items()}
        if self._last:
            columns["input_shift"] = torch.stack([_moved(*pair) for pair in zip(self._last, moments, strict=True)])
        if due:
            self._last = moments
        return columns


def _by_unit(passed: Pass) -> Tensor:
    """(examples and positions, units) of a layer's sampled z."""
    assert passed.z is not None
    return passed.z.values.movedim(1, -1).flatten(0, -2)


def _middle(values: Tensor) -> Tensor:
    """The index of the median, the lower one of two."""
    return values.argsort()[(len(values) - 1) // 2]


def _moved(before: Tensor, now: Tensor) -> Tensor:
    return (now - before).square().sum(0).sqrt().mean() / torch.cat([before[1], now[1]]).mean()


@torch.no_grad()
def gradient_shift(again: Again, layers: Mapping[str, nn.Module], before: Sequence[Tensor]) -> dict[str, Tensor]:
    """Santurkar et al. 2018, definition 2.1, for an update that has just been made; before: the parameters as they were.

    With G the gradient of a layer's weight before the update, and G′ the same once only the layers below have made theirs:
    gradient_shift (layers,) is ‖G − G′‖, L2; gradient_angle (layers,) the cosine of the angle between them. The layers come
    input side first, so the first one's are 0 and 1.
    """
    after = {parameter: parameter.detach().clone() for parameter in again.parameters}
    places = {parameter: place for place, parameter in enumerate(again.parameters)}
    shifts, angles, below = [], [], None
    with again:
        put(again.parameters, before)
        _loss, first = again()
        for layer in layers.values():
            now = first
            if below is not None:
                put(below.parameters(), [after[parameter] for parameter in below.parameters()])
                _loss, now = again()
            place = places[next(parameter for parameter in layer.parameters() if parameter.ndim > 1)]
            shifts.append((now[place] - first[place]).norm())
            angles.append(cosine_similarity(now[place].flatten(), first[place].flatten(), dim=0))
            below = layer
    return {"gradient_shift": torch.stack(shifts), "gradient_angle": torch.stack(angles)}
