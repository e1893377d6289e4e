"""LSUV: every layer's output has variance 1 on the batch that it was tuned on, and its loop is told as it went."""

import pytest
import torch
from torch import nn

from cnnviz import Experiment, record, replace
from cnnviz.engine import nets
from cnnviz.engine.examples import examples
from cnnviz.engine.nets.lsuv import MOST_PASSES, TOLERANCE, tune
from cnnviz.engine.pretraining import task_of
from cnnviz.engine.train import Learner

TINY = Experiment.of(
    dataset="digits", train_examples=200, test_examples=10, depth=6, width=24, steps=1, batch_size=32, init="lsuv",
    snapshots=2, histograms=0, evaluations=0, signal=True,
)  # fmt: skip


@torch.no_grad()
def variances(net, inputs):
    """The slow way: layer after layer, by hand."""
    found = []
    for module in net:
        inputs = module(inputs)
        if isinstance(module, nn.Linear | nn.Conv2d):
            found.append(float(((inputs - inputs.mean()) ** 2).mean()))
    return found


def plain_net(scale):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 30), nn.ReLU(), nn.Linear(30, 5))
    for module in net:
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=scale)
            nn.init.zeros_(module.bias)
    return net


@pytest.mark.parametrize("scale", [1e-4, 0.1, 30.0])
def test_every_layer_ends_with_variance_1_wherever_it_starts(scale):
    net, inputs = plain_net(scale), torch.randn(64, 20)
    tune(net, inputs)
    assert variances(net, inputs) == pytest.approx([1.0] * 3, abs=TOLERANCE)


def test_the_passes_tell_what_was_measured_and_what_was_done_about_it():
    net, inputs = plain_net(0.3), torch.randn(64, 20)
    before = net[0].weight.detach().clone()
    first_variance = variances(net, inputs)[0]
    turns = tune(net, inputs)
    assert [(layer, turn) for layer, turn, *_ in turns] == [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)]
    assert turns[0][2:] == pytest.approx((first_variance, first_variance**-0.5))
    assert all(factor == 1.0 for _layer, turn, _variance, factor in turns if turn == 2)
    torch.testing.assert_close(net[0].weight.detach(), before * turns[0][3])


def test_a_layer_without_a_signal_is_left_alone():
    net = plain_net(0.0)
    assert [turn[1:] for turn in tune(net, torch.randn(64, 20))] == [(1, 0.0, 1.0)] * 3
    assert MOST_PASSES > 2


@pytest.mark.parametrize("settings", [{}, {"net": "cnn", "width": 6}, {"activation": "tanh"}, {"skip": True}, {"depth": 30}])
def test_a_run_starts_tuned_on_its_own_first_batch(settings):
    recording = record(replace(TINY, **settings))
    assert recording.column("z_var")[0] == pytest.approx(1.0, abs=0.05)
    turns = recording.about["lsuv"]
    assert [layer for layer, turn, *_ in turns if turn == 1] == list(range(len(recording.layers)))


def test_only_lsuv_looks_at_data():
    assert "lsuv" not in record(replace(TINY, init="orthogonal")).about


def test_the_batches_that_it_then_learns_from_are_those_of_any_other_start():
    lsuv, orthogonal = (record(replace(TINY, init=init, width=2, lr=1e-6)) for init in ("lsuv", "orthogonal"))
    assert lsuv.column("examples").tolist() == orthogonal.column("examples").tolist()
    assert lsuv.experiment.data == orthogonal.experiment.data


def fresh_run(**settings):
    experiment = replace(TINY, **settings)
    return Learner(experiment, examples(experiment, torch.device("cpu")), torch.device("cpu"))


@pytest.mark.parametrize("settings", [{"norm": "batch"}, {"norm": "noisy_batch"}, {"norm": "batch", "net": "cnn", "width": 4}])
def test_running_statistics_start_as_in_any_other_net(settings):
    lsuv, orthogonal = (dict(fresh_run(**settings, init=init).net.named_buffers()) for init in ("lsuv", "orthogonal"))
    assert [name for name in lsuv if name.endswith("running_mean")]
    assert {name: value.tolist() for name, value in lsuv.items()} == {name: value.tolist() for name, value in orthogonal.items()}


@pytest.mark.parametrize("activation", ["maxout", "prelu"])
def test_activations_that_are_more_than_a_function_are_tuned_as_well(activation):
    assert record(replace(TINY, activation=activation)).column("z_var")[0] == pytest.approx(1.0, abs=0.05)


def test_with_fewer_labels_than_a_batch_all_of_them_are_looked_at():
    experiment = replace(TINY, labels=20, batch_size=64)
    recording = record(experiment)
    found = task_of(examples(experiment, torch.device("cpu")), experiment)
    drawn = nets.build(experiment.net, found.input_shape, found.classes, torch.Generator().manual_seed(experiment.seed))
    assert recording.about["lsuv"] == [pytest.approx(turn, rel=1e-4) for turn in tune(drawn, found.train_inputs)]
    assert recording.column("examples")[-1] == 20
    assert recording.ending.sentence == "Done: 1 steps, 20 examples."
