"""The cube lights just the values that a norm's mean runs over, as torch's own norms have it."""

import numpy as np
import pytest
import torch

from cnnviz.engine.experiment import Net
from cnnviz.engine.nets.norms import NORMS
from cnnviz.plots.norm_cube import CHANNELS, EXAMPLES, SHAPE, norm_cube, normalised_with, told

CHOICES = [("none", 1), ("batch", 1), ("layer", 1), ("instance", 1), *(("group", groups) for groups in (1, 2, 3, 6))]
CELLS = [(0, 0, 0), (2, 4, 3), (3, 5, 1)]
every_choice = pytest.mark.parametrize(("norm", "groups"), CHOICES)


@every_choice
@pytest.mark.parametrize("cell", CELLS)
def test_a_value_depends_on_the_lit_ones_and_on_no_other(norm, groups, cell):
    x = torch.randn(EXAMPLES, CHANNELS, 2, 2, generator=torch.Generator().manual_seed(0), requires_grad=True)
    module = NORMS[norm](Net(groups=groups), CHANNELS, True)
    y = x * 1 if module is None else module(x)
    (gradient,) = torch.autograd.grad(y.reshape(SHAPE)[cell], x)
    assert ((gradient.reshape(SHAPE).abs() > 1e-9).numpy() == normalised_with(norm, cell, groups)).all()


@every_choice
@pytest.mark.parametrize("cell", CELLS)
def test_point_number_i_is_value_number_i_and_only_lit_ones_are_filled(norm, groups, cell):
    (trace,) = norm_cube(norm, cell, groups).data
    for place, text in enumerate(trace.text):
        n, c, p = np.unravel_index(place, SHAPE)
        assert text == f"example {n + 1}, channel {c + 1}, position {p + 1}"
    filled = np.array(trace.marker.symbol).reshape(SHAPE) == "square"
    assert (filled == normalised_with(norm, cell, groups)).all()


@pytest.mark.parametrize(("norm", "groups", "count"), [("batch", 1, 16), ("layer", 1, 24), ("instance", 1, 4), ("group", 2, 12)])
def test_the_sentence_counts_the_set(norm, groups, count):
    assert f"the {count} values of" in told(norm, (1, 4, 0), groups)
