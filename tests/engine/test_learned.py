"""PReLU, maxout and the initial bias: values and slopes by hand, shapes, and what a layer of them learns."""

import pytest
import torch
import torch.nn.functional as F

from cnnviz import Experiment, record
from cnnviz.engine.experiment import ExperimentError, Net
from cnnviz.engine.nets import build
from cnnviz.engine.nets.difference import maxout_difference
from cnnviz.engine.nets.learned import Maxout, Prelu


def generator():
    return torch.Generator().manual_seed(0)


def test_prelu_starts_at_a_quarter_below_zero_and_is_torchs():
    z = torch.tensor([-2.0, 0.0, 3.0])
    assert Prelu().value(z).tolist() == [-0.5, 0.0, 3.0]
    assert Prelu().slope(z).tolist() == [0.25, 0.25, 1.0]
    assert torch.equal(Prelu().value(z), torch.nn.PReLU()(z))


@pytest.mark.parametrize("shape", [(5, 6), (5, 6, 2, 2)])
def test_a_maxout_unit_is_the_largest_of_its_pieces(shape):
    z = torch.randn(shape, generator=generator())
    h = Maxout(3).value(z)
    for unit in range(2):
        pieces = [z[:, 3 * unit + piece] for piece in range(3)]
        assert torch.equal(h[:, unit], torch.stack(pieces).amax(0))


def test_a_maxouts_slope_is_what_autograd_finds():
    z = torch.randn(7, 6, generator=generator(), requires_grad=True)
    (slope,) = torch.autograd.grad(Maxout(2).value(z).sum(), z)
    assert torch.equal(Maxout(2).slope(z.detach()), slope)


@pytest.mark.parametrize(("known", "weights"), [(torch.relu, (0.0, 1.0)), (torch.abs, (1.0, -1.0))])
def test_relu_and_the_absolute_value_are_maxouts(known, weights):
    x = torch.linspace(-2, 2, 9)[:, None]
    torch.testing.assert_close(Maxout(2).value(x * torch.tensor(weights)), known(x))


@pytest.mark.parametrize(("net", "shape"), [("mlp", (4, 1, 8, 8)), ("cnn", (4, 1, 8, 8))])
def test_a_maxout_net_has_its_width_after_each_layer_and_pieces_times_as_many_sums(net, shape):
    model = build(Net(net=net, depth=4, width=6, activation="maxout", pieces=3), shape[1:], 5, generator())
    assert model(torch.randn(shape, generator=generator())).shape == (4, 5)
    *hidden, last = model.layers.values()
    assert [layer.weight.shape[0] for layer in hidden] == [18, 18, 18]
    assert [layer.weight.shape[1] for layer in hidden[1:]] == [6, 6]
    assert last.weight.shape == (5, 6)


def test_every_hidden_unit_starts_with_the_initial_bias_and_the_output_with_none():
    *hidden, last = build(Net(depth=4, width=6, bias_init=-2.5), (3,), 5, generator()).layers.values()
    assert all((layer.weights.bias == -2.5).all() for layer in hidden)
    assert (last.weights.bias == 0).all()


def test_prelus_slopes_are_learned_one_a_layer():
    recording = record(
        Experiment.of(dataset="digits", train_examples=200, test_examples=50, depth=4, width=12, steps=20, activation="prelu",
                      units=True, histograms=3)
    )  # fmt: skip
    slopes = recording.column("prelu_slope")
    assert slopes[0, :3].tolist() == [0.25] * 3
    assert (abs(slopes[-1, :3] - 0.25) > 1e-4).all()
    assert (slopes[:, 3] != slopes[:, 3]).all(), "the output layer has none"


def test_a_difference_is_the_largest_piece_of_one_unit_minus_that_of_the_other():
    model = maxout_difference(Net(net="maxout_difference", pieces=4), (1,), 1, generator())
    x = torch.linspace(-1, 1, 11)[:, None]
    halves = [max_of(layer, x) for layer in model.layers.values()]
    torch.testing.assert_close(model(x)[:, 0], halves[0] - halves[1])


def max_of(layer, x):
    lines = [w * x[:, 0] + b for w, b in zip(layer.weight[:, 0], layer.weights.bias, strict=True)]
    return torch.stack(lines).amax(0)


def test_every_piece_of_a_fresh_difference_is_a_tangent_of_a_parabola():
    for layer in maxout_difference(Net(net="maxout_difference", pieces=6, init_scale=4.0), (1,), 1, generator()).layers.values():
        slopes, heights = layer.weight[:, 0], layer.weights.bias
        at = slopes / 8
        torch.testing.assert_close(slopes * at + heights, 4 * at**2)
        assert (F.relu(max_of(layer, at[:, None]) - 4 * at**2) < 1e-5).all(), "no other piece lies above it there"


def test_a_difference_refuses_classes_with_the_way_out():
    with pytest.raises(ExperimentError, match=r"^net \(=maxout_difference\) has one output: it must have the data set curve\.$"):
        build(Net(net="maxout_difference"), (2,), 3, generator())
