"""Targets: what the output layer is asked for; label smoothing in its two forms, how they are related, and what meets them.

Over the other classes, as in the lecture: 1 − ε for the true class, ε/(K − 1) for each other. Over all K classes, as in Szegedy
et al. 2016 (arXiv 1512.00567) and PyTorch: (1 − ε) · onehot + ε/K. Torch-free: pages draw it, the exported script contains it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from cnnviz.engine.fields import Checked, choice, real
from cnnviz.engine.words import SMOOTHED_OVER


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
