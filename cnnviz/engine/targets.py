"""Targets: what the output layer is asked for; label smoothing in its two forms, how they are related, and what meets them.

Over the other classes, as in the lecture: 1 − ε for the true class, ε/(K − 1) for each other. Over all K classes, as in Szegedy
et al. 2016 (arXiv 1512.00567) and PyTorch: (1 − ε) · onehot + ε/K. Torch-free: pages draw it, the exported script contains it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from cnnviz.engine.fields import Checked, choice, real, switch, whole
from cnnviz.engine.words import SMOOTHED_OVER
from cnnviz.limits import WIDTH


@dataclass(frozen=True)
class Targets(Checked):
    """What the output layer is asked for, besides the label."""

    smoothing: float = real(
        0.0, 0.0, 0.5, "Label smoothing", "ε", help="The share of each target that is taken from the true class; 0: hard targets."
    )
    smoothing_over: str = choice(
        "others",
        SMOOTHED_OVER,
        "ε goes to",
        help="others: ε/(K − 1) to each other class, as in the lecture. all: ε/K to every class, as in PyTorch.",
    )


@dataclass(frozen=True)
class Distillation(Checked):
    """A teacher that learns before the student does, and how much its answers count. Hinton et al. 2015."""

    teacher: bool = switch(
        False,
        "Teacher",
        help="Another net learns the whole training set first, in the updates of pre-training; its answers are targets, too.",
    )
    teacher_width: int = whole(200, 2, WIDTH, "Teacher's width", "units", log=True)
    teacher_smoothing: float = real(
        0.0, 0.01, 0.5, "Smoothing of the teacher", "ε", off=0.0, help="Of the targets that the teacher learned from."
    )
    temperature: float = real(
        4.0, 1.0, 20.0, "Temperature", "T", help="Divides the logits of both: the higher, the more is seen of the smaller ones."
    )
    teacher_share: float = real(0.9, 0.0, 1.0, "Teacher's share", "of the loss", help="The rest is the label's.")


def over_all(epsilon: float, over: str, classes: int) -> float:
    """The ε over all classes that gives the same targets: ε itself, or ε K/(K − 1) where it goes to the others only."""
    return epsilon if over == "all" else epsilon * classes / (classes - 1)


def target(epsilon: float, over: str, classes: int) -> tuple[float, float]:
    """What the true class is to get, and what each other class; (1, 0) at ε = 0."""
    other = over_all(epsilon, over, classes) / classes
    return 1 - (classes - 1) * other, other


def gap(epsilon: float, over: str, classes: int) -> float:
    """True logit less any other, nats, where the softmax meets the target: log((1 − ε)(K − 1)/ε) over the others,
    log(1 + (1 − ε) K/ε) over all; infinite at ε = 0."""
    true, other = target(epsilon, over, classes)
    return math.log(true / other) if other else math.inf


def least_loss(epsilon: float, over: str, classes: int) -> float:
    """Cross-entropy, nats, of a softmax that meets the target: the target's own entropy."""
    true, other = target(epsilon, over, classes)
    return -true * math.log(true) - ((classes - 1) * other * math.log(other) if other else 0.0)
