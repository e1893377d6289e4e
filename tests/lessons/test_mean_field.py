"""Theory's variances against wide nets that were measured, and against formulas that can be written down."""

import numpy as np
import pytest
import torch

import cnnviz
from cnnviz.engine import nets
from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.nets.activations import FUNCTIONS
from cnnviz.engine.words import INITS
from cnnviz.lessons import mean_field, mean_field_maps
from cnnviz.lessons.mean_field import fans, theory, weight_variance
from cnnviz.lessons.mean_field_maps import POOLINGS

WIDE = Experiment.of(
    depth=6, width=512, train_examples=500, test_examples=10, steps=1, snapshots=2, histograms=0, evaluations=0, signal=True,
)  # fmt: skip


def drawn(experiment):
    shape = (1, 28, 28)
    return nets.build(experiment.net, shape, 10, torch.Generator().manual_seed(0)).layers


@pytest.mark.parametrize("net", ["mlp", "cnn"])
def test_fans_are_those_of_the_net(net):
    experiment = replace(WIDE, net=net, width=24)
    layers = drawn(experiment)
    told = {one.layer: (one.fan_in, one.fan_out, one.units) for one in fans(experiment)}
    for name, layer in layers.items():
        area = int(np.prod(layer.weight.shape[2:]))
        assert told[name] == (layer.weight.shape[1] * area, layer.weight.shape[0] * area, layer.weight.shape[0])


@pytest.mark.parametrize("init", sorted(set(INITS) - {"constant", "lsuv"}))
def test_the_weights_variance_is_that_of_the_drawn_weights(init):
    experiment = replace(WIDE, init=init, init_scale=1.5, init_std=0.03)
    for layer, it in zip(fans(experiment)[:-1], drawn(experiment).values(), strict=False):
        assert weight_variance(experiment, layer) == pytest.approx(float((it.weight.detach() ** 2).mean()), rel=0.02)


@pytest.mark.parametrize("name", mean_field.FUNCTIONS)
def test_functions_and_slopes_are_the_engines(name):
    value, slope = mean_field.FUNCTIONS[name]
    z = np.array([-3.0, -1.0, -0.2, 0.3, 1.0, 2.5])
    engine = FUNCTIONS[name]
    np.testing.assert_allclose(value(z), engine.value(torch.from_numpy(z)).numpy(), atol=1e-6)
    np.testing.assert_allclose(slope(z), engine.slope(torch.from_numpy(z)).numpy(), atol=1e-6)


@pytest.mark.parametrize("activation", mean_field.FUNCTIONS)
@pytest.mark.parametrize("init", ["he", "glorot_uniform", "orthogonal", "he_fan_out"])
def test_a_wide_net_has_the_variances_that_theory_gives(activation, init):
    experiment = replace(WIDE, activation=activation, init=init)
    measured, known = cnnviz.record(experiment), theory(experiment)
    assert known.layers == measured.layers
    for column in ("z_var", "activation_var", "activation_grad_var"):
        ratios = measured.column(column)[0][:-1] / np.array(getattr(known, column)[:-1], dtype=float)
        assert np.all((ratios > 0.5) & (ratios < 2)), f"{column}: {ratios}"


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize(
    ("activation", "init"), [("relu", "he"), ("tanh", "glorot"), ("gelu", "he_fan_out"), ("sigmoid", "orthogonal")]
)
def test_wide_maps_without_a_maximum_have_the_variances_that_theory_gives(activation, init, pooling):
    experiment = replace(WIDE, net="cnn", depth=7, width=64, batch_size=8, activation=activation, init=init, pooling=pooling)
    measured, known = cnnviz.record(experiment), mean_field_maps.theory(experiment)
    assert known.layers == measured.layers
    for column in ("z_var", "activation_var", "activation_grad_var"):
        ratios = measured.column(column)[0][:-1] / np.array(getattr(known, column)[:-1], dtype=float)
        assert np.all((ratios > 0.4) & (ratios < 2.5)), f"{column}: {ratios}"


def test_a_linear_map_loses_at_its_edges_what_counting_gives():
    """Two identity convolutions of σ² = 1/fan_in: a place keeps its window's share of places inside, and then theirs."""
    experiment = replace(WIDE, net="cnn", depth=3, width=8, activation="linear", init="normal", pooling="none", init_std=1.0)
    maps, strides = mean_field_maps.forward(experiment, [1 / 9, 1 / 72])
    inside = np.zeros((28, 28))
    for y in range(28):
        for x in range(28):
            inside[y, x] = sum(0 <= y + dy < 28 and 0 <= x + dx < 28 for dy in (-1, 0, 1) for dx in (-1, 0, 1)) / 9
    np.testing.assert_allclose(maps[0].z, inside)
    again = [
        sum(inside[y + dy, x + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1) if 0 <= y + dy < 28 and 0 <= x + dx < 28) / 9
        for y in range(28)
        for x in range(28)
    ]
    np.testing.assert_allclose(maps[1].z.ravel(), again, rtol=1e-6)
    assert strides == [1, 1]


def test_he_keeps_and_xavier_halves_under_relu_exactly():
    he, xavier = (theory(replace(WIDE, depth=30, init=init)) for init in ("he", "glorot"))
    np.testing.assert_allclose(he.z_var[1:-1], he.z_var[0], rtol=2e-3)
    np.testing.assert_allclose(np.array(xavier.z_var[2:-1]) / np.array(xavier.z_var[1:-2]), 0.5, rtol=2e-3)


def test_lsuv_has_variance_1_everywhere():
    assert theory(replace(WIDE, init="lsuv", activation="tanh")).z_var == pytest.approx([1.0] * 6)


@pytest.mark.parametrize(
    "settings",
    [{"init": "constant"}, {"net": "cnn"}, {"norm": "batch"}, {"skip": True}, {"dataset": "moons", "train_examples": 100}],
)
def test_there_is_no_curve_where_the_theory_does_not_hold(settings):
    assert theory(replace(WIDE, **settings)) is None


@pytest.mark.parametrize(
    "settings", [{"net": "mlp"}, {"pooling": "max"}, {"ending": "flatten"}, {"norm": "batch"}, {"init": "lsuv"}]
)
def test_there_is_no_curve_on_maps_where_the_theory_does_not_hold(settings):
    assert mean_field_maps.theory(replace(WIDE, **{"net": "cnn", "pooling": "none", **settings})) is None


def test_what_is_zero_or_beyond_all_bounds_leaves_a_gap():
    assert set(theory(replace(WIDE, init="zero")).z_var) == {None}
    exploding = theory(replace(WIDE, depth=100, init="normal", init_std=10.0))
    assert exploding.z_var[0] is not None
    assert all(value is None or np.isfinite(value) for value in exploding.z_var)
