"""Initialisations: how a layer's weights are drawn, by name. Biases always start at 0.

fan_in: numbers that a unit reads; fan_out: units that read a number (times the kernel's area for a convolution).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn

from cnnviz.engine.words import INITS_WITH_STD

Init = Callable[..., Tensor]


def fans(weight: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight (out, in) or (out, in, kernel, kernel)."""
    area = math.prod(weight.shape[2:])
    return weight.shape[1] * area, weight.shape[0] * area


def he(weight: Tensor, generator: Generator) -> Tensor:
    """N(0, 2/fan_in). He et al. 2015, eq. 10."""
    return weight.normal_(0, math.sqrt(2 / fans(weight)[0]), generator=generator)


def he_uniform(weight: Tensor, generator: Generator) -> Tensor:
    """U(±√(6/fan_in)): the variance of `he`."""
    bound = math.sqrt(6 / fans(weight)[0])
    return weight.uniform_(-bound, bound, generator=generator)


def glorot(weight: Tensor, generator: Generator) -> Tensor:
    """N(0, 2/(fan_in + fan_out)). Glorot & Bengio 2010, eq. 12."""
    return weight.normal_(0, math.sqrt(2 / sum(fans(weight))), generator=generator)


def glorot_uniform(weight: Tensor, generator: Generator) -> Tensor:
    """U(±√(6/(fan_in + fan_out))): "normalized". Glorot & Bengio 2010, eq. 16."""
    bound = math.sqrt(6 / sum(fans(weight)))
    return weight.uniform_(-bound, bound, generator=generator)


def standard(weight: Tensor, generator: Generator) -> Tensor:
    """U(±1/√fan_in): "standard", variance 1/(3 fan_in). Glorot & Bengio 2010, eq. 1."""
    bound = 1 / math.sqrt(fans(weight)[0])
    return weight.uniform_(-bound, bound, generator=generator)


def normal(weight: Tensor, generator: Generator, std: float = 0.01) -> Tensor:
    """N(0, std²), whatever the fans: with 0.01 as AlexNet did."""
    return weight.normal_(0, std, generator=generator)


def orthogonal(weight: Tensor, generator: Generator) -> Tensor:
    """Orthonormal rows or columns, whichever are fewer, of the (out, in·area) matrix. Saxe et al. 2014."""
    return nn.init.orthogonal_(weight, generator=generator)


def zero(weight: Tensor, generator: Generator) -> Tensor:
    """All 0: every unit of a layer stays equal."""
    return weight.zero_()


def constant(weight: Tensor, generator: Generator, std: float = 0.01) -> Tensor:
    """Every weight the same number, which is called std for the sake of its slider: every unit of a layer stays equal."""
    return weight.fill_(std)


def uniform(weight: Tensor, generator: Generator, std: float = 0.01) -> Tensor:
    """U(±√3 std), whatever the fans: the variance of `normal`."""
    bound = math.sqrt(3) * std
    return weight.uniform_(-bound, bound, generator=generator)


def he_fan_out(weight: Tensor, generator: Generator) -> Tensor:
    """N(0, 2/fan_out): keeps the gradient's level instead of the signal's. He et al. 2015, eq. 14."""
    return weight.normal_(0, math.sqrt(2 / fans(weight)[1]), generator=generator)


def he_fan_out_uniform(weight: Tensor, generator: Generator) -> Tensor:
    """U(±√(6/fan_out)): the variance of `he_fan_out`."""
    bound = math.sqrt(6 / fans(weight)[1])
    return weight.uniform_(-bound, bound, generator=generator)


def lsuv(weight: Tensor, generator: Generator) -> Tensor:
    """`orthogonal`, which `lsuv.tune` then rescales by what a batch makes of it. Mishkin & Matas 2016."""
    return orthogonal(weight, generator)


INITS: dict[str, Init] = {
    "he": he,
    "glorot": glorot,
    "glorot_uniform": glorot_uniform,
    "he_uniform": he_uniform,
    "standard": standard,
    "normal": normal,
    "orthogonal": orthogonal,
    "zero": zero,
    "constant": constant,
    "uniform": uniform,
    "he_fan_out": he_fan_out,
    "he_fan_out_uniform": he_fan_out_uniform,
    "lsuv": lsuv,
}


@torch.no_grad()
def initialise(layer: nn.Linear | nn.Conv2d, init: str, scale: float, generator: Generator, std: float = 0.01) -> None:
    """Draw a layer's weights by the scheme, times `scale`; its bias, where it has one, becomes 0. std: see `normal`."""
    settings = {"std": std} if init in INITS_WITH_STD else {}
    INITS[init](layer.weight, generator, **settings).mul_(scale)
    if layer.bias is not None:
        layer.bias.zero_()
