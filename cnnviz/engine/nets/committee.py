"""Committees: nets that answer together, a bagged ensemble by their mean and a mixture of experts by a gate. Plain torch."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

BOOTSTRAP = 4_001  # keeps the draw of the samples apart from other draws of the same seed


class Ensemble(nn.Module):
    """Members that each learn from a bootstrap sample, and whose mean probability answers. Breiman 1996.

    (N, …) to logits (N, classes), the logarithm of the members' mean probability. (N, members, …), a batch of its own for each
    member, to the members' logits (N, classes, members): their mean loss is told, and each one's gradient is that of its own.
    """

    layers: nn.ModuleDict  # by name, where they are measured

    def __init__(self, members: Sequence[nn.Module], dimensions: int) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.dimensions = dimensions  # of one example

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim == self.dimensions + 2:
            logits = torch.stack([member(x[:, place]) for place, member in enumerate(self.members)], 2)
            if logits.requires_grad:
                logits.register_hook(lambda gradient: gradient * len(self.members))
            return logits
        logs = torch.stack([member(x).log_softmax(1) for member in self.members])
        return logs.logsumexp(0) - math.log(len(self.members))


class Mixture(nn.Module):
    """Experts, and a gate that says for each input how much each of them counts: Σ softmax(Vx)_i p_i. Jacobs et al. 1991.

    (N, …) to logits (N, classes): the logarithm of that probability.
    """

    layers: nn.ModuleDict  # by name, where they are measured

    def __init__(self, members: Sequence[nn.Module], gate: nn.Module) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.gate = gate

    def forward(self, x: Tensor) -> Tensor:
        logs = torch.stack([member(x).log_softmax(1) for member in self.members], 1)  # (N, experts, classes)
        return (self.shares(x).log()[:, :, None] + logs).logsumexp(1)

    def shares(self, x: Tensor) -> Tensor:
        """How much each expert counts for each input: (N, experts), rows that add up to 1."""
        counts: Tensor = self.gate(x.flatten(1)).softmax(1)
        return counts


def bagged(inputs: Tensor, labels: Tensor, members: int, seed: int) -> tuple[Tensor, Tensor]:
    """A bootstrap sample, as large as the set and with replacement, for each member: (N, members, …) and (N, members)."""
    chosen = np.random.default_rng([seed, BOOTSTRAP]).integers(len(labels), size=(len(labels), members))
    places = torch.from_numpy(chosen).to(labels.device)
    return inputs[places], labels[places]
