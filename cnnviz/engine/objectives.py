"""Objectives: what a network's outputs are measured by and taught with, by name.

Classes are taught with labels (N,), or with targets (N, classes): what each class is to get, rows that add up to 1. Where there
is a teacher, targets are (N, 2, classes): what the labels say and what the teacher says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch.nn.functional as F
from torch import Tensor

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.targets import Distillation, Targets, over_all

Measure = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Objective:
    """loss: (outputs, targets) to the scalar that is minimised, a mean over the examples. metrics: the same for what else is
    told of a pass, by column name; "test_" goes before it for the test set's. plain: the loss of examples that nothing is taught
    with, those of the test set. labels: targets to what the metrics compare with."""

    loss: Measure
    metrics: Mapping[str, Measure]
    plain: Measure
    labels: Callable[[Tensor], Tensor]


def classes_of(targets: Tensor) -> Tensor:
    """The class that each target gives most, that of the label where a teacher has another: (N,); labels stay as they are."""
    if not targets.is_floating_point():
        return targets
    return (targets if targets.ndim == 2 else targets[:, 0]).argmax(1)


def accuracy(logits: Tensor, targets: Tensor) -> Tensor:
    """Fraction of examples whose largest logit is the true class's: (N, classes) and targets to a scalar."""
    return (logits.argmax(1) == classes_of(targets)).float().mean()


def distilled(settings: Distillation, label_loss: Measure) -> Measure:
    """(1 − share) · the labels' loss + share · T² · cross-entropy of both nets' softmax at temperature T. Hinton et al. 2015."""
    temperature, share = settings.temperature, settings.teacher_share

    def loss(logits: Tensor, targets: Tensor) -> Tensor:
        wanted, told = targets.unbind(1)
        from_teacher = temperature**2 * F.cross_entropy(logits / temperature, told)
        return (1 - share) * label_loss(logits, wanted) + share * from_teacher

    return loss


def smoothed(settings: Targets) -> Measure:
    """Cross-entropy against targets that label smoothing has softened, labels or such that were soft before."""

    def loss(logits: Tensor, targets: Tensor) -> Tensor:
        share = over_all(settings.smoothing, settings.smoothing_over, logits.shape[1])
        return F.cross_entropy(logits, targets, label_smoothing=share)

    return loss


def squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error: (N, …) and (N, …) to a scalar."""
    return F.mse_loss(outputs, targets)


def largest_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """The largest |output − target| of all: (N, …) and (N, …) to a scalar."""
    return (outputs - targets).abs().amax()


OBJECTIVES = {
    "classify": Objective(F.cross_entropy, {"accuracy": accuracy}, F.cross_entropy, classes_of),
    "regress": Objective(squared_error, {"largest_error": largest_error}, squared_error, lambda targets: targets),
}
REGRESSED = ("curve",)  # data sets whose targets are numbers


def objective_of(experiment: Experiment) -> Objective:
    """What an experiment's data and network are for, and what targets they are taught with."""
    if experiment.data.dataset in REGRESSED:
        return OBJECTIVES["regress"]
    plain = OBJECTIVES["classify"]
    taught = replace(plain, loss=smoothed(experiment.targets)) if experiment.targets.smoothing else plain
    given = experiment.distillation
    return replace(taught, loss=distilled(given, taught.loss)) if given.teacher else taught
