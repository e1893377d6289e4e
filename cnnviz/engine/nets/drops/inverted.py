"""Inverted dropout: X · a / q while training, so that a test needs no factor. What today's libraries call dropout."""

from __future__ import annotations

from torch import Tensor

from cnnviz.engine.experiment import Dropout
from cnnviz.engine.nets.drops.masks import Drop


class InvertedDropout(Drop):
    """O_i = X_i a_i / q with P(X_i = 1) = q, each unit of each example for itself; tested with a_i, its expectation."""

    def mask(self, a: Tensor) -> Tensor:
        return self.kept(a.shape, self.keep).to(a.dtype) / self.keep


def inverted(given: Dropout) -> InvertedDropout:
    """Behind the activation of a hidden layer."""
    return InvertedDropout(given.keep)
