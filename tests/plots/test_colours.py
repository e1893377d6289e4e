"""The cloud of colours: each point a pixel in its colour, each line an axis through the middle."""

import numpy as np
import pytest

from cnnviz.engine.augment.colour import with_alphas
from cnnviz.engine.photographs import axes_of, photographs
from cnnviz.plots.colours import REACH, rgb_cloud

IMAGE = photographs()["coffee"]
VALUES, VECTORS = axes_of(("coffee",))


def test_each_point_is_a_pixel_in_its_own_colour():
    chart = rgb_cloud("cloud", IMAGE[0], VALUES, VECTORS)
    dots = chart.data[0]
    assert [word.text for word in chart.layout.scene.annotations] == ["Red", "Green", "Blue"]
    pixels = {tuple(pixel) for pixel in IMAGE[0].reshape(3, -1).T.tolist()}
    points = list(zip(dots.x, dots.y, dots.z, strict=True))
    assert 1_000 < len(points) < 2_000
    assert set(points) <= pixels
    red, green, blue = (round(255 * part) for part in points[7])
    assert dots.marker.color[7] == f"rgb({red},{green},{blue})"


def test_the_axes_run_through_the_middle_at_right_angles_and_end_after_two_deviations():
    _, *lines = rgb_cloud("cloud", IMAGE[0], VALUES, VECTORS).data
    ends = np.array([[line.x, line.y, line.z] for line in lines])
    np.testing.assert_allclose(ends.mean(2), np.tile(IMAGE[0].reshape(3, -1).mean(1), (3, 1)), atol=1e-6)
    halves = (ends[:, :, 1] - ends[:, :, 0]) / 2
    np.testing.assert_allclose(halves @ halves.T, np.diag(REACH**2 * VALUES), atol=1e-9)
    assert [line.text[1] for line in lines] == ["p<sub>1</sub>", "p<sub>2</sub>", "p<sub>3</sub>"]


def test_the_arrow_leads_from_the_middle_before_to_the_middle_after():
    alphas = np.array([[2.0, -1.0, 0.5]])
    added = VECTORS @ (alphas[0] * VALUES)
    after = with_alphas(IMAGE, alphas, (VALUES, VECTORS))
    *_, arrow = rgb_cloud("cloud", after[0], VALUES, VECTORS, added).data
    assert (arrow.x[0], arrow.y[0], arrow.z[0]) == pytest.approx(IMAGE[0].reshape(3, -1).mean(1), abs=1e-5)
    assert (arrow.x[1], arrow.y[1], arrow.z[1]) == pytest.approx(after[0].reshape(3, -1).mean(1), abs=1e-5)
