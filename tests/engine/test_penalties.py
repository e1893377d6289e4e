"""Penalties: each step against its definition, a whole run of L1 against the optimality conditions, and what stays exactly 0."""

import numpy as np
import pytest
import torch

from cnnviz import Experiment, record, replace
from cnnviz.engine import data
from cnnviz.engine.examples import batches, examples
from cnnviz.engine.parts import Penalty
from cnnviz.engine.penalties import project, restrain, shrink
from cnnviz.engine.train import Learner

LINEAR = Experiment.of(
    dataset="digits", train_examples=60, test_examples=20, depth=2, width=2, activation="linear", batch_size=60, steps=1,
    histograms=0, evaluations=0, snapshots=2, weights=True,
)  # fmt: skip


def drawn(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


def test_shrinking_moves_each_weight_towards_0_and_no_further():
    weight = drawn(7, 5)
    expected = np.sign(weight.numpy()) * np.maximum(np.abs(weight.numpy()) - 0.3, 0)
    shrink([weight], 0.3)
    np.testing.assert_allclose(weight.numpy(), expected, rtol=1e-6, atol=1e-7)
    assert 0 < (weight == 0).float().mean() < 1


def test_shrinking_is_the_point_nearest_to_w_once_its_absolute_value_costs():
    """argmin over u of ½(u − w)² + t|u|, by looking at every u on a fine grid."""
    weight, t = drawn(1, 20), 0.4
    grid = np.linspace(-4, 4, 80_001)
    cost = 0.5 * (grid[:, None] - weight.numpy()) ** 2 + t * np.abs(grid)[:, None]
    shrink([weight], t)
    np.testing.assert_allclose(weight.numpy()[0], grid[cost.argmin(0)], atol=2e-4)


@pytest.mark.parametrize("shape", [(6, 4), (6, 3, 2, 2)])
def test_max_norm_scales_back_the_units_that_exceed_it_and_leaves_the_others(shape):
    weight = drawn(*shape)
    norms = weight.flatten(1).norm(dim=1)
    radius = float(norms.median())
    scaled = weight.clone()
    project([scaled], radius)
    factor = (radius / norms).clamp(max=1).view(-1, *[1] * (len(shape) - 1))
    torch.testing.assert_close(scaled, weight * factor, rtol=1e-5, atol=1e-7)
    assert torch.equal(scaled[norms <= radius], weight[norms <= radius])


def test_without_penalties_no_weight_is_touched():
    weight = drawn(3, 3)
    kept = weight.clone()
    restrain([weight], 0.1, Penalty())
    assert torch.equal(weight, kept)


def test_the_rate_scales_the_l1_step():
    weight, other = drawn(3, 3), drawn(3, 3)
    restrain([weight], 0.5, Penalty(l1=0.2))
    shrink([other], 0.1)
    assert torch.equal(weight, other)


def trained(experiment):
    """The learner after its steps, and its training set."""
    found = examples(experiment, torch.device("cpu"))
    learner = Learner(experiment, found, torch.device("cpu"))
    for step, (inputs, labels) in zip(range(experiment.steps), batches(found, experiment.batch_size, 0), strict=False):
        learner.round(step, inputs, labels, None, last=False)
    return learner, found


def test_one_step_of_sgd_is_a_proximal_gradient_step_of_the_elastic_net():
    """w' = S(w − η(∂L + λ₂w), ηλ₁), the gradient by finite differences."""
    experiment = replace(LINEAR, lr=0.1, l1=0.3, weight_decay=0.2)
    before, found = trained(replace(experiment, steps=0))
    net = before.net.double()
    inputs, labels = next(batches(found, 60, 0))

    def loss():
        return torch.nn.functional.cross_entropy(net(inputs.double()), labels).item()

    weight = net.layers["fc2"].weight.detach()
    expected = np.empty(weight.shape)
    for place in np.ndindex(*weight.shape):
        w = weight[place].item()
        high, low = (loss() for weight[place] in (w + 1e-5, w - 1e-5))
        weight[place] = w
        moved = w - 0.1 * ((high - low) / 2e-5 + 0.2 * w)
        expected[place] = np.sign(moved) * max(abs(moved) - 0.1 * 0.3, 0)
    after, _found = trained(experiment)
    np.testing.assert_allclose(after.net.layers["fc2"].weight.detach().numpy(), expected, atol=1e-5)


def test_l1_ends_where_a_lasso_must_end():
    """A net trained long with SGD: a weight that is not 0 has a gradient of −λ₁ sign(w), one at 0 a gradient of at most λ₁."""
    experiment = replace(LINEAR, lr=0.2, l1=0.02, steps=1_500)
    learner, found = trained(experiment)
    loss = torch.nn.functional.cross_entropy(learner.net(found.train_inputs), found.train_labels)
    for weight, gradient in zip(learner.weights, torch.autograd.grad(loss, learner.weights), strict=True):
        zero = weight == 0
        assert gradient[zero].abs().max() <= 0.02 * 1.1
        torch.testing.assert_close(gradient[~zero], -0.02 * weight[~zero].sign(), atol=2e-3, rtol=0)
    assert torch.cat([(weight == 0).flatten() for weight in learner.weights]).float().mean() > 0.3


def test_weights_are_told_as_they_are():
    recording = record(replace(LINEAR, l1=0.3, max_norm=0.5, lr=0.5, steps=3, snapshots=4))
    learner, _found = trained(replace(LINEAR, l1=0.3, max_norm=0.5, lr=0.5, steps=3))
    zeros = [float((weight == 0).float().mean()) for weight in learner.weights]
    every = torch.cat([weight.flatten() for weight in learner.weights])
    np.testing.assert_allclose(recording.column("zero_weights")[-1], zeros, rtol=1e-6)
    assert recording.column("zero_share")[-1] == pytest.approx(float((every == 0).float().mean()))
    largest = [float(weight.detach().norm(dim=1).max()) for weight in learner.weights]
    np.testing.assert_allclose(recording.column("largest_unit")[-1], largest, rtol=1e-5)
    assert (recording.column("largest_unit")[1:] <= 0.5001).all()


def test_biases_are_neither_shrunk_nor_projected():
    net = trained(replace(LINEAR, l1=1.0, lr=1.0, steps=2))[0].net
    assert (net.layers["fc2"].weight == 0).all()
    assert (net.layers["fc2"].weights.bias != 0).any()


def test_training_accuracy_is_that_of_the_whole_training_set_in_eval_mode():
    recording = record(replace(LINEAR, training_set=True, evaluations=2))
    learner, found = trained(LINEAR)
    right = (learner.net(found.train_inputs).argmax(1) == found.train_labels).float().mean()
    assert recording.column("train_accuracy")[-1] == pytest.approx(float(right))
    assert data.load("digits", 60, 20, 0).train_labels.shape == (60,)
