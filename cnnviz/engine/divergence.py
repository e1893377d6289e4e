"""Divergence: the first step whose loss is not finite, told with the layer whose gradient was largest the step before."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from cnnviz.engine.records import Ending
from cnnviz.plots.numbers import number_text

WINDOW = 16  # steps between two looks at a loss that lies on another device: each look waits for that device


class Diverged(Exception):  # noqa: N818  # a result, not an error
    """Raised out of a training step; carries how the run ended."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.sentence)
        self.ending = ending


class Guard:
    """Looks at each step's loss before the step before's gradients are dropped.

    layers: by name, each with a weight. remembers: keep each step's gradient norms, for where .grad does not stay as it was:
    with clipping, or where losses are looked at later than their step. first: the step of the first loss.
    """

    def __init__(self, layers: Mapping[str, nn.Module], window: int, remembers: bool, first: int = 0) -> None:
        self._names = tuple(layers)
        self._weights: list[Tensor] = [layer.weight for layer in layers.values()]  # type: ignore[misc]  # measured layers have one
        self._window = window
        self._first = first
        self._remembers = remembers or window > 1
        self._losses: list[tuple[int, Tensor]] = []
        self._norms: deque[tuple[int, Tensor]] = deque(maxlen=window + 1)

    def loss(self, step: int, loss: Tensor, look: bool = False) -> None:
        """Tell a step's loss, before its backward pass. Raises Diverged; `look` makes it look at once."""
        self._losses.append((step, loss.detach()))
        if look or step % self._window == 0:
            self._look()

    def _look(self) -> None:
        values = [loss.item() for _, loss in self._losses] if len(self._losses) == 1 else self._together()
        for (step, _), value in zip(self._losses, values, strict=True):
            if not math.isfinite(value):
                raise Diverged(self._ending(step, value))
        self._losses.clear()

    def _together(self) -> list[float]:
        return torch.stack([loss for _, loss in self._losses]).tolist()

    def gradients(self, step: int) -> None:
        """Tell that a step's raw gradients are there, before they are clipped."""
        if self._remembers:
            self._norms.append((step, self._grad_norms()))

    def _grad_norms(self) -> Tensor:
        return torch.stack([torch.linalg.vector_norm(weight.grad) for weight in self._weights])

    def _ending(self, step: int, value: float) -> Ending:
        became = "NaN" if math.isnan(value) else "infinite"
        if step == self._first:
            return Ending("diverged", f"The loss was {became} at step {step:,}, before any update.", step)
        norms = next(norms for at, norms in self._norms if at == step - 1) if self._remembers else self._grad_norms()
        largest = int(norms.nan_to_num(nan=math.inf).argmax())
        name, norm = self._names[largest], float(norms[largest])
        size = number_text(norm) if math.isfinite(norm) else "beyond float32"
        return Ending(
            "diverged",
            f"The loss became {became} at step {step:,}; the gradient norm of {name} was {size} the step before.",
            step,
            name,
            norm,
        )
