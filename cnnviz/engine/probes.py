"""Probes: what is measured of a pass, one small function per statistic, registered under its own name.

A probe makes (layers,), (layers, bins) or a scalar of what a Watch has seen; None leaves its column out. To add one, write a
function with `@probe`; its name is the column's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.linalg import vector_norm

from cnnviz.engine.chain import strongest_path
from cnnviz.engine.sampling import drawn
from cnnviz.engine.watch import Seen, Stacks

BINS = 40
LOG_RANGE = (-14.0, 4.0)  # of log₁₀ |gradient|
COUNTED = 1_024  # values of a layer that a histogram counts at most
Value = TypeVar("Value")
Statistic = Callable[[Seen], Tensor | None]

SNAPSHOT: dict[str, Statistic] = {}
HISTOGRAM: dict[str, Statistic] = {}
UPDATE: dict[str, Statistic] = {}
UNIT: dict[str, Statistic] = {}  # with every HISTOGRAM, where an experiment asks for it: see `units`
_REGISTERED: dict[str, Statistic] = {}  # of every group, those of other modules too


def probe(moment: dict[str, Statistic]) -> Callable[[Statistic], Statistic]:
    """Registers a function by its own name, to be called with every SNAPSHOT, with every HISTOGRAM, or after the UPDATE.

    Raises TypeError for a name that is taken.
    """

    def register(statistic: Statistic) -> Statistic:
        name = statistic.__name__
        taken = _REGISTERED.get(name)
        if taken:
            raise TypeError(f"the probe '{name}' is defined in both {taken.__module__} and {statistic.__module__}")
        moment[name] = _REGISTERED[name] = statistic
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


@torch.no_grad()
def to_numpy(columns: Mapping[str, Tensor]) -> dict[str, NDArray[np.float32]]:
    """The columns in NumPy, moved from their device all at once."""
    if not columns:
        return {}
    moved = torch.cat([value.reshape(-1) for value in columns.values()]).cpu().numpy()
    found, end = {}, 0
    for name, value in columns.items():
        start, end = end, end + value.numel()
        found[name] = moved[start:end].reshape(value.shape)
    return found


@probe(SNAPSHOT)
def loss(seen: Seen) -> Tensor:
    """What is minimised, on the batch: mean cross-entropy in nats against its targets, smoothed ones too, or squared error."""
    return seen.loss


@probe(SNAPSHOT)
def accuracy(seen: Seen) -> Tensor | None:
    """Fraction of the batch whose largest logit is the true class's; None where no classes are told apart."""
    if seen.labels.is_floating_point():
        return None
    return (seen.logits.argmax(1) == seen.labels).float().mean()


@probe(SNAPSHOT)
def grad_norm_total(seen: Seen) -> Tensor:
    """L2 norm of all parameters' raw gradients together."""
    return vector_norm(torch.stack(torch._foreach_norm([grad for p in seen.parameters if (grad := p.grad) is not None])))


@probe(SNAPSHOT)
def activation_mean(seen: Seen) -> Tensor:
    """Mean of a layer's output over examples and units."""
    return torch.cat(_means(seen))


@once
def _means(seen: Seen) -> list[Tensor]:
    return [matrix.mean(1) for _run, matrix in seen.activations]


@probe(SNAPSHOT)
def activation_std(seen: Seen) -> Tensor:
    """Standard deviation of a layer's output over examples and units."""
    return torch.cat([_std(matrix, mean) for (_run, matrix), mean in zip(seen.activations, _means(seen), strict=True)])


@probe(SNAPSHOT)
def fraction_zero(seen: Seen) -> Tensor:
    """Fraction of the activation function's outputs that are exactly 0."""
    return 1 - seen.function_values.each(_fraction_nonzero)


def _fraction_nonzero(matrix: Tensor) -> Tensor:
    """Of each row; several times faster than counting booleans."""
    return matrix.sign().abs_().mean(1)


@probe(SNAPSHOT)
def fraction_saturated(seen: Seen) -> Tensor | None:
    """Fraction of inputs at which the activation function is flat, as its `Function.flat` says; None for foreign nets."""
    if seen.activation_inputs is None:
        return None
    ends = [layer.function.flat for layer in seen.layers]  # type: ignore[union-attr]  # z is known of Layers only
    return torch.cat([_fraction_nonzero(z - z.clamp(*ends[run.start])) for run, z in seen.activation_inputs])


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
    return seen.weight_gradients.each(lambda g: _std(g, g.mean(1)))


def _std(matrix: Tensor, mean: Tensor) -> Tensor:
    """Population standard deviation of each row, whose mean is known; several times faster than torch.std."""
    return vector_norm(matrix - mean[:, None], dim=1) / math.sqrt(matrix.shape[1])


