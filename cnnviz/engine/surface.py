"""Loss surfaces: the loss around trained weights w, at w + α·d or w + α·d + β·e. Li et al. 2018, arXiv 1712.09913, section 4.

d and e are drawn at random, then filter-normalised: each filter of a direction, the weights into one unit, gets the norm that
the same filter has in w, so that a step of 1 means the same for large and for small weights. Biases, and what a norm has
learned, stay as they are. Columns of a snapshot, NaN where no point has been measured yet:

surface_at: (1, points), the positions α, and β. surface_loss, surface_test_loss and the objective's metrics likewise:
(1, points), along d. surface_plane: (points, points), the loss, a row for each β. surface_curvature_1 along d and _2 along e: the
second difference at the centre, by the step to the next points. surface_width_1 and _2: how far the loss stays within twice that
of the centre, both sides together. surface_mean_accuracy: along d, of the points so far. surface_better: the share of points with
a loss below that of guessing, ln classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cnnviz.engine.control import Control
from cnnviz.engine.evaluation import outputs
from cnnviz.engine.examples import Examples
from cnnviz.engine.experiment import Surface
from cnnviz.engine.objectives import Objective
from cnnviz.engine.records import Snapshot

SNAPSHOTS = 25  # of a slice, about
DOUBLE = 2.0  # times the centre's loss: the end of what is called its width

Array = NDArray[np.float32]
Measure = Callable[[], Mapping[str, Tensor]]
Place = tuple[int, int]


class Slice:
    """A trained net that is moved through its weights, and what has been measured of it so far.

    net: moved in place by `measure`, put back by `restore`. measure: "loss" and metrics of the net as it stands; tested: the same
    on the test set, asked along d only. guessing: the loss of guessing, NaN where there is none.
    """

    def __init__(self, net: nn.Module, settings: Surface, measure: Measure, tested: Measure = dict, guessing: float = math.nan):
        self.settings = settings
        self._measure, self._tested, self._guessing = measure, tested, guessing
        self._moved = [parameter for parameter in net.parameters() if parameter.ndim > 1]
        self._kept = [(tensor, tensor.detach().clone()) for tensor in (*net.parameters(), *net.buffers())]
        self._centre = [parameter.detach().clone() for parameter in self._moved]
        self._directions = list(directions(self._centre, settings))
        self.middle = settings.surface_points
        along = 2 * self.middle + 1
        self.at = (settings.surface_reach * np.arange(-self.middle, self.middle + 1) / self.middle).astype(np.float32)
        self._lines: dict[str, Array] = {}
        self._plane: Array = np.full((along if len(self._directions) > 1 else 1, along), np.nan, np.float32)

    @classmethod
    def of(cls, net: nn.Module, settings: Surface, found: Examples, objective: Objective) -> Slice:
        """Through the mean loss over some of the training set, as `few` picks them; along d over the whole test set too."""
        inputs, labels = few(found, settings.surface_examples)

        def measure() -> dict[str, Tensor]:
            return evaluated(net, inputs, labels, objective, settings.surface_statistics)

        def tested() -> dict[str, Tensor]:
            return evaluated(net, found.test_inputs, found.test_labels, objective, settings.surface_statistics)

        guessing = math.nan if found.train_labels.is_floating_point() else math.log(found.classes)
        return cls(net, settings, measure, tested, guessing)

    def measure(self, place: Place) -> None:
        """Move the net to a row and a column of the slice, and keep what it does there."""
        row, column = place
        self._move_to(float(self.at[column]), *[float(self.at[row])] * (len(self._directions) - 1))
        here = self._measure()
        self._plane[row, column] = _number(here["loss"])
        if row == self.middle or len(self._plane) == 1:
            told = {**here, **{f"test_{name}": value for name, value in self._tested().items()}}
            for name, value in told.items():
                line = self._lines.setdefault(name, np.full_like(self.at, np.nan)[None])
                line[0, column] = _number(value)

    @torch.no_grad()
    def _move_to(self, *steps: float) -> None:
        for number, (parameter, centre) in enumerate(zip(self._moved, self._centre, strict=True)):
            parameter.copy_(centre)
            for step, direction in zip(steps, self._directions, strict=True):
                parameter.add_(direction[number], alpha=step)

    @torch.no_grad()
    def restore(self) -> None:
        """Put every parameter and buffer back, to the last bit."""
        for tensor, kept in self._kept:
            tensor.copy_(kept)

    def columns(self) -> dict[str, Array]:
        """What a snapshot holds."""
        lines = [self._plane[len(self._plane) // 2], *([self._plane[:, self.middle]] if len(self._plane) > 1 else [])]
        known = ~np.isnan(self._plane)
        better = (self._plane[known] < self._guessing).mean() if not math.isnan(self._guessing) else math.nan
        numbers = {"surface_better": better}
        for number, line in enumerate(lines, start=1):
            numbers[f"surface_curvature_{number}"] = curvature(self.at, line)
            numbers[f"surface_width_{number}"] = width(self.at, line)
        if "accuracy" in self._lines:
            numbers["surface_mean_accuracy"] = float(np.nanmean(self._lines["accuracy"]))
        found = {"surface_at": self.at[None], **{f"surface_{name}": line.copy() for name, line in self._lines.items()}}
        if len(lines) > 1:
            found["surface_plane"] = self._plane.copy()
        return found | {name: np.array(value, np.float32) for name, value in numbers.items()}


def few(found: Examples, count: int) -> tuple[Tensor, Tensor]:
    """Inputs and labels of so many training examples: the first ones, as balanced as the whole set; of a curve's points, which
    lie in their order, the middles of equal parts."""
    if not found.train_labels.is_floating_point():
        return found.train_inputs[:count], found.train_labels[:count]
    parts = torch.arange(count, device=found.train_labels.device)
    middles = (2 * parts + 1) * len(found.train_labels) // (2 * count)
    return found.train_inputs[middles], found.train_labels[middles]


def directions(weights: Sequence[Tensor], settings: Surface) -> Iterator[list[Tensor]]:
    """One filter-normalised direction, or two, through weights whose first axis is their filters; tensors of the same shapes."""
    generator = torch.Generator().manual_seed(settings.surface_seed)
    for _direction in range(1 if settings.surface_slice == "line" else 2):
        drawn = [torch.randn(weight.shape, generator=generator).to(weight.device) for weight in weights]
        yield [direction * (_norms(weight) / _norms(direction)) for direction, weight in zip(drawn, weights, strict=True)]


def _norms(weight: Tensor) -> Tensor:
    """The L2 norm of each filter, of a shape that multiplies them."""
    return torch.linalg.vector_norm(weight.flatten(1), dim=1).reshape(-1, *[1] * (weight.ndim - 1))


@torch.inference_mode()
def evaluated(net: nn.Module, inputs: Tensor, labels: Tensor, objective: Objective, statistics: str) -> dict[str, Tensor]:
    """The objective's plain loss and metrics over all the examples, in evaluation mode; the net is left in training mode.

    statistics: "running" is what Li et al. published, every point normalised by what training has kept. With "batch", whatever
    keeps running statistics normalises by those of all the examples instead: the loss that training goes down.
    """
    net.eval()
    keepers = [module for module in net.modules() if getattr(module, "running_mean", None) is not None]
    together = bool(keepers) and statistics == "batch"
    for module in keepers:
        module.train(together)
    found = net(inputs) if together else outputs(net, inputs)
    net.train()
    return {
        "loss": objective.plain(found, labels),
        **{name: metric(found, labels) for name, metric in objective.metrics.items()},
    }


def _number(value: Tensor) -> float:
    """What is not a number is beyond float32: NaN stays for what has not been measured."""
    number = float(value)
    return math.inf if math.isnan(number) else number


def curvature(at: Array, line: Array) -> float:
    """The second difference of a line at its middle: (points,) and (points,), evenly spaced, to one number."""
    middle = len(line) // 2
    left, centre, right = (float(value) for value in line[middle - 1 : middle + 2])
    return (left - 2 * centre + right) / float(at[middle + 1]) ** 2


def width(at: Array, line: Array) -> float:
    """How far a line stays within twice its middle value, both sides together; straight between two points, to its ends at most.

    NaN where that is not known yet.
    """
    middle = len(line) // 2
    return _reach(at[middle:], line[middle:]) + _reach(-at[middle::-1], line[middle::-1])


def _reach(at: Array, values: Array) -> float:
    limit = DOUBLE * float(values[0])
    for place in range(1, len(values)):
        before, here = float(values[place - 1]), float(values[place])
        if math.isnan(here):
            return math.nan
        if here > limit:
            share = (limit - before) / (here - before)
            return float(at[place - 1]) + share * float(at[place] - at[place - 1])
    return float(at[-1])


def places(settings: Surface) -> list[Place]:
    """Every row and column of the slice, the middle row first, then its neighbours outwards; a line's points likewise."""
    along = range(2 * settings.surface_points + 1)
    outwards = sorted(along, key=lambda place: abs(place - settings.surface_points))
    if settings.surface_slice == "line":
        return [(0, column) for column in outwards]
    return [(row, column) for row in outwards for column in along]


def sliced_together(slices: Mapping[str, Slice], control: Control, step: int) -> Generator[tuple[str, Snapshot], None, int]:
    """Measure the variants' slices, the same point of each in turn; yields (variant, snapshot) after a row or some points.

    step: that of the trained nets. Each point counts as one more; returns the last. A `stop_at` of the control ends it there. A
    point that is looked at by itself has a snapshot of its own.
    """
    settings = next(iter(slices.values())).settings
    order = places(settings)
    along = 2 * settings.surface_points + 1
    every = math.ceil(along / SNAPSHOTS) * (1 if settings.surface_slice == "line" else along)
    try:
        for number, place in enumerate(order, start=1):
            if number > 1:  # the round that measured the trained nets has asked already
                control.poll()
            for each in slices.values():
                each.measure(place)
            last = number == len(order) or (control.stop_at is not None and step + number >= control.stop_at)
            due = last or number % every == 0
            if due or control.looking:
                for name, each in slices.items():
                    columns = each.columns()
                    yield name, Snapshot(step + number, columns, frozenset(() if due else columns))
            if last:
                break
    finally:
        for each in slices.values():
            each.restore()
    return step + number
