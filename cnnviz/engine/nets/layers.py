"""Layer: the block that the small networks repeat: weights → normalisation → activation → dropout, with an optional skip."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Generator, Tensor, nn

from cnnviz.engine.experiment import Net
from cnnviz.engine.nets.activations import FUNCTIONS
from cnnviz.engine.nets.inits import initialise
from cnnviz.engine.nets.learned import Activation, activation
from cnnviz.engine.nets.norms import NORMS
from cnnviz.engine.nets.norms.on_weights import OnWeights
from cnnviz.engine.nets.undrawn import Linear

Weights = nn.Linear | nn.Conv2d
Notice = Callable[[nn.Module, Tensor, Tensor, Tensor, Tensor], None]


class Layer(nn.Module):
    """a = drop(f(norm(w ∗ x + b))), plus x itself where `skip` is set and the shapes agree.

    weights: a Linear, (N, in) to (N, out), or a Conv2d, (N, in, H, W) to (N, out, H', W').
    norm: of w ∗ x + b; reweight: a norm or a dropout of weights, which makes w of the learned `weight`
    instead.
    notice: where it is set, told the layer, x, z (f's input), f(z) and a in each pass; a hook would cost several times more.
    """

    def __init__(self, weights: Weights, function: Activation, norm: nn.Module | None = None, skip: bool = False) -> None:
        super().__init__()
        self.weights = weights
        self.norm = None if isinstance(norm, OnWeights) else norm
        self.reweight = norm if isinstance(norm, OnWeights) else None
        if self.reweight is not None:
            self.reweight.begin(weights.weight)
        self.function = function
        self.drop: nn.Module | None = None
        self.skip = skip
        self.notice: Notice | None = None

    def drop_with(self, drop: nn.Module | None) -> None:
        """Drop what `drop` says from now on: outputs, or, as OnWeights, weights."""
        if isinstance(drop, OnWeights):
            self.reweight = drop
        else:
            self.drop = drop

    @property
    def weight(self) -> Tensor:
        """What is learned, a leaf with a gradient."""
        return self.weights.weight

    @property
    def applied_weight(self) -> Tensor:
        """w: `weight`, or what `reweight` makes of it in the state of this moment."""
        return self.weight if self.reweight is None else self.reweight.applied(self.weight)

    def sums(self, x: Tensor) -> Tensor:
        """w ∗ x + b in the state of this moment: moves nothing, unlike a forward pass."""
        return self.weights(x) if self.reweight is None else self._with(self.applied_weight, x)

    def _with(self, weight: Tensor, x: Tensor) -> Tensor:
        if isinstance(self.weights, nn.Linear):
            return F.linear(x, weight, self.weights.bias)
        return F.conv2d(x, weight, self.weights.bias, stride=self.weights.stride, padding=self.weights.padding)

    def forward(self, x: Tensor) -> Tensor:
        z = self.weights(x) if self.reweight is None else self._with(self.reweight(self.weight), x)
        if self.norm is not None:
            z = self.norm(z)
        value = self.function.value(z)
        a = value if self.drop is None else self.drop(value)
        if self.skip and a.shape == x.shape:
            a = a + x
        if self.notice is not None:
            self.notice(self, x, z, value, a)
        return a


def hidden(net: Net, weights: Weights, generator: Generator) -> Layer:
    """A hidden layer around `weights`, drawn, normalised and activated as the net says."""
    initialise(weights, net.init, net.init_scale, generator, net.init_std)
    if net.bias_init and weights.bias is not None:
        nn.init.constant_(weights.bias, net.bias_init)
    norm = NORMS[net.norm](net, weights.weight.shape[0], weights.weight.ndim == 4)
    return Layer(weights, activation(net), norm, net.skip)


def output(net: Net, features: int, classes: int, generator: Generator) -> Layer:
    """The last layer: fully connected and linear, (N, features) to logits (N, classes)."""
    weights = Linear(features, classes)
    initialise(weights, net.init, net.init_scale, generator, net.init_std)
    return Layer(weights, FUNCTIONS["linear"])
