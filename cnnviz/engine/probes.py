"""Probes: what is measured of a pass, one small function per statistic, registered under its own name.

A probe makes (layers,), (layers, bins) or a scalar of what a Watch has seen; None leaves its column out. To add one, write a
function with `@probe`; its name is the column's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.linalg import vector_norm

from cnnviz.engine.chain import strongest_path
from cnnviz.engine.watch import Seen, Stacks

BINS = 40
LOG_RANGE = (-14.0, 4.0)  # of log₁₀ |gradient|
COUNTED = 2_048  # values of a layer that a histogram counts at most: every k-th, k odd so that it meets every column
Value = TypeVar("Value")
Statistic = Callable[[Seen], Tensor | None]

SNAPSHOT: dict[str, Statistic] = {}
HISTOGRAM: dict[str, Statistic] = {}
UPDATE: dict[str, Statistic] = {}


def probe(moment: dict[str, Statistic]) -> Callable[[Statistic], Statistic]:
    """Registers a function by its own name, to be called with every SNAPSHOT, with every HISTOGRAM, or after the UPDATE.

    Raises TypeError for a name that is taken.
    """

    def register(statistic: Statistic) -> Statistic:
        name = statistic.__name__
        taken = next((found[name] for found in (SNAPSHOT, HISTOGRAM, UPDATE) if name in found), None)
        if taken:
            raise TypeError(f"the probe '{name}' is defined in both {taken.__module__} and {statistic.__module__}")
        moment[name] = statistic
        return statistic

    return register


def once(compute: Callable[[Seen], Value]) -> Callable[[Seen], Value]:
    """For what several probes share: computed at the first call for a pass, then remembered with it."""

    def remembered(seen: Seen) -> Value:
        if compute not in seen.notes:
            seen.notes[compute] = compute(seen)
        return seen.notes[compute]

    return remembered


@torch.no_grad()
def measured(probes: Iterable[Mapping[str, Statistic]], seen: Seen) -> dict[str, Tensor]:
    """What each probe makes of a pass, still on its device."""
    found = {name: statistic(seen) for group in probes for name, statistic in group.items()}
    return {name: value for name, value in found.items() if value is not None}


def to_numpy(columns: Mapping[str, Tensor]) -> dict[str, NDArray[np.float32]]:
    """The columns in NumPy, moved from their device all at once."""
    if not columns:
        return {}
    moved = torch.cat([value.detach().reshape(-1).float() for value in columns.values()]).cpu().numpy()
    ends = np.cumsum([value.numel() for value in columns.values()])[:-1]
    parts = np.split(moved, ends)
    return {name: part.reshape(value.shape) for (name, value), part in zip(columns.items(), parts, strict=True)}


@probe(SNAPSHOT)
def loss(seen: Seen) -> Tensor:
    """Mean cross-entropy of the batch, in nats."""
    return seen.loss


@probe(SNAPSHOT)
def accuracy(seen: Seen) -> Tensor:
    """Fraction of the batch whose largest logit is the true class's."""
    return (seen.logits.argmax(1) == seen.labels).float().mean()


@probe(SNAPSHOT)
def grad_norm_total(seen: Seen) -> Tensor:
    """L2 norm of all parameters' raw gradients together."""
    return vector_norm(torch.stack([vector_norm(p.grad) for p in seen.parameters]))


@probe(SNAPSHOT)
def activation_mean(seen: Seen) -> Tensor:
    """Mean of a layer's output over examples and units."""
    return seen.activations.each(lambda a: a.mean(1))


@probe(SNAPSHOT)
def activation_std(seen: Seen) -> Tensor:
    """Standard deviation of a layer's output over examples and units."""
    return seen.activations.each(lambda a: a.std(1, correction=0))


@probe(SNAPSHOT)
def fraction_zero(seen: Seen) -> Tensor:
    """Fraction of the activation function's outputs that are exactly 0."""
    return seen.function_values.each(lambda a: 1 - torch.count_nonzero(a, 1) / a.shape[1])


@probe(SNAPSHOT)
def fraction_saturated(seen: Seen) -> Tensor | None:
    """Fraction of inputs at which the activation function is flat, as its `Function.flat` says; None for foreign nets."""
    if seen.activation_inputs is None:
        return None
    ends = torch.tensor([layer.activation.function.flat for layer in seen.layers], device=seen.loss.device)  # type: ignore[union-attr]
    flat = [(z <= ends[run, :1]) | (z >= ends[run, 1:]) for run, z in seen.activation_inputs]
    return torch.cat([there.float().mean(1) for there in flat])


@probe(SNAPSHOT)
def activation_grad_norm(seen: Seen) -> Tensor:
    """L2 norm of ∂loss/∂a over the whole batch."""
    return seen.activation_gradients.each(lambda g: vector_norm(g, dim=1))


@probe(SNAPSHOT)
def grad_norm(seen: Seen) -> Tensor:
    """L2 norm of the weight gradient, before any clipping."""
    return seen.weight_gradients.each(lambda g: vector_norm(g, dim=1))


