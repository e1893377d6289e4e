"""Networks: shapes, names, parameters, skips, pools and norms of what `build` makes."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnviz.engine import words
from cnnviz.engine.experiment import ExperimentError, Net
from cnnviz.engine.nets import NETS, build, undrawn
from cnnviz.engine.nets.cnn import pooled
from cnnviz.engine.nets.norms import NORMS

IMAGE = (3, 12, 12)
DEEP = ("mlp", "cnn")
TOGETHER = [(net, norm) for net in DEEP for norm in words.NORMS if (net, norm) != ("mlp", "instance")]  # which is refused


def built(seed=0, input_shape=IMAGE, **settings):
    return build(Net(**settings), input_shape, 5, torch.Generator().manual_seed(seed))


def images(count=4, shape=IMAGE):
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(1))


def test_the_names_are_those_an_experiment_may_use():
    assert (tuple(NETS), tuple(NORMS)) == (words.NETS, words.NORMS)


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("activation", words.ACTIVATIONS)
@pytest.mark.parametrize(("net", "norm"), TOGETHER)
def test_every_combination_gives_finite_logits_and_every_parameter_a_gradient(net, activation, norm, skip):
    model = built(net=net, depth=4, width=8, activation=activation, norm=norm, skip=skip)
    logits = model(images())
    F.cross_entropy(logits, torch.arange(4)).backward()
    assert logits.shape == (4, 5)
    assert torch.isfinite(logits).all()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


@pytest.mark.parametrize(
    ("net", "names"),
    [("mlp", ["fc1", "fc2", "fc3", "fc4"]), ("cnn", ["conv1", "conv2", "conv3", "fc"])],
)
def test_layers_are_named_from_the_input_on(net, names):
    assert list(built(net=net, depth=4).layers) == names


@pytest.mark.parametrize("depth", [2, 3, 7, 20])
@pytest.mark.parametrize("net", DEEP)
def test_depth_counts_the_layers_with_weights(net, depth):
    model = built(net=net, depth=depth, width=4)
    assert len(model.layers) == depth == sum(isinstance(m, nn.Linear | nn.Conv2d) for m in model.modules())


def test_an_mlps_parameters_are_weights_and_biases_of_each_layer():
    expected = (432 + 1) * 8 + 2 * (8 + 1) * 8 + (8 + 1) * 5
    assert sum(p.numel() for p in built(net="mlp", depth=4, width=8).parameters()) == expected


def test_a_cnns_parameters_are_kernels_and_biases_of_each_layer():
    expected = (27 + 1) * 8 + 2 * (72 + 1) * 8 + (8 + 1) * 5
    assert sum(p.numel() for p in built(net="cnn", depth=4, width=8).parameters()) == expected


@pytest.mark.parametrize(
    ("convolutions", "places"), [(1, set()), (2, {1}), (3, {1, 2}), (4, {2, 3}), (9, {3, 6}), (99, {33, 66})]
)
def test_pools_stand_after_a_third_and_two_thirds(convolutions, places):
    assert pooled(convolutions) == {f"conv{place}" for place in places}


def test_a_cnn_halves_28_to_14_to_7():
    model = built(net="cnn", depth=10, width=2, input_shape=(1, 28, 28))
    sizes = []
    for name, layer in model.layers.items():
        if name != "fc":
            layer.register_forward_hook(lambda module, inputs, output: sizes.append(output.shape[-1]))
    model(images(1, (1, 28, 28)))
    assert sizes == [28] * 3 + [14] * 3 + [7] * 3


def test_an_mlp_computes_what_numpy_computes():
    model = built(net="mlp", depth=3, width=6, activation="tanh")
    x = images().flatten(1).double().numpy()
    for layer in model.layers.values():
        weight, bias = (p.detach().double().numpy() for p in layer.weights.parameters())
        x = x @ weight.T + bias
        x = np.tanh(x) if layer is not model.layers["fc3"] else x
    np.testing.assert_allclose(model(images()).detach().numpy(), x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("net", DEEP)
def test_a_skip_adds_the_input_where_the_shapes_agree(net):
    plain, skipping = (list(built(net=net, depth=4, width=8, skip=skip).layers.values()) for skip in (False, True))
    x = images(shape=(8,) if net == "mlp" else (8, 6, 6))
    torch.testing.assert_close(skipping[1](x), plain[1](x) + x)
    first = images().flatten(1) if net == "mlp" else images()
    assert torch.equal(skipping[0](first), plain[0](first))


def test_the_output_layer_never_skips():
    model = built(net="mlp", depth=2, width=5, skip=True)
    x = images(shape=(5,))
    assert torch.equal(model.layers["fc2"](x), model.layers["fc2"].weights(x))


def test_batch_norm_gives_each_unit_mean_0_and_variance_1_over_the_batch():
    layer = built(net="mlp", depth=3, width=8, norm="batch", activation="linear").layers["fc1"]
    a = layer(images(64).flatten(1))
    torch.testing.assert_close(a.mean(0), torch.zeros(8), atol=1e-5, rtol=0)
    torch.testing.assert_close(a.var(0, correction=0), torch.ones(8), atol=1e-3, rtol=0)


@pytest.mark.parametrize("net", DEEP)
def test_layer_norm_gives_each_example_mean_0_and_variance_1(net):
    layer = next(iter(built(net=net, depth=3, width=16, norm="layer", activation="linear").layers.values()))
    a = layer(images().flatten(1) if net == "mlp" else images()).flatten(1)
    torch.testing.assert_close(a.mean(1), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(a.var(1, correction=0), torch.ones(4), atol=1e-3, rtol=0)


@pytest.mark.parametrize("net", DEEP)
def test_the_same_generator_draws_the_same_net(net):
    first, second, other = (list(built(seed, net=net).parameters()) for seed in (3, 3, 4))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[0], other[0])


def test_activation_norm_and_skip_leave_the_drawn_weights_as_they_are():
    plain = built(net="mlp", depth=5, activation="sigmoid").layers
    other = built(net="mlp", depth=5, activation="relu", norm="layer", skip=True).layers
    assert all(torch.equal(plain[name].weight, other[name].weight) for name in plain)


def test_a_cnn_of_points_is_refused_with_the_way_out():
    with pytest.raises(
        ExperimentError, match=r"^net \(=cnn\) must be mlp for points in the plane: a convolution needs images\.$"
    ):
        built(net="cnn", input_shape=(2,))


@pytest.mark.parametrize(("layer", "plain"), [(undrawn.Linear, nn.Linear), (undrawn.Conv2d, nn.Conv2d)])
def test_a_layer_to_be_drawn_is_torchs_own_and_moves_no_random_state(layer, plain):
    settings = (3, 5) if plain is nn.Linear else (3, 5, 3)
    before = torch.random.get_rng_state()
    made = layer(*settings)
    assert torch.equal(before, torch.random.get_rng_state())
    assert isinstance(made, plain)
    assert {name: p.shape for name, p in made.named_parameters()} == {n: p.shape for n, p in plain(*settings).named_parameters()}


def test_everything_of_a_net_is_drawn_or_zero():
    drawn = [built(net=net, depth=4, width=8, seed=3) for net in DEEP for _time in range(2)]
    for one, again in ((drawn[0], drawn[1]), (drawn[2], drawn[3])):
        assert all(torch.equal(p, q) for p, q in zip(one.parameters(), again.parameters(), strict=True))
        assert all(p.ndim > 1 or not p.any() for p in one.parameters())
