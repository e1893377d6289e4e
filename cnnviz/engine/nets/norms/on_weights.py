"""Normalisations of a layer's weights instead of its outputs: what they have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class OnWeights(nn.Module, ABC):
    """Makes, of the weights that are learned, those that a layer multiplies by; both (out, in) or (out, in, kernel, kernel)."""

    def begin(self, weight: Tensor) -> None:
        """Told the weights once, as they were drawn."""

    def advance(self, weight: Tensor) -> None:
        """Moves what state there is; before each pass that is learned from, and before no other."""

    @abstractmethod
    def applied(self, weight: Tensor) -> Tensor:
        """The weights to multiply by, in the state of this moment."""

    def forward(self, weight: Tensor) -> Tensor:
        if self.training and torch.is_grad_enabled():
            self.advance(weight)
        return self.applied(weight)
