"""Optimisers: each setting of an Optimiser on torch's own implementation, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn, optim

from cnnviz.engine.experiment import Optimiser

Groups = list[dict[str, Any]]
DEFAULT_EPS = 1e-8


def sgd(groups: Groups, given: Optimiser) -> optim.Optimizer:
    """w ← w − η g."""
    return optim.SGD(groups, lr=given.lr, fused=True)


def momentum(groups: Groups, given: Optimiser) -> optim.Optimizer:
    """v ← μ v + g; w ← w − η v."""
    return optim.SGD(groups, lr=given.lr, momentum=given.momentum, fused=True)


def nesterov(groups: Groups, given: Optimiser) -> optim.Optimizer:
    """v ← μ v + g; w ← w − η (g + μ v). With μ = 0 it is sgd."""
    return optim.SGD(groups, lr=given.lr, momentum=given.momentum, nesterov=given.momentum > 0, fused=True)


def rmsprop(groups: Groups, given: Optimiser) -> optim.Optimizer:
    """s ← β₂ s + (1 − β₂) g²; w ← w − η g / (√s + ε)."""
    return optim.RMSprop(groups, lr=given.lr, alpha=given.beta2, eps=DEFAULT_EPS, foreach=True)


def adam(groups: Groups, given: Optimiser) -> optim.Optimizer:
    """m and s are running means of g and g², freed of their start at 0; w ← w − η m̂ / (√ŝ + ε). Kingma & Ba 2015."""
    return optim.Adam(groups, lr=given.lr, betas=(given.momentum, given.beta2), eps=DEFAULT_EPS, fused=True)


def adamw(groups: Groups, given: Optimiser) -> optim.Optimizer:
    """Adam whose weight decay is w ← w − η λ w, apart from the gradient. Loshchilov & Hutter 2019."""
    return optim.AdamW(groups, lr=given.lr, betas=(given.momentum, given.beta2), eps=DEFAULT_EPS, fused=True)


OPTIMISERS: dict[str, Callable[[Groups, Optimiser], optim.Optimizer]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
}


def build(net: nn.Module, given: Optimiser) -> optim.Optimizer:
    """The optimiser of all of a net's parameters. Weights decay; biases and normalisations' scales and shifts do not."""
    decayed = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    if not given.weight_decay:
        groups: Groups = [{"params": decayed + others, "weight_decay": 0.0}]
    else:
        groups = [{"params": decayed, "weight_decay": given.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return OPTIMISERS[given.optimiser](groups, given)