@probe(SNAPSHOT)
def weight_norm(seen: Seen) -> Tensor:
    """L2 norm of the weight."""
    return _weight_norm(seen)


@once
def _weight_norm(seen: Seen) -> Tensor:
    return seen.weights.each(lambda w: vector_norm(w, dim=1))


@probe(UPDATE)
def update_ratio(seen: Seen) -> Tensor:
    """‖Δw‖/‖w‖ of the update that followed; biases are left out."""
    pairs = zip(seen.weights, Stacks(seen.weight_tensors), strict=True)
    return torch.cat([vector_norm(new - old, dim=1) for (_, old), (_, new) in pairs]) / _weight_norm(seen)


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
    return histogram(counted(seen.activations), *_activation_range(seen))


@probe(HISTOGRAM)
def activation_grad_hist(seen: Seen) -> Tensor:
    """Fractions of log₁₀ |∂loss/∂a| in 40 equal bins from −14 to 4; what lies outside goes to the end bins, 0 to the lowest."""
    return _log_histogram(counted(seen.activation_gradients))


@probe(HISTOGRAM)
def grad_hist(seen: Seen) -> Tensor:
    """Fractions of log₁₀ |weight gradient| in 40 equal bins, as `activation_grad_hist`."""
    return _log_histogram(counted(seen.weight_gradients))


@once
def _activation_range(seen: Seen) -> tuple[Tensor, Tensor]:
    return apart(*(seen.outputs.each(partial(end, dim=1)) for end in (torch.amin, torch.amax)))


def apart(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """The ends of some histograms' ranges; where there is one value only, it lies in the middle of a range of 1."""
    level = low == high
    return torch.where(level, low - 0.5, low), torch.where(level, high + 0.5, high)


def counted(stacks: Stacks) -> list[Tensor]:
    """The values of each matrix that a histogram counts: all up to COUNTED, of more so many, drawn."""
    return [_some(matrix) for _run, matrix in stacks]


def _some(matrix: Tensor) -> Tensor:
    values = matrix.shape[1]
    return matrix if values <= COUNTED else matrix.index_select(1, drawn(values, COUNTED, matrix.device))


def _log_histogram(gradients: list[Tensor]) -> Tensor:
    return histogram([matrix.abs().log10_() for matrix in gradients], *LOG_RANGE)


def histogram(values: Sequence[Tensor], low: Tensor | float, high: Tensor | float) -> Tensor:
    """Fractions of each row of some matrices (rows, n), n their own, in BINS equal bins: (all rows, BINS).

    low, high: the range of each row, (all rows,), or of all of them. What lies outside goes to the end bins, what is not a
    number to the lowest.
    """
    counts, row = _places(tuple(matrix.shape for matrix in values), values[0].device)
    scaled = torch.cat([matrix.reshape(-1) for matrix in values]).sub_(_of(low, row)).mul_(_of(BINS / (high - low), row))
    bins = scaled.nan_to_num_(0.0, BINS - 1.0, 0.0).clamp_(0, BINS - 1).long().add_(row, alpha=BINS)
    return torch.bincount(bins, minlength=len(counts) * BINS).reshape(-1, BINS) / counts[:, None]


def _of(bound: Tensor | float, row: Tensor) -> Tensor | float:
    return bound if isinstance(bound, float) else bound[row]


@lru_cache(maxsize=32)  # a run's snapshots have the same few shapes over and over
def _places(shapes: tuple[torch.Size, ...], device: torch.device) -> tuple[Tensor, Tensor]:
    """Of all rows of matrices one below the other: how long each is, (rows,), and which one each value is in, (values,)."""
    counts = torch.tensor([columns for rows, columns in shapes for _row in range(rows)], device=device)
    return counts, torch.arange(len(counts), device=device).repeat_interleave(counts)


def first_filters(layer: nn.Module, fresh: Tensor, input_shape: Sequence[int], count: int) -> dict[str, Tensor]:
    """first_filters: the weights of layer 1's first `count` units as images, each over its largest |w|, in whole 32nds:
    (units, H, W); of coloured images, and of a convolution's kernels, the first channel. first_moved: ‖W − fresh‖ / ‖fresh‖.

    Nothing where the inputs are no images. fresh: the layer's weight as it was drawn.
    """
    if len(input_shape) != 3:
        return {}
    weight: Tensor = layer.get_parameter("weights.weight").detach()
    shape = input_shape if weight.ndim == 2 else weight.shape[1:]
    images = weight[:count].reshape(-1, *shape)[:, 0]
    moved = vector_norm(weight - fresh) / vector_norm(fresh)
    largest = images.abs().amax((1, 2), keepdim=True).clamp(min=1e-12)
    return {"first_moved": moved, "first_filters": (32 * images / largest).round()}


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
