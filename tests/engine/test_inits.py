"""Initialisations: the variance of what is drawn against each formula and against torch.nn.init."""

import math

import pytest
import torch
from torch import nn

from cnnviz.engine import words
from cnnviz.engine.nets.inits import INITS, fans, initialise
from cnnviz.engine.words import INITS_WITH_STD

SHAPES = {"linear": (300, 500), "conv": (60, 80, 3, 3)}
VARIANCES = {
    "he": lambda fan_in, fan_out: 2 / fan_in,
    "he_uniform": lambda fan_in, fan_out: 2 / fan_in,
    "glorot": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "glorot_uniform": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "standard": lambda fan_in, fan_out: 1 / (3 * fan_in),
    "normal": lambda fan_in, fan_out: 1e-4,
    "zero": lambda fan_in, fan_out: 0.0,
    "constant": lambda fan_in, fan_out: 0.0,
    "uniform": lambda fan_in, fan_out: 1e-4,
    "he_fan_out": lambda fan_in, fan_out: 2 / fan_out,
    "he_fan_out_uniform": lambda fan_in, fan_out: 2 / fan_out,
}
TORCH = {
    "he": lambda w, g: nn.init.kaiming_normal_(w, generator=g),
    "he_uniform": lambda w, g: nn.init.kaiming_uniform_(w, generator=g),
    "glorot": lambda w, g: nn.init.xavier_normal_(w, generator=g),
    "glorot_uniform": lambda w, g: nn.init.xavier_uniform_(w, generator=g),
    "standard": lambda w, g: nn.init.kaiming_uniform_(w, a=math.sqrt(5), generator=g),
    "normal": lambda w, g: nn.init.normal_(w, std=0.01, generator=g),
    "orthogonal": lambda w, g: nn.init.orthogonal_(w, generator=g),
    "zero": lambda w, g: nn.init.zeros_(w),
    "constant": lambda w, g: nn.init.constant_(w, 0.01),
    "uniform": lambda w, g: nn.init.uniform_(w, -0.01 * math.sqrt(3), 0.01 * math.sqrt(3), generator=g),
    "he_fan_out": lambda w, g: nn.init.kaiming_normal_(w, mode="fan_out", generator=g),
    "he_fan_out_uniform": lambda w, g: nn.init.kaiming_uniform_(w, mode="fan_out", generator=g),
    "lsuv": lambda w, g: nn.init.orthogonal_(w, generator=g),  # before it has seen data
}


def drawn(init, shape="linear", seed=0):
    return INITS[init](torch.empty(SHAPES[shape]), torch.Generator().manual_seed(seed))


def test_the_names_are_those_an_experiment_may_use():
    assert tuple(INITS) == words.INITS


@pytest.mark.parametrize("shape", SHAPES)
def test_fans_count_what_a_unit_reads_and_who_reads_it(shape):
    outputs, inputs, *kernel = SHAPES[shape]
    assert fans(torch.empty(SHAPES[shape])) == (inputs * math.prod(kernel), outputs * math.prod(kernel))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("init", VARIANCES)
def test_the_variance_is_the_formulas(init, shape):
    weight = drawn(init, shape)
    assert float(weight.var()) == pytest.approx(VARIANCES[init](*fans(weight)), rel=0.03)
    assert init == "constant" or abs(float(weight.mean())) < 0.02 * max(float(weight.std()), 1e-12) * 5


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("init", INITS)
def test_it_draws_what_torch_draws(init, shape):
    theirs = TORCH[init](torch.empty(SHAPES[shape]), torch.Generator().manual_seed(0))
    torch.testing.assert_close(drawn(init, shape), theirs)


@pytest.mark.parametrize("shape", SHAPES)
def test_orthogonal_rows_have_length_1_and_stand_upright(shape):
    rows = drawn("orthogonal", shape).flatten(1).double()
    torch.testing.assert_close(rows @ rows.T, torch.eye(len(rows), dtype=torch.float64), atol=1e-5, rtol=0)


@pytest.mark.parametrize("shape", SHAPES)
def test_more_rows_than_columns_are_orthonormal_by_columns(shape):
    outputs, inputs, *kernel = SHAPES[shape]
    weight = INITS["orthogonal"](torch.empty(8 * outputs * 9, inputs, *kernel), torch.Generator().manual_seed(0)).flatten(1)
    gram = weight.T.double() @ weight.double()
    torch.testing.assert_close(gram, torch.eye(len(gram), dtype=torch.float64), atol=1e-4, rtol=0)


@pytest.mark.parametrize("init", INITS_WITH_STD)
def test_a_spread_of_its_own_scales_what_is_drawn_and_others_take_none(init):
    wide, narrow = (INITS[init](torch.empty(300, 500), torch.Generator().manual_seed(0), std) for std in (0.5, 0.01))
    torch.testing.assert_close(wide, 50 * narrow)
    layer = nn.Linear(500, 300)
    initialise(layer, init, 1.0, torch.Generator().manual_seed(0), std=0.5)
    assert torch.equal(layer.weight.detach(), wide)
    for other in set(INITS) - set(INITS_WITH_STD):
        initialise(layer, other, 1.0, torch.Generator().manual_seed(0), std=0.5)
        assert torch.equal(layer.weight.detach(), drawn(other))


@pytest.mark.parametrize("init", INITS)
def test_the_generator_alone_decides(init):
    torch.manual_seed(1)
    first = drawn(init)
    torch.manual_seed(2)
    assert torch.equal(drawn(init), first)


@pytest.mark.parametrize("init", INITS)
def test_the_scale_multiplies_what_is_drawn_and_biases_are_0(init):
    layer = nn.Linear(500, 300)
    initialise(layer, init, 2.5, torch.Generator().manual_seed(0))
    assert torch.equal(layer.weight.detach(), 2.5 * drawn(init))
    assert torch.equal(layer.bias.detach(), torch.zeros(300))
