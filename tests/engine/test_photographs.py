"""The photographs: what they are, and the axes of their colours against NumPy's own way."""

import numpy as np
import pytest

from cnnviz.engine.photographs import axes_of, photographs, visible

NAMES = ("china", "flower", "chelsea", "coffee", "astronaut")


def test_there_are_five_square_colour_photographs_from_0_to_1():
    assert tuple(photographs()) == NAMES
    for image in photographs().values():
        assert image.shape == (1, 3, 128, 128)
        assert image.dtype == np.float32
        assert 0 <= image.min() < 0.15
        assert 0.8 < image.max() <= 1
        assert (image[0, 0] != image[0, 2]).any()


@pytest.mark.parametrize("names", [*((name,) for name in NAMES), NAMES])
def test_their_axes_are_numpys_eigenvectors_of_the_covariance_of_all_pixels(names):
    pixels = np.concatenate([photographs()[name][0].reshape(3, -1) for name in names], 1).astype(float)
    values, vectors = axes_of(names)
    expected, columns = np.linalg.eigh(np.cov(pixels, bias=True))
    assert values == pytest.approx(expected[::-1], rel=1e-6)
    np.testing.assert_allclose(np.abs((vectors * columns[:, ::-1]).sum(0)), 1, atol=1e-6)


def test_the_first_axis_is_brightness_all_three_channels_together():
    _, vectors = axes_of(NAMES)
    assert (vectors[:, 0] > 0.4).all()


def test_what_can_not_be_shown_is_cut_off():
    shown = visible(np.array([-0.5, 0.5, 1.5]).reshape(1, 3, 1, 1))
    assert shown.tolist() == [[[[0, 128, 255]]]]