@probe(SNAPSHOT)
def grad_std(seen: Seen) -> Tensor:
    """Standard deviation of the weight gradient's entries, before any clipping."""
    return seen.weight_gradients.each(lambda g: g.std(1, correction=0))


@probe(SNAPSHOT)
def weight_norm(seen: Seen) -> Tensor:
    """L2 norm of the weight."""
    return seen.weights.each(lambda w: vector_norm(w, dim=1))


@probe(UPDATE)
def update_ratio(seen: Seen) -> Tensor:
    """‖Δw‖/‖w‖ of the update that followed; biases are left out."""
    after = Stacks([layer.weight for layer in seen.layers])  # type: ignore[misc]
    pairs = zip(seen.weights, after, strict=True)
    return torch.cat([vector_norm(new - old, dim=1) / vector_norm(old, dim=1) for (_, old), (_, new) in pairs])


@probe(HISTOGRAM)
def activation_low(seen: Seen) -> Tensor:
    """Lower end of `activation_hist`."""
    return _activation_range(seen)[0]


@probe(HISTOGRAM)
def activation_high(seen: Seen) -> Tensor:
    """Upper end of `activation_hist`."""
    return _activation_range(seen)[1]


@probe(HISTOGRAM)
def activation_hist(seen: Seen) -> Tensor:
    """Fractions of a layer's outputs in 40 equal bins from the lowest to the highest."""
    low, high = _activation_range(seen)
    return torch.cat([histogram(_counted(a), low[run], high[run]) for run, a in seen.activations])


@probe(HISTOGRAM)
def activation_grad_hist(seen: Seen) -> Tensor:
    """Fractions of log₁₀ |∂loss/∂a| in 40 equal bins from −14 to 4; what lies outside goes to the end bins, 0 to the lowest."""
    return seen.activation_gradients.each(_log_histogram)


@probe(HISTOGRAM)
def grad_hist(seen: Seen) -> Tensor:
    """Fractions of log₁₀ |weight gradient| in 40 equal bins, as `activation_grad_hist`."""
    return seen.weight_gradients.each(_log_histogram)


@once
def _activation_range(seen: Seen) -> tuple[Tensor, Tensor]:
    low = seen.activations.each(lambda a: _counted(a).amin(1))
    high = seen.activations.each(lambda a: _counted(a).amax(1))
    level = low == high  # one value only: put it in the middle of a range of 1
    return torch.where(level, low - 0.5, low), torch.where(level, high + 0.5, high)


def _counted(matrix: Tensor) -> Tensor:
    return matrix[:, :: max(1, matrix.shape[1] // COUNTED) | 1]


def _log_histogram(gradients: Tensor) -> Tensor:
    logs = _counted(gradients).abs().log10_()
    return histogram(logs, *(torch.full_like(logs[:, 0], end) for end in LOG_RANGE))


def histogram(values: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Fractions of each row of (rows, n) in BINS equal bins from low to high, each (rows,): (rows, BINS).

    What lies outside goes to the end bins, what is not a number to the lowest.
    """
    rows, count = values.shape
    scaled = (values - low[:, None]) * (BINS / (high - low))[:, None]
    bins = scaled.nan_to_num_(0.0, BINS - 1.0, 0.0).clamp_(0, BINS - 1).long()
    bins += torch.arange(0, rows * BINS, BINS, device=bins.device)[:, None]
    return torch.bincount(bins.reshape(-1), minlength=rows * BINS).reshape(rows, BINS) / count


@probe(HISTOGRAM)
def path_unit(seen: Seen) -> Tensor | None:
    """Which unit of the layer the path of `chain.Path` runs through."""
    return _of_path(seen, "unit")


@probe(HISTOGRAM)
def path_slope(seen: Seen) -> Tensor | None:
    """f'(z) at that unit."""
    return _of_path(seen, "slope")


@probe(HISTOGRAM)
def path_weight(seen: Seen) -> Tensor | None:
    """The weight between that unit and the path's unit in the layer below."""
    return _of_path(seen, "weight")


@probe(HISTOGRAM)
def path_factor(seen: Seen) -> Tensor | None:
    """∂a of that unit by ∂a of the path's unit in the layer below: what this layer multiplies the gradient by."""
    return _of_path(seen, "factor")


@probe(HISTOGRAM)
def path_gradient(seen: Seen) -> Tensor | None:
    """∂loss/∂a of that unit along this path alone."""
    return _of_path(seen, "gradient")


@probe(HISTOGRAM)
def path_start(seen: Seen) -> Tensor | None:
    """∂loss/∂(the true class's logit): where the path starts. A scalar."""
    return _of_path(seen, "start")


_path = once(strongest_path)


def _of_path(seen: Seen, part: str) -> Tensor | None:
    path = _path(seen)
    return None if path is None else getattr(path, part)
