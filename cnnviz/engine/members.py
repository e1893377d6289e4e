"""How the members of a committee do on their own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cnnviz.engine.nets.committee import Ensemble, Mixture
from cnnviz.engine.objectives import Objective

LEAST = 0.05  # of the training points: an expert that counts most for fewer is not said to be in use


@torch.no_grad()
def alone(net: nn.Module, inputs: Tensor, labels: Tensor, objective: Objective) -> dict[str, Tensor]:
    """member_loss and member_accuracy: the mean over the members of what each one's own answers give on these examples;
    member_lowest and member_highest: of their accuracies. Nothing for a net that is none. It is left in training mode."""
    if not isinstance(net, Ensemble | Mixture):
        return {}
    net.eval()
    logits = [member(inputs) for member in net.members]
    net.train()
    losses = torch.stack([objective.plain(each, labels) for each in logits])
    right = torch.stack([objective.metrics["accuracy"](each, labels) for each in logits])
    return {
        "member_loss": losses.mean(),
        "member_accuracy": right.mean(),
        "member_lowest": right.amin(),
        "member_highest": right.amax(),
    }


@torch.no_grad()
def experts_in_use(net: nn.Module, inputs: Tensor) -> dict[str, Tensor]:
    """experts_in_use: how many experts count most for at least one example in twenty. Nothing for a net without a gate."""
    if not isinstance(net, Mixture):
        return {}
    first = net.shares(inputs).argmax(1).bincount(minlength=len(net.members))
    return {"experts_in_use": (first >= LEAST * len(inputs)).float().sum()}
