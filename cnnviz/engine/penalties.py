"""Penalties: what is done to weights after each update, apart from the gradient, so that weights can be exactly 0."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnviz.engine.parts import Penalty


def restrain(weights: Iterable[Tensor], rate: float, given: Penalty) -> None:
    """The L1 step, then max-norm, each where it is set. rate: of the update that was just made."""
    if given.l1:
        shrink(weights, rate * given.l1)
    if given.max_norm:
        project(weights, given.max_norm)


@torch.no_grad()
def shrink(weights: Iterable[Tensor], amount: float) -> None:
    """w ← sign(w) max(|w| − amount, 0), in place: after a step of SGD with rate η, and with amount η λ₁, it is a proximal
    gradient step of loss + λ₁ Σ|w|. Tibshirani 1996; Beck & Teboulle 2009 (ISTA)."""
    for weight in weights:
        weight.copy_(F.softshrink(weight, amount))


@torch.no_grad()
def project(weights: Iterable[Tensor], radius: float) -> None:
    """Each unit's incoming weights (units, …) back to an L2 norm of at most `radius`, in place. Srivastava et al. 2014."""
    for weight in weights:
        weight.renorm_(2, 0, radius)
