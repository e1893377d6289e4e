"""Again: one batch's pass repeated with other parameters, after which the net is as if it had never happened."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType

import torch
from torch import Tensor, nn

from cnnviz.engine.objectives import Objective


class Again:
    """`again = Again(…)` before a pass; then `with again: loss, gradients = again()` as often as wanted, parameters changed in
    between. Each repetition meets the buffers, and so the noise, that the pass met; on leaving, parameters and buffers are
    what they were on entering. Parameters' `.grad` is never touched.
    """

    def __init__(self, net: nn.Module, objective: Objective, inputs: Tensor, labels: Tensor) -> None:
        self.net, self.objective, self.inputs, self.labels = net, objective, inputs, labels
        self.parameters = list(net.parameters())
        self._met = copies(net.buffers())

    def __enter__(self) -> Again:
        self._kept = copies(self.parameters), copies(self.net.buffers())
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        parameters, buffers = self._kept
        put(self.parameters, parameters)
        put(self.net.buffers(), buffers)  # asked for anew: a module may have put others in their place

    @torch.enable_grad()
    def __call__(self) -> tuple[Tensor, list[Tensor]]:
        """The loss with the parameters as they are now, and its gradient for each, zeros where it does not depend on one."""
        put(self.net.buffers(), self._met)
        loss = self.objective.loss(self.net(self.inputs), self.labels)
        return loss.detach(), list(torch.autograd.grad(loss, self.parameters, allow_unused=True, materialize_grads=True))


def copies(tensors: Iterable[Tensor]) -> list[Tensor]:
    """The same values in tensors of their own."""
    return [tensor.detach().clone() for tensor in tensors]


@torch.no_grad()
def put(tensors: Iterable[Tensor], values: Iterable[Tensor]) -> None:
    """Overwrite each tensor with a value of its shape."""
    for tensor, value in zip(tensors, values, strict=True):
        tensor.copy_(value)
