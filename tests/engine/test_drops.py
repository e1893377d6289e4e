"""Kinds of dropout: expectation, train and test, which passes move a mask on, the block's γ, and what is refused."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from cnnviz import Experiment, ExperimentError, record, replace
from cnnviz.engine import export, nets, words
from cnnviz.engine.compatible import check
from cnnviz.engine.experiment import Dropout
from cnnviz.engine.nets.activations import FUNCTIONS
from cnnviz.engine.nets.drops import DROPS
from cnnviz.engine.nets.drops.drop_block import gamma
from cnnviz.engine.nets.drops.masks import seed_masks
from cnnviz.engine.nets.layers import Layer

KINDS = [kind for kind in words.DROPS if kind != "none"]
OF_OUTPUTS = [kind for kind in KINDS if kind not in words.WEIGHT_DROPS]
DIGITS = Experiment.of(
    dataset="digits", train_examples=200, test_examples=50, depth=4, width=12, batch_size=32, steps=30, lr=0.05
)
MASKS = 600
SIGMAS = 5.0  # how far a mean over that many masks may be from its expectation, in standard errors


def layer_with(kind, keep=0.6, block_size=2, seed=3):
    """A convolution, or for DropConnect a Linear, of the inputs that `inputs_for` gives."""
    torch.manual_seed(4)
    weights = nn.Linear(7, 6) if kind in words.WEIGHT_DROPS else nn.Conv2d(2, 6, 3, padding=1)
    layer = Layer(weights, FUNCTIONS["linear"])
    layer.drop_with(DROPS[kind](Dropout(dropout=kind, keep=keep, block_size=block_size)))
    seed_masks(layer, seed)
    return layer


def inputs_for(layer, examples=3):
    shape = (examples, 7) if layer.weight.ndim == 2 else (examples, 2, 6, 5)
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def outputs(layer, x, count=MASKS):
    """What a layer makes of x in so many passes of training: (count, …), float64."""
    return torch.stack([layer.train()(x).detach() for _ in range(count)]).double()


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_over_many_masks_tends_to_the_output_in_a_test(kind):
    layer = layer_with(kind)
    x = inputs_for(layer)
    seen = outputs(layer, x)
    apart = (seen.mean(0) - layer.eval()(x).detach()).abs()
    error = seen.std(0) / math.sqrt(MASKS) + 1e-9
    if kind == "drop_block":  # right for a map as a whole: its corners lie in fewer blocks than its middle
        apart, error = (seen.mean(0) - layer(x).detach()).mean((-1, -2)).abs(), error.mean((-1, -2))
    assert (apart < SIGMAS * error).all()
    assert (error > 1e-4).any(), "nothing was dropped"


@pytest.mark.parametrize("kind", OF_OUTPUTS)
def test_each_training_pass_has_another_mask_and_drops_its_share(kind):
    layer = layer_with(kind)
    layer.train()
    x = inputs_for(layer, examples=8)
    first, second = layer(x), layer(x)
    assert not torch.equal(first, second)
    zeros = (outputs(layer, x, 200) == 0).double().mean()
    assert float(zeros) == pytest.approx(0.4, abs=0.04 if kind != "drop_block" else 0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_test_drops_nothing_and_moves_no_mask(kind):
    layer = layer_with(kind).eval()
    x = inputs_for(layer)
    before = {name: buffer.clone() for name, buffer in layer.named_buffers()}
    assert torch.equal(layer(x), layer(x))
    assert (layer(x) != 0).all()
    assert all(torch.equal(buffer, before[name]) for name, buffer in layer.named_buffers())


@pytest.mark.parametrize("kind", KINDS)
def test_a_pass_without_gradients_keeps_the_mask_of_the_last_one_that_was_learned_from(kind):
    layer = layer_with(kind).train()
    x = inputs_for(layer)
    learned = layer(x)
    with torch.no_grad():
        assert torch.equal(layer(x), learned)
        assert torch.equal(layer(x), learned)
    assert not torch.equal(layer(x), learned)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_depends_on_the_seed_and_on_nothing_else(kind):
    x = inputs_for(layer_with(kind))
    first = layer_with(kind, seed=3)(x)
    torch.manual_seed(99)
    assert torch.equal(layer_with(kind, seed=3)(x), first)
    assert not torch.equal(layer_with(kind, seed=4)(x), first)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_dropped_gets_no_gradient(kind):
    layer = layer_with(kind).train()
    x = inputs_for(layer).requires_grad_()
    a = layer(x)
    (gradient,) = torch.autograd.grad(a.sum(), layer.weight)
    if kind in words.WEIGHT_DROPS:
        assert torch.equal(gradient == 0, layer.applied_weight == 0)
    else:
        mask = layer.drop.mask(a.detach())
        expected = torch.autograd.grad((nn.functional.conv2d(x, layer.weight, padding=1) * mask).sum(), layer.weight)[0]
        torch.testing.assert_close(gradient, expected)


@pytest.mark.parametrize(("kind", "train", "test"), [("plain", 1.0, 0.6), ("inverted", 1 / 0.6, 1.0), ("spatial", 1 / 0.6, 1.0)])
def test_kept_outputs_and_tests_have_the_factors_of_the_formula(kind, train, test):
    layer = layer_with(kind)
    x = inputs_for(layer)
    a = nn.functional.conv2d(x, layer.weight, layer.weights.bias, padding=1)
    ratio = (layer.train()(x) / a).detach()
    assert ratio[ratio != 0].unique().numpy() == pytest.approx(train, rel=1e-5)
    torch.testing.assert_close(layer.eval()(x), test * a)


def test_plain_and_inverted_dropout_draw_the_same_masks():
    plain, inverted = (layer_with(kind).train() for kind in ("plain", "inverted"))
    x = inputs_for(plain)
    torch.testing.assert_close(plain(x) / 0.6, inverted(x))


def test_spatial_dropout_drops_a_channel_of_an_example_as_a_whole():
    layer = layer_with("spatial").train()
    by_channel = (layer(inputs_for(layer)) == 0).flatten(2)
    assert torch.equal(by_channel.all(2), by_channel.any(2))
    assert by_channel.all(2).any()
    assert not by_channel.all(2).all()


def test_drop_connect_drops_weights_and_keeps_biases():
    layer = layer_with("drop_connect").train()
    layer(inputs_for(layer))
    mask = layer.applied_weight / layer.weight
    assert sorted(mask.detach().unique().tolist()) == [0.0, 1.0]
    torch.testing.assert_close(layer.sums(torch.zeros(2, 7)), layer.weights.bias.expand(2, 6))
    torch.testing.assert_close(layer.eval().applied_weight, 0.6 * layer.weight)


# DropBlock


def masks_in_blocks(keep, block, height, width, count=4_000):
    drop = DROPS["drop_block"](Dropout(dropout="drop_block", keep=keep, block_size=block))
    drop.advance()
    return drop.in_blocks((count, height, width)).numpy()


@pytest.mark.parametrize(("block", "height", "width"), [(1, 6, 6), (2, 6, 5), (3, 10, 10), (4, 9, 12), (5, 5, 5), (9, 4, 4)])
def test_a_position_stays_where_no_block_that_covers_it_was_drawn(block, height, width):
    """With γ the chance of each corner, a position that lies in n blocks stays with (1 − γ)ⁿ."""
    kept, drawn = masks_in_blocks(0.8, block, height, width), min(block, height, width)
    covering = np.zeros((height, width))
    for top in range(height - drawn + 1):
        for left in range(width - drawn + 1):
            covering[top : top + drawn, left : left + drawn] += 1
    expected = (1 - gamma(0.8, drawn, height, width)) ** covering
    np.testing.assert_allclose(kept.mean(0), expected, atol=SIGMAS * 0.5 / math.sqrt(len(kept)))


@pytest.mark.parametrize(("keep", "block"), [(0.9, 3), (0.95, 5), (0.9, 7), (0.8, 1)])
def test_gamma_drops_about_the_share_that_was_asked_for(keep, block):
    """By the paper's own word "approximately": blocks may overlap, so a little less."""
    dropped = 1 - masks_in_blocks(keep, block, 14, 14, 2_000).mean()
    assert 0.85 * (1 - keep) < dropped < 1.03 * (1 - keep)


