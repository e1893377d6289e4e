"""Early stopping: the weights that are best on examples held out of training are kept, and put back at the end."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn


class Early:
    """Looks at the loss on held-out examples every so many updates. After `patience` looks without a new best it is enough.
    Prechelt 1998, with a fixed patience."""

    def __init__(
        self, net: nn.Module, inputs: Tensor, labels: Tensor, loss: Callable[[Tensor, Tensor], Tensor], patience: int, every: int
    ) -> None:
        self.net, self.inputs, self.labels, self.loss = net, inputs, labels, loss
        self.patience, self.every = patience, every
        self.best, self.best_step, self.waited = math.inf, 0, 0
        self.kept = self._weights()

    def enough(self, step: int, last: bool) -> bool:
        """A look at the net before the update of this step, where one is due. Once it is enough, and at the last step of all, the
        best weights are put back: True."""
        if step % self.every and not last:
            return False
        loss = self.validated()
        if loss < self.best:
            self.best, self.best_step, self.waited = loss, step, 0
            self.kept = self._weights()
        else:
            self.waited += 1
        if self.waited < self.patience and not last:
            return False
        self.net.load_state_dict(self.kept)
        return True

    def _weights(self) -> dict[str, Tensor]:
        return {name: value.clone() for name, value in self.net.state_dict().items()}

    @torch.no_grad()
    def validated(self) -> float:
        """The loss on the held-out examples, in eval mode; the net is left in training mode."""
        self.net.eval()
        loss = self.loss(self.net(self.inputs), self.labels).item()
        self.net.train()
        return loss

    def told(self) -> dict[str, float]:
        """The step whose weights are the best so far, and the loss on the held-out examples there."""
        return {"best_step": float(self.best_step), "best_loss": self.best}
