"""The family of normalisations: each against its definition in NumPy, against torch's own, and what it refuses."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from cnnviz import Experiment, ExperimentError, record, replace
from cnnviz.engine import export, words
from cnnviz.engine.compatible import check_net
from cnnviz.engine.experiment import Net
from cnnviz.engine.nets import build
from cnnviz.engine.nets.activations import FUNCTIONS
from cnnviz.engine.nets.layers import Layer
from cnnviz.engine.nets.norms import NORMS
from cnnviz.engine.nets.norms.spectral import SpectralNorm
from cnnviz.engine.nets.norms.weight import WeightNorm

N, C, H, W, G = 3, 6, 4, 5, 2
AXES = {  # of (N, groups, channels of a group, H, W): what one mean runs over
    "batch": (C, (0, 2, 3, 4)),
    "layer": (1, (1, 2, 3, 4)),
    "instance": (C, (2, 3, 4)),
    "group": (G, (2, 3, 4)),
}
TORCHS = {
    "batch": nn.BatchNorm2d(C),
    "layer": nn.LayerNorm((C, H, W)),
    "instance": nn.InstanceNorm2d(C),
    "group": nn.GroupNorm(G, C),
}
DIGITS = Experiment.of(
    dataset="digits", train_examples=200, test_examples=50, depth=4, width=12, batch_size=32, steps=30, lr=0.05
)


def maps():
    return torch.randn(N, C, H, W, generator=torch.Generator().manual_seed(1)) * 3 + 2


def made(norm):
    return NORMS[norm](Net(groups=G), C, True)


@pytest.mark.parametrize("norm", AXES)
def test_a_norm_of_outputs_is_its_definition(norm):
    groups, axes = AXES[norm]
    x = maps().double().numpy().reshape(N, groups, C // groups, H, W)
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    expected = ((x - mean) / np.sqrt(var + 1e-5)).reshape(N, C, H, W)
    np.testing.assert_allclose(made(norm)(maps()).detach().numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("norm", AXES)
def test_a_norm_of_outputs_is_torchs_own(norm):
    torch.testing.assert_close(made(norm)(maps()), TORCHS[norm](maps()))


@pytest.mark.parametrize("norm", AXES)
def test_a_norm_of_outputs_has_a_scale_and_a_shift_a_channel(norm):
    assert {name: tuple(p.shape) for name, p in made(norm).named_parameters()} == {"weight": (C,), "bias": (C,)}


def layer_with(norm, spatial):
    torch.manual_seed(4)
    weights = nn.Conv2d(2, C, 3, padding=1) if spatial else nn.Linear(7, C)
    return Layer(weights, FUNCTIONS["linear"], norm(C)), weights


@pytest.mark.parametrize("spatial", [False, True])
def test_weight_norm_is_torchs_own_forward_and_backward(spatial):
    layer, weights = layer_with(WeightNorm, spatial)
    theirs = (nn.Conv2d(2, C, 3, padding=1) if spatial else nn.Linear(7, C)).requires_grad_()
    theirs.load_state_dict(weights.state_dict())
    theirs = parametrizations.weight_norm(theirs)
    with torch.no_grad():
        layer.reweight.length.mul_(1.7)
        theirs.parametrizations.weight.original0.mul_(1.7)
    x = torch.randn(5, 2, 6, 6) if spatial else torch.randn(5, 7)
    torch.testing.assert_close(layer.sums(x), theirs(x))
    layer.sums(x).square().sum().backward()
    theirs(x).square().sum().backward()
    original = theirs.parametrizations.weight
    torch.testing.assert_close(layer.weight.grad, original.original1.grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(layer.reweight.length.grad, original.original0.grad.flatten(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("spatial", [False, True])
def test_weight_norm_starts_as_the_net_without_it_and_gives_each_unit_the_length_g(spatial):
    layer, weights = layer_with(WeightNorm, spatial)
    torch.testing.assert_close(layer.applied_weight, weights.weight)
    with torch.no_grad():
        layer.reweight.length.copy_(torch.arange(1.0, C + 1))
    lengths = np.sqrt((layer.applied_weight.detach().numpy().reshape(C, -1) ** 2).sum(1))
    np.testing.assert_allclose(lengths, np.arange(1, C + 1), rtol=1e-5)


@pytest.mark.parametrize("spatial", [False, True])
def test_spectral_norm_is_torchs_own_once_both_have_converged_forward_and_backward(spatial):
    layer, weights = layer_with(SpectralNorm, spatial)
    theirs = nn.Conv2d(2, C, 3, padding=1) if spatial else nn.Linear(7, C)
    theirs.load_state_dict(weights.state_dict())
    theirs = parametrizations.spectral_norm(theirs, n_power_iterations=300)
    x = torch.randn(5, 2, 6, 6) if spatial else torch.randn(5, 7)
    ours, expected = layer(x), theirs(x)
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-4)
    ours.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(layer.weight.grad, theirs.parametrizations.weight.original.grad, rtol=1e-3, atol=1e-3)


def test_a_step_of_the_power_iteration_is_algorithm_1():
    layer, weights = layer_with(SpectralNorm, False)
    u = np.arange(1.0, C + 1) / np.linalg.norm(np.arange(1.0, C + 1))
    layer.reweight.u.copy_(torch.from_numpy(u))
    layer(torch.randn(5, 7))
    w = weights.weight.detach().double().numpy()
    v = w.T @ u / np.linalg.norm(w.T @ u)
    u = w @ v / np.linalg.norm(w @ v)
    np.testing.assert_allclose(layer.reweight.u, u, rtol=1e-4)
    np.testing.assert_allclose(layer.applied_weight.detach(), w / (u @ w @ v), rtol=1e-4)


@pytest.mark.parametrize("spatial", [False, True])
def test_spectral_norm_starts_with_a_top_singular_value_of_1(spatial):
    layer, _weights = layer_with(SpectralNorm, spatial)
    assert np.linalg.svd(layer.applied_weight.detach().numpy().reshape(C, -1))[1][0] == pytest.approx(1, abs=1e-5)


def test_only_a_training_pass_moves_the_power_iteration():
    layer, weights = layer_with(SpectralNorm, False)
    with torch.no_grad():
        weights.weight.add_(torch.randn(C, 7))
    before, x = layer.reweight.u.clone(), torch.randn(5, 7)
    layer.sums(x)
    layer.eval()(x)
    with torch.no_grad():
        layer.train()(x)
    assert torch.equal(layer.reweight.u, before)
    layer(x)
    assert not torch.equal(layer.reweight.u, before)


@pytest.mark.parametrize("net", ["mlp", "cnn"])
def test_spectral_norm_keeps_the_top_singular_value_near_1_while_it_learns(net):
    recording = record(replace(DIGITS, net=net, norm="spectral", spectrum=True))
    assert np.abs(recording.column("top_singular")[:, :-1] - 1).max() < 0.02
    assert np.abs(record(replace(DIGITS, net=net, spectrum=True)).column("top_singular")[:, :-1] - 1).max() > 0.1


def test_the_spectrum_is_numpys():
    recording = record(replace(DIGITS, net="cnn", spectrum=True, steps=1))
    net = build(recording.experiment.net, (1, 8, 8), 10, torch.Generator().manual_seed(0))
    expected = [
        np.linalg.svd(layer.weight.detach().numpy().reshape(len(layer.weight), -1))[1][0] for layer in net.layers.values()
    ]
    np.testing.assert_allclose(recording.column("top_singular")[0], expected, rtol=1e-4)


def test_weight_norm_only_lengthens_v_under_plain_gradient_descent():
    lengths = record(replace(DIGITS, norm="weight", optimiser="sgd")).column("weight_norm")[:, :-1]
    assert (np.diff(lengths, axis=0) > -1e-4 * lengths[:-1]).all()


@pytest.mark.parametrize("norm", words.NORMS)
def test_every_norm_learns_on_a_cnn(norm):
    recording = record(replace(DIGITS, net="cnn", norm=norm, optimiser="momentum", steps=120))
    assert recording.column("loss")[-1] < 0.8 * recording.column("loss")[0]


REFUSED = [
    ({"norm": "group", "width": 5, "groups": 2}, "width (=5) must be divisible by groups (=2)."),
    (
        {"norm": "group", "width": 4, "groups": 4},
        "groups (=4) must be less than width (=4) without maps: a group of one unit is its own mean.",
    ),
    (
        {"norm": "instance"},
        "norm (=instance) must have net (=cnn), not mlp: without a map each channel has one value, its own mean.",
    ),
    ({"norm": "spectral", "init": "zero"}, "norm (=spectral) divides weights by their size: init (=zero) must not make that 0."),
    (
        {"norm": "weight", "init": "lsuv"},
        "init (=lsuv) must be another for norm (=weight), which undoes any factor on the weights.",
    ),
]


@pytest.mark.parametrize(("settings", "sentence"), REFUSED)
def test_what_does_not_go_together_is_refused_by_the_engine_and_the_export_in_the_same_sentence(settings, sentence):
    for refuse in (lambda: check_net(Net(**settings)), lambda: export.script({"A": replace(DIGITS, **settings)})):
        with pytest.raises(ExperimentError) as refused:
            refuse()
        assert str(refused.value) == sentence


def test_batch_norm_of_a_single_example_is_refused_where_there_is_no_map():
    with pytest.raises(ExperimentError, match=r"^batch_size \(=1\) must be at least 2 for norm \(=batch\) without maps"):
        record(replace(DIGITS, norm="batch", batch_size=1))
    assert record(replace(DIGITS, net="cnn", norm="batch", batch_size=1, steps=2)).ending.state == "done"
