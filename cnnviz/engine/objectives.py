"""Objectives: what a network's outputs are measured by and taught with, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from cnnviz.engine.experiment import Experiment

Measure = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Objective:
    """loss: (outputs, targets) to the scalar that is minimised, a mean over the examples. metrics: the same for what else is
    told of a pass, by column name; "test_" goes before it for the test set's."""

    loss: Measure
    metrics: Mapping[str, Measure]


def accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    """Fraction of examples whose largest logit is the true class's: (N, classes) and (N,) to a scalar."""
    return (logits.argmax(1) == labels).float().mean()


def squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error: (N, …) and (N, …) to a scalar."""
    return F.mse_loss(outputs, targets)


def largest_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """The largest |output − target| of all: (N, …) and (N, …) to a scalar."""
    return (outputs - targets).abs().amax()


OBJECTIVES = {
    "classify": Objective(F.cross_entropy, {"accuracy": accuracy}),
    "regress": Objective(squared_error, {"largest_error": largest_error}),
}
REGRESSED = ("curve",)  # data sets whose targets are numbers


def objective_of(experiment: Experiment) -> Objective:
    """What an experiment's data and network are for."""
    return OBJECTIVES["regress" if experiment.data.dataset in REGRESSED else "classify"]
