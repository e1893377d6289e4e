"""Activations: slope, gain and flat parts, each found a second way; the names are those of words.py."""

import math

import pytest
import torch

from cnnviz.engine import words
from cnnviz.engine.nets.activations import FUNCTIONS

Z = torch.linspace(-12, 12, 240_001, dtype=torch.float64)
ASYMPTOTES = {
    "sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, None),
    "elu": (-1.0, None),
    "gelu": (0.0, None),
    "silu": (0.0, None),
    "relu6": (0.0, 6.0),
}

every_function = pytest.mark.parametrize("name", FUNCTIONS)


def test_the_names_are_those_an_experiment_may_use():
    assert (*FUNCTIONS, "maxout") == words.ACTIVATIONS  # maxout is no function of one number: see test_learned.py


@every_function
def test_the_slope_is_what_autograd_finds(name):
    z = (Z + 1e-7).requires_grad_()  # beside the kinks at 0, where the slope is a convention
    (slope,) = torch.autograd.grad(FUNCTIONS[name].value(z).sum(), z)
    torch.testing.assert_close(FUNCTIONS[name].slope(z.detach()).to(z.dtype), slope, rtol=1e-6, atol=1e-7)


@every_function
def test_the_slope_at_a_kink_is_autograds_convention(name):
    z = torch.zeros((), requires_grad=True)
    (slope,) = torch.autograd.grad(FUNCTIONS[name].value(z), z)
    assert float(FUNCTIONS[name].slope(z.detach())) == pytest.approx(float(slope))


@every_function
def test_the_gain_keeps_the_second_moment_of_a_standard_normal(name):
    density = torch.exp(-(Z**2) / 2) / math.sqrt(2 * math.pi)
    second_moment = torch.trapezoid(FUNCTIONS[name].value(Z) ** 2 * density, Z)
    assert FUNCTIONS[name].gain == pytest.approx(1 / math.sqrt(second_moment), rel=1e-3)


@pytest.mark.parametrize("name", ASYMPTOTES)
def test_a_saturated_unit_is_close_to_an_asymptote(name):
    function, (low, high) = FUNCTIONS[name], ASYMPTOTES[name]
    near = 0.1 if name == "tanh" else 0.05
    assert (function.value(Z[function.flat[0] > Z]) - low).abs().max() <= near
    if high is not None:
        assert (function.value(Z[function.flat[1] < Z]) - high).abs().max() <= near


@pytest.mark.parametrize("name", [name for name in ASYMPTOTES if not name.startswith("relu")])
def test_a_unit_just_outside_the_flat_part_is_not_close_to_its_asymptote(name):
    near = 0.1 if name == "tanh" else 0.05
    inside = torch.tensor(FUNCTIONS[name].flat[0] + 0.01, dtype=torch.float64)
    assert (FUNCTIONS[name].value(inside) - ASYMPTOTES[name][0]).abs() > near


@pytest.mark.parametrize("name", ["leaky_relu", "prelu", "linear"])
def test_a_function_without_asymptote_is_never_flat(name):
    assert FUNCTIONS[name].flat == (-math.inf, math.inf)


@every_function
def test_a_function_leaves_its_input_as_it_was(name):
    z = Z.clone()
    FUNCTIONS[name].value(z)
    assert torch.equal(z, Z)
