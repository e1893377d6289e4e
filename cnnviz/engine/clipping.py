"""Clipping: bounds on gradients before the update and on weights after it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from cnnviz.engine.experiment import Clipping


def clip_gradients(parameters: Sequence[Tensor], given: Clipping) -> None:
    """Cut each entry of each .grad to ±clip_value, then scale all of them together to an L2 norm of at most clip_norm.

    Pascanu et al. 2013, algorithm 1. A setting of 0 does nothing.
    """
    if given.clip_value:
        clip_grad_value_(parameters, given.clip_value)
    if given.clip_norm:
        clip_grad_norm_(parameters, given.clip_norm)


@torch.no_grad()
def clip_weights(weights: Sequence[Tensor], given: Clipping) -> None:
    """Cut each weight to ±clip_weight, in place; 0 does nothing."""
    if given.clip_weight:
        for weight in weights:
            weight.clamp_(-given.clip_weight, given.clip_weight)
