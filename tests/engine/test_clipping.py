"""Clipping: gradients by value and by norm, weights by value; what is within the bound is left alone."""

import numpy as np
import pytest
import torch

from cnnviz.engine.clipping import clip_gradients, clip_weights
from cnnviz.engine.experiment import Clipping

GRADIENTS = ([[3.0, -4.0], [0.5, 0.0]], [12.0, -0.25])


def clipped(**settings):
    parameters = [torch.zeros(2, 2), torch.zeros(2)]
    for parameter, gradient in zip(parameters, GRADIENTS, strict=True):
        parameter.grad = torch.tensor(gradient)
    clip_gradients(parameters, Clipping(**settings))
    return [parameter.grad.numpy() for parameter in parameters]


def flat(arrays):
    return np.concatenate([np.ravel(array) for array in arrays])


def test_without_bounds_nothing_changes():
    np.testing.assert_array_equal(flat(clipped()), flat(GRADIENTS))


def test_a_norm_bound_shortens_all_gradients_together():
    norm = np.linalg.norm(flat(GRADIENTS))
    np.testing.assert_allclose(flat(clipped(clip_norm=1.0)), flat(GRADIENTS) / norm, rtol=1e-5)


def test_a_norm_bound_above_the_norm_changes_nothing():
    np.testing.assert_array_equal(flat(clipped(clip_norm=100.0)), flat(GRADIENTS))


def test_a_value_bound_cuts_each_entry():
    np.testing.assert_array_equal(flat(clipped(clip_value=1.0)), np.clip(flat(GRADIENTS), -1, 1))


def test_values_are_cut_before_the_norm_is():
    cut = np.clip(flat(GRADIENTS), -1, 1)
    np.testing.assert_allclose(flat(clipped(clip_value=1.0, clip_norm=0.5)), 0.5 * cut / np.linalg.norm(cut), rtol=1e-5)


@pytest.mark.parametrize(("bound", "expected"), [(0.0, [-3.0, 0.1, 2.0]), (1.0, [-1.0, 0.1, 1.0])])
def test_a_weight_bound_cuts_each_weight(bound, expected):
    weight = torch.tensor([-3.0, 0.1, 2.0], requires_grad=True)
    clip_weights([weight], Clipping(clip_weight=bound))
    np.testing.assert_allclose(weight.detach().numpy(), expected)
