"""What all paths together do to the gradient, against autograd and against the formula with its sums written out."""

from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnnviz import Experiment, record, replace
from cnnviz.engine import nets
from cnnviz.engine.examples import batches, examples
from cnnviz.engine.paths import PATHS

TINY = Experiment.of(
    dataset="digits", train_examples=200, test_examples=10, depth=4, width=40, steps=3, batch_size=32, lr=0.05,
    snapshots=4, histograms=4, evaluations=0, paths=True,
)  # fmt: skip
activations = [pytest.param({"activation": name}, id=name) for name in ("relu", "tanh", "sigmoid", "prelu")]
nets_of_a_chain = pytest.mark.parametrize("settings", [*activations, pytest.param({"skip": True}, id="skip")])


def slowly(experiment):
    """Of the fresh net on its first batch, a list a layer: ∂loss/∂a, and the sum of (w f′)² over what it reads and puts out."""
    found = examples(experiment, torch.device("cpu"))
    net = nets.build(experiment.net, found.input_shape, found.classes, torch.Generator().manual_seed(experiment.seed))
    inputs, labels = next(batches(found, experiment.batch_size, experiment.seed))
    x, outputs, factors = inputs.flatten(1), [], []
    for layer in net.layers.values():
        z = (x @ layer.weight.T + layer.weights.bias).detach().requires_grad_()
        (slopes,) = torch.autograd.grad(layer.function.value(z).sum(), z)
        skips = layer.skip and layer.weight.shape[0] == layer.weight.shape[1]
        squares = [float((w**2).mean() * slopes.square().mean()) for w in layer.weight.detach()]  # a unit of the layer each
        factors.append(float(np.sqrt(sum(squares) + skips)))
        a = layer.function.value(x @ layer.weight.T + layer.weights.bias) + (x if skips else 0)
        outputs.append(a)
        x = a
    gradients = torch.autograd.grad(F.cross_entropy(x, labels), outputs)
    return [float(gradient.square().mean().sqrt()) for gradient in gradients], factors


@nets_of_a_chain
def test_sizes_and_ratios_are_autograds_and_the_formula_is_the_sum_over_units(settings):
    experiment = replace(TINY, **settings)
    sizes, factors = slowly(experiment)
    slow = {
        "gradient_rms": sizes,
        "gradient_ratio": [np.nan, *(below / above for below, above in pairwise(sizes))],
        "expected_ratio": [np.nan, *factors[1:]],
        "expected_rms": [sizes[-1] * np.prod(factors[layer + 1 :]) for layer in range(len(sizes))],
    }
    recording = record(experiment)
    assert set(slow) == set(PATHS)
    for name, values in slow.items():
        np.testing.assert_allclose(recording.column(name)[0], values, rtol=1e-4, err_msg=name)


@nets_of_a_chain
def test_a_fresh_wide_nets_paths_add_up_as_the_formula_says(settings):
    recording = record(replace(TINY, width=128, batch_size=128, steps=0, snapshots=2, histograms=2, **settings))
    measured, expected = (recording.column(name)[0, 1:] for name in ("gradient_ratio", "expected_ratio"))
    np.testing.assert_allclose(measured, expected, rtol=0.2)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"paths": False}, set()),
        ({"norm": "batch"}, {"gradient_rms", "gradient_ratio"}),
        ({"net": "cnn", "width": 6}, set()),
        ({"net": "rnn"}, set()),
        ({"activation": "maxout"}, set()),
        ({"dropout": "inverted"}, set()),
    ],
)
def test_what_is_no_chain_has_no_sum_and_what_is_normalised_no_formula(settings, names):
    assert set(PATHS) & set(record(replace(TINY, **settings)).names) == names


def test_measuring_paths_changes_nothing_that_is_learned():
    assert record(replace(TINY, paths=False)).column("loss").tolist() == record(TINY).column("loss").tolist()
