"""Optimisers: ten updates against the same formulas written out in NumPy."""

import numpy as np
import pytest
import torch
from torch import nn

from cnnviz.engine import words
from cnnviz.engine.experiment import Optimiser
from cnnviz.engine.optimisers import OPTIMISERS, build

LR, MOMENTUM, BETA2, EPS = 0.05, 0.8, 0.9, 1e-8
START = np.random.default_rng(0).standard_normal((4, 3))
GRADIENTS = np.random.default_rng(1).standard_normal((10, 4, 3))


def sgd(decay):
    w = START.copy()
    for g in GRADIENTS:
        w = w - LR * (g + decay * w)
    return w


def momentum(decay):
    w, v = START.copy(), 0.0
    for g in GRADIENTS:
        v = MOMENTUM * v + g + decay * w
        w = w - LR * v
    return w


def nesterov(decay):
    w, v = START.copy(), 0.0
    for gradient in GRADIENTS:
        g = gradient + decay * w
        v = MOMENTUM * v + g
        w = w - LR * (g + MOMENTUM * v)
    return w


def rmsprop(decay):
    w, s = START.copy(), 0.0
    for gradient in GRADIENTS:
        g = gradient + decay * w
        s = BETA2 * s + (1 - BETA2) * g**2
        w = w - LR * g / (np.sqrt(s) + EPS)
    return w


def adam(decay, decoupled=False):
    w, m, s = START.copy(), 0.0, 0.0
    for t, gradient in enumerate(GRADIENTS, 1):
        g = gradient if decoupled else gradient + decay * w
        w = w * (1 - LR * decay) if decoupled else w
        m = MOMENTUM * m + (1 - MOMENTUM) * g
        s = BETA2 * s + (1 - BETA2) * g**2
        w = w - LR * (m / (1 - MOMENTUM**t)) / (np.sqrt(s / (1 - BETA2**t)) + EPS)
    return w


def adamw(decay):
    return adam(decay, decoupled=True)


BY_HAND = {"sgd": sgd, "momentum": momentum, "nesterov": nesterov, "rmsprop": rmsprop, "adam": adam, "adamw": adamw}


def given(name, **settings):
    return Optimiser(optimiser=name, lr=LR, **{"momentum": MOMENTUM, "beta2": BETA2} | settings)


def updated(optimiser):
    """Weight and bias of a linear layer after ten updates with the gradients above (the bias gets their first row)."""
    layer = nn.Linear(3, 4)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(START))
        layer.bias.zero_()
    stepper = build(layer, optimiser)
    for g in GRADIENTS:
        layer.weight.grad = torch.from_numpy(g).float()
        layer.bias.grad = torch.ones(4)
        stepper.step()
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


def test_the_names_are_those_an_experiment_may_use():
    assert tuple(OPTIMISERS) == words.OPTIMISERS == tuple(BY_HAND)


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_ten_updates_are_the_formulas(name, decay):
    weight, _bias = updated(given(name, weight_decay=decay))
    np.testing.assert_allclose(weight, BY_HAND[name](decay), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_biases_do_not_decay(name):
    np.testing.assert_array_equal(updated(given(name, weight_decay=0.5))[1], updated(given(name))[1])


def test_nesterov_without_momentum_is_sgd():
    np.testing.assert_allclose(updated(given("nesterov", momentum=0.0))[0], updated(given("sgd"))[0], rtol=1e-6)
