"""Dropout as it was published: X · a while training, q · a in a test.

N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov 2014, JMLR 15, section 4.
"""

from __future__ import annotations

from torch import Tensor

from cnnviz.engine.experiment import Dropout
from cnnviz.engine.nets.drops.masks import Drop


class PlainDropout(Drop):
    """O_i = X_i a_i with P(X_i = 1) = q, each unit of each example for itself; tested with q a_i, its expectation."""

    def mask(self, a: Tensor) -> Tensor:
        return self.kept(a.shape, self.keep).to(a.dtype)

    def tested(self, a: Tensor) -> Tensor:
        return self.keep * a


def plain(given: Dropout) -> PlainDropout:
    """Behind the activation of a hidden layer."""
    return PlainDropout(given.keep)
