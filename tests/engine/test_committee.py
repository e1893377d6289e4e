"""Ensembles and mixtures: each member as if it learned alone, their answer by the definition, and the samples they learn from."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnnviz import Experiment, ExperimentError, record, replace
from cnnviz.engine import nets
from cnnviz.engine.examples import batches, examples
from cnnviz.engine.experiment import Net
from cnnviz.engine.members import alone, experts_in_use
from cnnviz.engine.nets.committee import bagged
from cnnviz.engine.nets.ensemble import learned_from
from cnnviz.engine.nets.mlp import mlp
from cnnviz.engine.objectives import OBJECTIVES
from cnnviz.engine.train import Learner
from cnnviz.engine.words import COMMITTEES

CPU = torch.device("cpu")
POINTS = Experiment.of(
    dataset="border", train_examples=48, test_examples=30, depth=3, width=8, batch_size=48, lr=0.2, steps=12, snapshots=3,
    histograms=0, evaluations=3, net="ensemble", members=3,
)  # fmt: skip
MIXED = replace(POINTS, net="mixture")


def built(net, shape=(2,), classes=2, seed=5):
    return nets.build(Net(net=net, depth=3, width=8, members=3), shape, classes, torch.Generator().manual_seed(seed))


def points(count=7):
    return torch.randn(count, 2, generator=torch.Generator().manual_seed(1))


def trained(experiment):
    """The learner after its steps, on the batches that it gets in a run, and the examples."""
    found = examples(experiment, CPU)
    learner = Learner(experiment, found, CPU)
    order = batches(learned_from(found, experiment), experiment.batch_size, experiment.seed)
    for step in range(experiment.steps):
        learner.round(step, *next(order), None, last=False)
    return learner, found


def test_an_ensemble_answers_by_the_mean_probability_of_its_members():
    net = built("ensemble")
    expected = sum(member(points()).softmax(1) for member in net.members) / 3
    torch.testing.assert_close(net(points()).softmax(1), expected)
    torch.testing.assert_close(net(points()).exp().sum(1), torch.ones(7))


def test_a_mixture_answers_by_probabilities_weighed_with_the_gates_softmax():
    net = built("mixture")
    weight, bias = net.gate.weight, net.gate.weights.bias
    shares = (points() @ weight.T + bias).softmax(1)
    expected = sum(shares[:, i, None] * member(points()).softmax(1) for i, member in enumerate(net.members))
    torch.testing.assert_close(net(points()).softmax(1), expected)
    torch.testing.assert_close(net(points()).exp().sum(1), torch.ones(7))
    torch.testing.assert_close(net.shares(points()), shares)


@pytest.mark.parametrize("net", COMMITTEES)
def test_members_are_the_mlps_that_one_generator_draws_in_turn(net):
    generator = torch.Generator().manual_seed(5)
    for member in built(net).members:
        single = mlp(Net(depth=3, width=8), (2,), 2, generator)
        assert all(torch.equal(a, b) for a, b in zip(member.parameters(), single.parameters(), strict=True))


@pytest.mark.parametrize(("net", "last"), [("ensemble", "fc3 of 3"), ("mixture", "gate")])
def test_layers_are_named_after_their_member(net, last):
    names = list(built(net).layers)
    assert names[:4] == ["fc1 of 1", "fc2 of 1", "fc3 of 1", "fc1 of 2"]
    assert names[-1] == last


@pytest.mark.parametrize("net", COMMITTEES)
def test_every_parameter_gets_a_gradient_and_images_are_read_too(net):
    made = built(net, (1, 4, 4), 5)
    F.cross_entropy(made(torch.randn(6, 1, 4, 4, generator=torch.Generator().manual_seed(2))), torch.arange(6) % 5).backward()
    assert [name for name, parameter in made.named_parameters() if parameter.grad is None] == []


def test_each_member_learns_as_it_would_alone_from_its_own_sample():
    """Plain SGD on each member's own mean loss, by hand."""
    learner, found = trained(POINTS)
    samples, labels = bagged(found.train_inputs, found.train_labels, 3, 0)
    generator = torch.Generator().manual_seed(0)
    for place, member in enumerate(learner.net.members):
        single = mlp(POINTS.net, (2,), 2, generator)
        order = np.random.default_rng(0)
        for _step in range(POINTS.steps):
            chosen = torch.from_numpy(order.permutation(48))
            loss = F.cross_entropy(single(samples[chosen, place]), labels[chosen, place])
            gradients = torch.autograd.grad(loss, list(single.parameters()))
            with torch.no_grad():
                for parameter, gradient in zip(single.parameters(), gradients, strict=True):
                    parameter.sub_(0.2 * gradient)
        for ours, theirs in zip(member.parameters(), single.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_the_loss_that_is_told_is_the_mean_of_the_members_losses():
    found = examples(POINTS, CPU)
    inputs, labels = next(batches(learned_from(found, POINTS), 48, 0))
    net = nets.build(POINTS.net, (2,), 2, torch.Generator().manual_seed(0))
    losses = [F.cross_entropy(member(inputs[:, place]), labels[:, place]).item() for place, member in enumerate(net.members)]
    assert record(POINTS).column("loss")[0] == pytest.approx(np.mean(losses), rel=1e-5)


def test_bootstrap_samples_are_drawn_with_replacement_and_differ():
    inputs = torch.arange(2_000.0)[:, None]
    samples, labels = bagged(inputs, torch.arange(2_000), 3, 0)
    assert samples.shape == (2_000, 3, 1)
    assert torch.equal(samples[:, :, 0].long(), labels)
    shares = [len(torch.unique(labels[:, place])) / 2_000 for place in range(3)]
    assert shares == pytest.approx([1 - np.exp(-1)] * 3, abs=0.03)
    assert not torch.equal(labels[:, 0], labels[:, 1])
    assert not torch.equal(labels, bagged(inputs, torch.arange(2_000), 3, 1)[1])


@pytest.mark.parametrize("experiment", [POINTS, MIXED], ids=COMMITTEES)
def test_members_are_tested_one_by_one(experiment):
    learner, found = trained(experiment)
    told = alone(learner.net, found.test_inputs, found.test_labels, OBJECTIVES["classify"])
    losses = [F.cross_entropy(member(found.test_inputs), found.test_labels).item() for member in learner.net.members]
    right = [(member(found.test_inputs).argmax(1) == found.test_labels).float().mean().item() for member in learner.net.members]
    assert float(told["member_loss"]) == pytest.approx(np.mean(losses), rel=1e-5)
    assert float(told["member_accuracy"]) == pytest.approx(np.mean(right))
    assert (float(told["member_lowest"]), float(told["member_highest"])) == pytest.approx((min(right), max(right)))


def test_a_net_that_is_one_net_has_no_members():
    net = built("mlp")
    assert alone(net, points(), torch.zeros(7).long(), OBJECTIVES["classify"]) == experts_in_use(net, points()) == {}


def test_an_ensembles_loss_is_never_above_its_members_mean():
    recording = record(replace(POINTS, lr=2.0, steps=40, evaluations=40, snapshots=41))
    assert (recording.column("test_loss") <= recording.column("member_loss") + 1e-6).all()


def test_the_gates_map_is_the_expert_with_the_largest_share():
    recording = record(replace(MIXED, boundary=True))
    net = nets.build(MIXED.net, (2,), 2, torch.Generator().manual_seed(0))
    at = recording.column("boundary_at")[0, 0]
    for row, column in ((0, 0), (3, 30), (40, 7)):
        share = net.shares(torch.tensor([[at[column], at[row]]]))
        assert recording.column("gate")[0][row, column] == 1 + int(share.argmax())
    used = net.shares(examples(MIXED, CPU).train_inputs).argmax(1).bincount(minlength=3)
    assert recording.column("experts_in_use")[0] == int((used >= 0.05 * 48).sum())


@pytest.mark.parametrize("net", COMMITTEES)
@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"dropout": "inverted"}, "dropout (=inverted) must be none for net (={net}): its members differ as it is."),
        ({"shift": True}, "shift (=True) must be off for net (={net}): its layers are those of several nets."),
        ({"dataset": "digits", "flip": 0.5}, "flip must be 0 for net (={net})."),
        ({"dataset": "curve"}, "net (={net}) must have a data set of classes, not curve: its members give probabilities."),
    ],
)
def test_what_a_committee_can_not_have_is_refused(net, settings, sentence):
    with pytest.raises(ExperimentError) as refused:
        record(replace(POINTS, net=net, **settings))
    assert str(refused.value) == sentence.format(net=net)
