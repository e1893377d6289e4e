"""The gallery of activations: its NumPy formulas are the engine's."""

import numpy as np
import pytest
import torch

from cnnviz.engine.nets.activations import FUNCTIONS
from cnnviz.plots.curves import CURVES, Z, activation_gallery, slope

NAMES = {"ReLU": "relu", "leaky ReLU": "leaky_relu", "PReLU, a = 0.25": "prelu", "ELU": "elu", "GELU": "gelu", "SiLU": "silu",
         "ReLU6": "relu6", "sigmoid": "sigmoid", "tanh": "tanh"}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_drawn_curve_and_its_slope_are_the_engines(name):
    function, z = FUNCTIONS[NAMES[name]], torch.from_numpy(Z + 1e-3)  # beside the kinks
    np.testing.assert_allclose(CURVES[name](z.numpy()), function.value(z).numpy(), atol=1e-6)
    np.testing.assert_allclose(slope(CURVES[name], z.numpy()), function.slope(z).numpy(), atol=1e-6)


def test_every_function_that_is_drawn_has_a_value_and_a_slope():
    figure = activation_gallery(("A", "B")).figure
    assert {*NAMES, "maxout, 3 pieces"} == set(CURVES)
    assert [trace.name for trace in figure.data] == ["value", "slope"] * len(CURVES)
    assert [note.text for note in figure.layout.annotations] == list(CURVES)
