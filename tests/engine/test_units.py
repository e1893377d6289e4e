"""Inside the units: dead ones counted a second way, on the whole set; inputs' histograms; measuring changes nothing."""

import numpy as np
import pytest
import torch

from cnnviz import Experiment, record, replace
from cnnviz.engine.experiment import Net
from cnnviz.engine.nets import build
from cnnviz.engine.probes import UNIT
from cnnviz.engine.units import _top, dead_units
from cnnviz.engine.watch import Stacks

SMALL = Experiment.of(dataset="digits", train_examples=200, test_examples=60, depth=4, width=12, steps=8, batch_size=32,
                      snapshots=9, histograms=3, evaluations=3, units=True)  # fmt: skip
IMAGES = torch.randn(300, 1, 6, 6, generator=torch.Generator().manual_seed(1))


def made(**settings):
    return build(Net(**{"depth": 4, "width": 9, **settings}), (1, 6, 6), 5, torch.Generator().manual_seed(0))


def inputs_of(model):
    """z of every layer, a list each, by hand."""
    found, hooks = {}, []
    for name, layer in model.layers.items():
        hooks.append(layer.weights.register_forward_hook(lambda _m, _x, z, name=name: found.setdefault(name, z)))
    with torch.no_grad():
        model(IMAGES)
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize("net", ["mlp", "cnn"])
@pytest.mark.parametrize("bias", [0.0, -1.0, -8.0])
def test_a_dead_relu_is_off_on_every_example_at_every_place(net, bias):
    model = made(net=net, activation="relu", bias_init=bias)
    found = dead_units(model, IMAGES)
    for row, z in enumerate(list(inputs_of(model).values())[:-1]):
        off = [bool((z[:, unit] <= 0).all()) for unit in range(9)]
        assert found["dead_map"][row].tolist() == off
        assert found["dead_fraction"][row] == found["off_fraction"][row] == pytest.approx(np.mean(off))


@pytest.mark.parametrize("activation", ["leaky_relu", "prelu", "maxout", "linear"])
def test_what_always_has_a_slope_is_never_dead(activation):
    found = dead_units(made(activation=activation, bias_init=-50.0), IMAGES)
    assert found["dead_fraction"].tolist() == [0.0] * 4
    assert found["off_fraction"][0] == (1.0 if activation != "linear" else found["off_fraction"][0])


def test_an_elu_is_dead_only_where_its_slope_has_all_but_gone():
    assert dead_units(made(activation="elu", bias_init=-50.0), IMAGES)["dead_fraction"][0] == 1
    assert dead_units(made(activation="elu", bias_init=-5.0), IMAGES)["dead_fraction"][0] == 0


def test_the_map_has_a_row_a_layer_and_no_number_where_a_layer_has_no_such_unit():
    found = dead_units(made(), IMAGES)["dead_map"]
    assert found.shape == (4, 9)
    assert torch.isnan(found[3]).tolist() == [False] * 5 + [True] * 4


def test_looking_for_dead_units_leaves_the_net_as_it_was():
    model = made(norm="batch")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    dead_units(model, IMAGES)
    assert model.training
    assert all(layer.notice is None for layer in model.layers.values())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_measuring_units_changes_nothing_that_is_trained():
    with_units, without = record(SMALL), record(replace(SMALL, units=False))
    assert with_units.column("loss").tolist() == without.column("loss").tolist()
    measured = set(with_units.names) - set(without.names)
    assert measured == {*UNIT, "dead_map", "dead_fraction", "off_fraction"} - {"prelu_slope"}


def test_histograms_of_inputs_are_fractions_between_the_lowest_and_the_highest():
    model = build(SMALL.net, (1, 8, 8), 10, torch.Generator().manual_seed(SMALL.seed))
    recording = record(SMALL)
    assert recording.column("preactivation_hist").shape == (3, 4, 40)
    np.testing.assert_allclose(recording.column("preactivation_hist").sum(2), 1, atol=1e-5)
    assert (recording.column("preactivation_low") < recording.column("preactivation_high")).all()
    assert len(model.layers) == 4


@pytest.mark.parametrize("values", [1, 2, 51, 1_000, 8_192])
def test_the_top_of_some_activations_is_numpys_percentile(values):
    rows = torch.randn(3, values, generator=torch.Generator().manual_seed(2))
    np.testing.assert_allclose(Stacks(list(rows)).each(_top), np.percentile(rows.numpy(), 98, axis=1), rtol=1e-5)


def test_an_activation_after_a_relu_has_the_same_top_of_its_inputs():
    recording = record(SMALL)
    np.testing.assert_allclose(
        recording.column("preactivation_high")[:, :3], recording.column("activation_high")[:, :3], rtol=1e-5
    )


def test_the_curve_is_the_activation_and_reaches_beyond_the_inputs():
    recording = record(replace(SMALL, activation="tanh"))
    z, value, slope = (recording.column(name)[-1, 0] for name in ("curve_z", "curve_value", "curve_slope"))
    np.testing.assert_allclose(value, np.tanh(z), atol=1e-6)
    np.testing.assert_allclose(slope, 1 - np.tanh(z) ** 2, atol=1e-5)
    furthest = max(-recording.column("preactivation_low")[-1].min(), recording.column("preactivation_high")[-1].max())
    assert z[0] == -z[-1]
    assert furthest <= z[-1] < 2 * max(furthest, 4)


def test_a_maxout_has_no_curve_of_one_number():
    assert "curve_z" not in record(replace(SMALL, activation="maxout")).names