def test_gamma_is_equation_1_of_the_paper():
    assert gamma(0.9, 7, 28, 28) == pytest.approx(0.1 / 7**2 * 28**2 / (28 - 7 + 1) ** 2)


def test_what_is_dropped_is_blocks_and_the_rest_is_scaled_by_the_count():
    layer = layer_with("drop_block", keep=0.7, block_size=3).train()
    mask = layer.drop.mask(layer(inputs_for(layer)).detach())
    assert float(mask.mean()) == pytest.approx(1, rel=1e-5)
    gone = (mask == 0).float()
    in_whole_blocks = nn.functional.max_pool2d(
        nn.functional.pad((nn.functional.avg_pool2d(gone, 3, stride=1) > 0.999).float(), [2] * 4), 3, stride=1
    )
    assert torch.equal(in_whole_blocks, gone)
    assert 0 < float(gone.mean()) < 0.6


# In nets


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_learns_on_a_cnn(kind):
    recording = record(replace(DIGITS, net="cnn", dropout=kind, keep=0.9, optimiser="momentum", steps=100))
    losses = recording.column("loss")
    assert losses[-20:].mean() < 0.85 * losses[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_net_that_keeps_everything_learns_as_one_without_dropout(kind):
    base = replace(DIGITS, net="cnn", steps=6)
    kept = record(replace(base, dropout=kind, keep=1.0)).column("loss")
    np.testing.assert_allclose(kept, record(base).column("loss"), rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_every_hidden_layer_drops_from_a_stream_of_its_own_and_the_output_layer_does_not(kind):
    net = nets.build(replace(DIGITS, net="cnn").net, (1, 8, 8), 10, torch.Generator().manual_seed(0), Dropout(dropout=kind))
    *hidden, last = net.layers.values()
    drops = [layer.reweight if kind in words.WEIGHT_DROPS else layer.drop for layer in hidden]
    assert len({drop.seed for drop in drops}) == 3
    assert last.drop is None
    assert last.reweight is None


def test_variances_of_a_pass_are_left_out_where_the_formula_lacks_the_mask():
    found = record(replace(DIGITS, dropout="inverted", signal=True, steps=2)).names
    assert "z_var" in found
    assert {"z_grad_var", "path_unit"} & set(found) == set()


REFUSED = [
    (
        {"net": "rnn", "dropout": "plain"},
        "dropout (=plain) must be none for net (=rnn): dropped anew at each row, nothing is remembered.",
    ),
    ({"dropout": "spatial"}, "dropout (=spatial) must have net (=cnn), not mlp: it drops channels or squares of maps."),
    ({"dropout": "drop_block"}, "dropout (=drop_block) must have net (=cnn), not mlp: it drops channels or squares of maps."),
    (
        {"dropout": "drop_connect", "norm": "weight"},
        "norm (=weight) must be none or one of outputs for dropout (=drop_connect): both remake weights.",
    ),
    (
        {"dropout": "drop_connect", "init": "lsuv"},
        "init (=lsuv) must be another for dropout (=drop_connect): it would be tuned to one mask.",
    ),
    (
        {"net": "maxout_difference", "dataset": "curve", "dropout": "inverted"},
        "dropout (=inverted) must be none for net (=maxout_difference): it has no hidden layer.",
    ),
]


@pytest.mark.parametrize(("settings", "sentence"), REFUSED)
def test_what_nothing_can_be_dropped_from_is_refused_by_engine_and_export_in_the_same_sentence(settings, sentence):
    for refuse in (check, lambda experiment: export.script({"A": experiment}), record):
        with pytest.raises(ExperimentError) as refused:
            refuse(replace(DIGITS, **settings))
        assert str(refused.value) == sentence
