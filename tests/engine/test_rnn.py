"""The recurrent net on an image's rows: its definition in NumPy, torch's own, whose statistics batch norm keeps, and refusals."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnviz import Experiment, ExperimentError, record_together, replace
from cnnviz.engine import export, words
from cnnviz.engine.chain import strongest_path
from cnnviz.engine.compatible import check
from cnnviz.engine.experiment import Net
from cnnviz.engine.modes import modes
from cnnviz.engine.nets import build
from cnnviz.engine.objectives import OBJECTIVES
from cnnviz.engine.watch import Watch

IMAGE = (2, 5, 3)  # channels, rows, columns: five time steps of six numbers
ROWS = 5
EXPERIMENT = Experiment.of(
    dataset="digits", train_examples=200, test_examples=50, net="rnn", width=12, activation="tanh", init="glorot", steps=30,
    batch_size=32, norm="batch",
)  # fmt: skip


def built(**settings):
    given = {"net": "rnn", "width": 7, "activation": "tanh", "groups": 1} | settings
    return build(Net(**given), IMAGE, 4, torch.Generator().manual_seed(3))


def images(count=6, seed=1):
    return torch.randn(count, *IMAGE, generator=torch.Generator().manual_seed(seed)) * 2 + 1


def normalised(z, norm):
    axis = {"layer": 1, "group": 1, "batch": 0}[norm]
    return (z - z.mean(axis, keepdims=True)) / np.sqrt(z.var(axis, keepdims=True) + 1e-5)


@pytest.mark.parametrize("norm", words.NORMS_OVER_TIME)
def test_it_computes_the_definition_row_by_row(norm):
    model = built(norm=norm)
    weight, bias = (p.detach().double().numpy() for p in model.layers["t1"].weights.parameters())
    x = images().double().numpy()
    h = np.zeros((6, 7))
    for t in range(ROWS):
        row = np.concatenate([x[:, 0, t], x[:, 1, t]], axis=1)
        z = row @ weight[:, :6].T + h @ weight[:, 6:].T + bias
        h = np.tanh(z if norm == "none" else normalised(z, norm))
    out = model.layers["out"].weights
    expected = h @ out.weight.detach().double().numpy().T + out.bias.detach().double().numpy()
    np.testing.assert_allclose(model(images()).detach().numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_without_a_norm_it_is_torchs_own_forward_and_backward(activation):
    model = built(activation=activation)
    theirs = nn.RNN(6, 7, nonlinearity=activation, batch_first=True)
    steps = model.layers["t1"].weights
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(steps.weight[:, :6])
        theirs.weight_hh_l0.copy_(steps.weight[:, 6:])
        theirs.bias_ih_l0.copy_(steps.bias)
        theirs.bias_hh_l0.zero_()
    _every, last = theirs(images().transpose(1, 2).flatten(2))
    logits = model.layers["out"](last[0])
    torch.testing.assert_close(model(images()), logits)
    labels = torch.arange(6) % 4
    F.cross_entropy(logits, labels).backward()
    expected = torch.cat([theirs.weight_ih_l0.grad, theirs.weight_hh_l0.grad], 1)
    model.layers["out"].zero_grad()
    F.cross_entropy(model(images()), labels).backward()
    torch.testing.assert_close(steps.weight.grad, expected)


@pytest.mark.parametrize("over_time", words.OVER_TIME)
@pytest.mark.parametrize("norm", words.NORMS_OVER_TIME)
@pytest.mark.parametrize("activation", words.ACTIVATIONS)
def test_all_time_steps_learn_the_same_parameters_and_each_gets_a_gradient(activation, norm, over_time):
    model = built(activation=activation, norm=norm, norm_over_time=over_time)
    F.cross_entropy(model(images()), torch.arange(6) % 4).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()] == []
    assert list(model.layers) == ["t1", "t2", "t3", "t4", "t5", "out"]
    pieces = 2 if activation == "maxout" else 1
    steps = (6 + 7 + 1) * 7 * pieces + (activation == "prelu") + (norm != "none") * 2 * 7 * pieces
    assert sum(p.numel() for p in model.parameters()) == steps + (7 + 1) * 4


def test_depth_changes_nothing():
    first, second = (list(built(depth=depth).parameters()) for depth in (2, 9))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def sums_over_time(model, x):
    """z of each time step before the norm, in training mode: (rows, N, units)."""
    found = []
    hooks = [
        layer.norm.register_forward_pre_hook(lambda _norm, inputs: found.append(inputs[0].detach()))
        for layer in {layer.norm: layer for layer in model.layers.values() if layer.norm is not None}.values()
    ]
    model(x)
    for hook in hooks:
        hook.remove()
    return found


def test_each_time_step_keeps_running_statistics_of_its_own():
    model = built(norm="batch")
    zs = sums_over_time(model, images())
    for z, layer in zip(zs, list(model.layers.values())[:-1], strict=True):
        torch.testing.assert_close(layer.norm.running_mean, 0.1 * z.mean(0))
        torch.testing.assert_close(layer.norm.running_var, 0.9 + 0.1 * z.var(0))


def test_shared_running_statistics_are_moved_once_a_time_step():
    model = built(norm="batch", norm_over_time="shared")
    norm = model.layers["t1"].norm
    assert all(layer.norm is norm for name, layer in model.layers.items() if name != "out")
    mean = torch.zeros(7)
    found = sums_over_time(model, images())
    for z in found:
        mean = 0.9 * mean + 0.1 * z.mean(0)
    torch.testing.assert_close(norm.running_mean, mean)
    assert len(found) == norm.num_batches_tracked == ROWS


def test_whose_statistics_are_kept_changes_no_training_but_every_test():
    each, shared = EXPERIMENT, replace(EXPERIMENT, norm_over_time="shared")
    recordings = record_together({"A": each, "B": shared})
    first, second = recordings["A"], recordings["B"]
    np.testing.assert_array_equal(first.column("loss"), second.column("loss"))
    assert (first.column("test_loss") != second.column("test_loss")).all()


@pytest.mark.parametrize("over_time", words.OVER_TIME)
def test_the_running_mean_of_each_time_step_is_compared_with_its_own_batches(over_time):
    model = built(norm="batch", norm_over_time=over_time)
    for seed in range(20):
        model(images(seed=seed))
    norms = [layer.norm for name, layer in model.layers.items() if name != "out"]
    running = [norm.running_mean.clone() for norm in norms]
    columns = modes(model, images(12, seed=30), torch.arange(12) % 4, 6, OBJECTIVES["classify"])
    halves = [sums_over_time(model, part) for part in images(12, seed=30).split(6)]
    for t in range(ROWS):
        gaps = [(running[t] - z[t].mean(0)) ** 2 / (z[t].var(0, correction=0) + 1e-5) for z in halves]
        assert float(columns["running_mean_gap"][t]) == pytest.approx(float(torch.stack(gaps).mean().sqrt()), rel=1e-4)
    assert bool(torch.isnan(columns["running_mean_gap"][-1]))
    assert float(columns["fold_difference"]) < 1e-4


def test_a_gradient_is_seen_at_every_time_step_and_no_path_is_made_up():
    model = built()
    x, labels = images(), torch.arange(6) % 4
    watch = Watch(model)
    with watch:
        logits = model(x)
        loss = F.cross_entropy(logits, labels)
        loss.backward()
    seen = watch.seen(logits, labels, loss)
    assert [tuple(gradient.shape) for gradient in seen.gradients] == [(6, 7)] * ROWS + [(6, 4)]
    assert all(float(gradient.abs().sum()) > 0 for gradient in seen.gradients)
    assert strongest_path(seen) is None


REFUSED = {
    "norm (=noisy_batch) must be one of none, batch, layer, group for net (=rnn).": {"norm": "noisy_batch"},
    "norm (=spectral) must be one of none, batch, layer, group for net (=rnn).": {"norm": "spectral"},
    "skip (=True) must be off for net (=rnn): a time step's input is longer than its output.": {"skip": True},
    "init (=lsuv) must be another for net (=rnn): all time steps have the same weights to rescale.": {"init": "lsuv"},
    "batch_size (=1) must be at least 2 for norm (=batch) without maps: a single value is its own mean.": {"batch_size": 1},
    "filters (=4) must be 0 for net (=rnn): its weights read a row, and are no images.": {"filters": 4},
    "shift (=True) must be off for net (=rnn): all its time steps are one layer, with none below it.": {"shift": True},
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_makes_no_sense_for_it_is_refused_in_a_sentence(sentence):
    with pytest.raises(ExperimentError) as refusal:
        check(replace(EXPERIMENT, **REFUSED[sentence]))
    assert str(refusal.value) == sentence


def test_points_are_refused_by_the_net_and_by_the_export():
    with pytest.raises(ExperimentError, match=r"^net \(=rnn\) must be mlp for points in the plane"):
        build(Net(net="rnn"), (2,), 3, torch.Generator())
    with pytest.raises(ExperimentError, match=r"^net \(=rnn\) must be mlp for points in the plane"):
        export.script({"A": replace(EXPERIMENT, dataset="moons")})


def test_pre_training_is_refused():
    with pytest.raises(ExperimentError, match=r"^net \(=rnn\) must be mlp for pre-training\.$"):
        record_together({"A": replace(EXPERIMENT, pretraining="greedy", pretraining_steps=3)})


def test_a_slice_through_its_loss_surface_moves_each_weight_once():
    surface = replace(EXPERIMENT, surface=True, surface_slice="line", surface_points=2, surface_examples=32)
    recording = record_together({"A": surface})["A"]
    assert np.isfinite(recording.column("surface_loss")[-1]).all()
