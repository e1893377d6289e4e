"""DropConnect: weights are dropped instead of units, M ⊙ W while training, and a test takes their mean, q W.

L. Wan, M. Zeiler, S. Zhang, Y. LeCun, R. Fergus 2013, ICML. Differs here: one M for a whole batch instead of one an example;
biases stay; and a test takes the mean weights instead of a Gaussian of the sums' mean and variance (their section 3.2).
"""

from __future__ import annotations

from torch import Tensor

from cnnviz.engine.experiment import Dropout
from cnnviz.engine.nets.drops.masks import Masks
from cnnviz.engine.nets.norms.on_weights import OnWeights


class DropConnect(Masks, OnWeights):
    """Makes M ⊙ W of a layer's weights W, each entry of M 1 with chance q; q W in a test."""

    def applied(self, weight: Tensor) -> Tensor:
        if not self.training:
            return self.keep * weight
        return weight * self.kept(weight.shape, self.keep)


def drop_connect(given: Dropout) -> DropConnect:
    """For the weights of a hidden layer."""
    return DropConnect(given.keep)
