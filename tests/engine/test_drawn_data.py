"""Points in the plane and drawn shapes: their geometry, and that their classes can be told apart."""

from typing import Any

import numpy as np
import pytest

from cnnviz.engine import data
from cnnviz.engine.data import points2d, shapes
from cnnviz.engine.fields import ExperimentError

POINTS = ("moons", "spirals", "circles", "blobs")


def radius(points: Any) -> Any:
    return np.hypot(points[:, 0], points[:, 1])


def test_circles_have_radius_1_and_one_half() -> None:
    raw = data._loaders["circles"](2_000, 10, 0)
    for label, wanted in ((0, 1.0), (1, 0.5)):
        distances = radius(raw.train_inputs[raw.train_labels == label])
        assert abs(np.median(distances) - wanted) < 0.02
        assert abs(distances.std() - points2d.NOISE["circles"]) < 0.01


def test_moons_are_half_circles_around_their_two_centres() -> None:
    raw = data._loaders["moons"](2_000, 10, 0)
    for label, centre in ((0, (0, 0)), (1, (1, 0.5))):
        assert abs(np.median(radius(raw.train_inputs[raw.train_labels == label] - centre)) - 1) < 0.03
    upper, lower = (raw.train_inputs[raw.train_labels == label, 1].mean() for label in (0, 1))
    assert upper == pytest.approx(2 / np.pi, abs=0.05)
    assert lower == pytest.approx(0.5 - 2 / np.pi, abs=0.05)


def test_the_arms_of_a_spiral_are_half_a_turn_apart_and_never_meet() -> None:
    along = np.linspace(0, 1, 500)
    first, second = (points2d.spirals(np.full(500, label), along) for label in (0, 1))
    assert np.allclose(first, -second)
    gaps = np.linalg.norm(first[:, None] - second[None], axis=2).min(axis=1)
    assert gaps.min() > 3 * points2d.NOISE["spirals"]


def test_blobs_lie_around_four_corners_of_the_unit_circle() -> None:
    raw = data._loaders["blobs"](4_000, 10, 0)
    centres = [raw.train_inputs[raw.train_labels == label].mean(axis=0) for label in range(4)]
    corner = np.sqrt(0.5)
    assert np.allclose(centres, [(corner, corner), (-corner, corner), (-corner, -corner), (corner, -corner)], atol=0.03)


def test_a_borders_classes_lie_on_their_own_side_but_for_noise_and_one_wrong_label_in_twenty() -> None:
    raw = data._loaders["border"](8_000, 10, 0)
    x, y = raw.train_inputs.T
    above = y > 0.8 * np.sin(2 * x)
    assert (above == raw.train_labels).mean() == pytest.approx(0.904, abs=0.015)
    along = np.linspace(0, 1, 4_000, endpoint=False)
    sides = points2d.border(np.zeros(4_000, np.int64), along)[:, 1] > 0.8 * np.sin(2 * (4 * along - 2))
    assert sides.mean() == pytest.approx(0.05, abs=0.001)


@pytest.mark.parametrize("name", POINTS)
def test_the_nearest_neighbour_tells_the_classes_of_points_apart(name: str) -> None:
    found = data.load(name, 1_000, 200, seed=0)
    apart = np.linalg.norm(found.test_inputs[:, None] - found.train_inputs[None], axis=2)
    guess = found.train_labels[apart.argmin(axis=1)]
    assert (guess == found.test_labels).mean() > 0.95


def describe(cover: Any) -> Any:
    """Area, spread, elongation and fill of a shape, none of which turning or moving changes: (N, 4)."""
    size = cover.shape[-1]
    pixel = np.arange(size) + 0.5
    area = cover.sum(axis=(1, 2))
    x, y = (cover * pixel[None, None, :]).sum(axis=(1, 2)) / area, (cover * pixel[None, :, None]).sum(axis=(1, 2)) / area
    from_x, from_y = pixel[None, None, :] - x[:, None, None], pixel[None, :, None] - y[:, None, None]
    xx, yy, xy = ((cover * product).sum(axis=(1, 2)) / area for product in (from_x**2, from_y**2, from_x * from_y))
    spread, apart = xx + yy, np.sqrt((xx - yy) ** 2 + 4 * xy**2)
    farthest = np.where(cover > 0.5, np.hypot(from_x, from_y), 0).max(axis=(1, 2))
    return np.stack([spread / area, apart / spread, area / farthest**2, spread / farthest**2], axis=1)


def test_shapes_can_be_told_apart_by_form_alone() -> None:
    """Nearest mean over four numbers that turn, place, size and colour leave as they are."""
    labels = np.arange(800) % 8
    train, test = (describe(shapes.coverage(labels, 64, np.random.default_rng(seed))) for seed in (0, 1))
    train, test = (features / train.std(axis=0) for features in (train, test))
    means = np.stack([train[labels == label].mean(axis=0) for label in range(8)])
    guess = np.linalg.norm(test[:, None] - means[None], axis=2).argmin(axis=1)
    assert (guess == labels).mean() > 0.97


@pytest.mark.parametrize("size", [16, 32, 96])
def test_a_circle_covers_its_area_at_every_size(size: int) -> None:
    cover = shapes.coverage(np.zeros(200, dtype=np.int64), size, np.random.default_rng(0))
    radii = np.random.default_rng(0).uniform(0.24, 0.4, 200) * size
    assert np.allclose(cover.sum(axis=(1, 2)), np.pi * (0.9 * radii) ** 2, rtol=0.02)


def test_shapes_have_smooth_edges() -> None:
    cover = shapes.coverage(np.arange(80) % 8, 32, np.random.default_rng(0))
    between = ((cover > 0.02) & (cover < 0.98)).mean(axis=(1, 2))
    assert between.min() > 0.01
    assert cover.max() == 1
    assert cover.min() == 0


def test_a_shape_lies_inside_its_picture() -> None:
    cover = shapes.coverage(np.arange(400) % 8, 32, np.random.default_rng(0))
    assert max(cover[:, 0].max(), cover[:, -1].max(), cover[:, :, 0].max(), cover[:, :, -1].max()) <= 0.5


def test_shapes_may_be_of_any_size_and_of_one_colour() -> None:
    images, labels = shapes.drawn(24, seed=0, split=0, size=48, colours=shapes.palette("red"))
    assert images.shape == (24, 3, 48, 48)
    assert labels.tolist() == list(range(8)) * 3
    brightest = images.reshape(24, 3, -1)[np.arange(24), :, images[:, 0].reshape(24, -1).argmax(axis=1)].astype(int)
    assert (brightest[:, 0] > brightest[:, 1] + 80).all()


def test_grey_shapes_have_no_colour() -> None:
    assert np.unique(shapes.palette("grey")).size == 1
    assert len(shapes.palette("any")) == len(shapes.COLOURS)


def test_an_unknown_colour_lists_those_that_there_are() -> None:
    with pytest.raises(ExperimentError, match=r"colour \(='mauve'\) must be any or one of red, orange"):
        shapes.palette("mauve")
