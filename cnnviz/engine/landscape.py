"""The loss along the step: how far it and its gradient can be trusted. Santurkar et al. 2018, figure 4 and section 3.1."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from cnnviz.engine.again import Again, put

MULTIPLES = (0.5, 1.0, 2.0, 4.0)  # of the learning rate: the step sizes η that are looked at


@torch.no_grad()
def along_the_step(again: Again, gradients: Sequence[Tensor], rate: float) -> dict[str, Tensor]:
    """What a batch's loss L does at x − η∇L for each η of MULTIPLES · rate. gradients: ∇L at x, one a parameter; all scalars.

    loss_along_low, loss_along_high: the range of L there; loss_along_range: its width. gradient_change_low, …_high: the range of
    ‖∇L(x) − ∇L(x − η∇L)‖, L2. smoothness: the largest of it over the distance ‖η∇L‖, the effective β.
    """
    sizes = torch.tensor(MULTIPLES) * rate
    losses, changes = [], []
    with again:
        start = [parameter.clone() for parameter in again.parameters]
        for size in sizes.tolist():
            put(again.parameters, [x - size * gradient for x, gradient in zip(start, gradients, strict=True)])
            loss, there = again()
            losses.append(loss)
            changes.append(length([now - before for now, before in zip(there, gradients, strict=True)]))
    loss_along, change = torch.stack(losses), torch.stack(changes)
    distance = sizes.to(change.device) * length(gradients)
    return {
        "loss_along_low": loss_along.min(),
        "loss_along_high": loss_along.max(),
        "loss_along_range": loss_along.max() - loss_along.min(),
        "gradient_change_low": change.min(),
        "gradient_change_high": change.max(),
        "smoothness": (change / distance).max(),
    }


def length(tensors: Sequence[Tensor]) -> Tensor:
    """L2 norm of all tensors together."""
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(list(tensors))))
