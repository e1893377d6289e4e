"""Augmentations: each against a second, slower way; seeded, on arrays and tensors alike; of training batches only."""

import numpy as np
import pytest
import torch

from cnnviz import Experiment, ExperimentError, record_together, replace, train
from cnnviz.engine import words
from cnnviz.engine.augment import AUGMENTATIONS, MIXINGS, OF_COLOURS, ORDER, augmented, draws
from cnnviz.engine.augment.arrays import pixels
from cnnviz.engine.augment.batch import Augmenter
from cnnviz.engine.augment.colour import fancy_pca, jittered, principal_axes, to_range, turned_hue, with_alphas
from cnnviz.engine.augment.erase import cutout, pixel_noise
from cnnviz.engine.augment.mix import cutmix, mixup
from cnnviz.engine.augment.places import crop, crop_padding, cropped, flip, flipped, rotate, rotated, translate, translated
from cnnviz.engine.augment.scale import scale_of
from cnnviz.engine.augment.settings import Augmentation
from cnnviz.engine.examples import examples
from cnnviz.engine.experiment import rule

N, C, H, W = 6, 3, 8, 8
IMAGES = np.random.default_rng(0).normal(size=(N, C, H, W)).astype(np.float32)
AXES = principal_axes(IMAGES)
SCALE = (np.array([0.3, 0.4, 0.5], np.float32), np.array([0.1, 0.2, 0.3], np.float32))
STRENGTHS = {
    "fancy_pca": 0.5, "jitter": 0.4, "hue": 90.0, "flip": 0.5, "crop": 0.5, "crop_padding": 0.2, "translate": 0.2, "rotate": 30.0,
    "pixel_noise": 0.3, "cutout": 0.5, "mixup": 1.0, "cutmix": 1.0,
}  # fmt: skip
UNIT = (np.zeros(C), np.ones(C))
every_augmentation = pytest.mark.parametrize("name", ORDER)


def rng(seed=1):
    return np.random.default_rng(seed)


def applied(name, images, seed=3, step=5):
    targets = np.eye(4)[np.arange(len(images)) % 4]
    if isinstance(images, torch.Tensor):
        targets = images.new_tensor(targets)
    return augmented(images, targets, {name: STRENGTHS[name]}, seed, step, SCALE, AXES)


# All of them


def test_the_registry_the_settings_and_the_words_name_the_same_in_the_same_order():
    settings = list(Augmentation().everything())
    assert settings == [*words.AUGMENTATIONS, *words.MIXINGS] == list(ORDER)
    assert (tuple(AUGMENTATIONS), tuple(MIXINGS)) == (words.AUGMENTATIONS, words.MIXINGS)


@every_augmentation
def test_a_setting_is_off_at_0_and_says_what_it_does(name):
    wanted = rule(name)
    assert wanted.off == 0 == Experiment().get(name)
    assert wanted.label
    assert wanted.unit
    assert wanted.help


@every_augmentation
def test_tensors_are_changed_as_arrays_are(name):
    for array, tensor in zip(applied(name, IMAGES), applied(name, torch.from_numpy(IMAGES)), strict=True):
        np.testing.assert_allclose(tensor.numpy(), array, rtol=1e-4, atol=1e-5)


@every_augmentation
def test_images_keep_shape_and_type_and_the_batch_that_went_in_stays(name):
    before = IMAGES.copy()
    images, targets = applied(name, IMAGES)
    assert (images.shape, images.dtype) == (IMAGES.shape, IMAGES.dtype)
    assert not np.array_equal(images, IMAGES)
    assert np.array_equal(before, IMAGES)
    np.testing.assert_allclose(targets.sum(1), 1)


@every_augmentation
def test_a_step_draws_the_same_each_time_and_another_step_or_seed_something_else(name):
    first, again = applied(name, IMAGES)[0], applied(name, IMAGES)[0]
    assert np.array_equal(first, again)
    assert not np.array_equal(first, applied(name, IMAGES, step=6)[0])
    assert not np.array_equal(first, applied(name, IMAGES, seed=4)[0])


@every_augmentation
def test_what_one_draws_does_not_depend_on_what_else_is_on(name):
    others = {other: STRENGTHS[other] for other in ORDER if other in ("flip", name)}
    assert draws(0, 7, name).random() == draws(0, 7, name).random()
    if name != "flip":
        flips = flip(draws(3, 5, "flip"), IMAGES, 0.5)
        beside = augmented(IMAGES, None, {k: v for k, v in others.items() if k == "flip"}, 3, 5)[0]
        assert np.array_equal(flips, beside)


@every_augmentation
def test_one_image_alone_can_be_changed(name):
    images, _ = applied(name, IMAGES[:1])
    assert np.isfinite(images).all()


# Places


def test_a_flip_is_the_columns_read_backwards():
    which = np.array([True, False] * 3)
    assert np.array_equal(flipped(IMAGES, which)[which], IMAGES[which][..., ::-1])
    assert np.array_equal(flipped(IMAGES, which)[~which], IMAGES[~which])


def test_flips_come_with_their_probability():
    many = np.repeat(IMAGES[:1], 4_000, 0)
    share = (flip(rng(), many, 0.3) != many).any((1, 2, 3)).mean()
    assert share == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / 4_000))


def stepped(images, by, axis):
    """Rolled pixel by pixel; the edge that comes round each time becomes what the one beside it is."""
    for _ in range(abs(by)):
        images = np.roll(images, np.sign(by), axis)
        edges = images.swapaxes(0, axis)
        edges[0 if by > 0 else -1] = edges[1 if by > 0 else -2]
    return images


@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, 0), (-3, 1), (1, -7)])
def test_a_shift_is_a_roll_whose_new_edge_repeats_the_old_one(down, right):
    found = translated(IMAGES, np.full(N, down), np.full(N, right))
    assert np.array_equal(found, stepped(stepped(IMAGES, down, 2), right, 3))


def test_shifts_reach_as_far_as_they_may_and_no_farther():
    image = np.zeros((2_000, 1, 11, 11), np.float32)
    image[:, :, 5, 5] = 1
    _, _, rows, columns = np.nonzero(translate(rng(), image, 0.2))
    assert (set(rows), set(columns)) == (set(range(3, 8)), set(range(3, 8)))


def test_a_padded_crop_is_a_window_into_the_image_with_a_margin_of_0():
    padded = np.pad(IMAGES, ((0, 0), (0, 0), (2, 2), (2, 2)))
    found = crop_padding(rng(), IMAGES, 0.25)
    for image, window in zip(padded, found, strict=True):
        assert any(np.array_equal(image[:, y : y + H, x : x + W], window) for y in range(5) for x in range(5))


def test_a_rotation_by_a_quarter_is_torchs_and_by_a_full_turn_nothing():
    for quarters in range(-3, 5):
        turned = rotated(IMAGES, np.full(N, quarters * np.pi / 2))
        np.testing.assert_allclose(turned, torch.rot90(torch.from_numpy(IMAGES), quarters, (2, 3)).numpy(), atol=1e-5)


def test_a_rotation_is_what_torchs_grid_sample_reads():
    angle = 0.4
    cosine, sine = np.cos(angle), np.sin(angle)
    matrix = torch.tensor([[cosine, -sine, 0], [sine, cosine, 0]], dtype=torch.float32).expand(N, 2, 3)
    places = torch.nn.functional.affine_grid(matrix, list(IMAGES.shape), align_corners=True)
    read = torch.nn.functional.grid_sample(torch.from_numpy(IMAGES), places, padding_mode="border", align_corners=True)
    np.testing.assert_allclose(rotated(IMAGES, np.full(N, angle)), read.numpy(), atol=1e-4)


def test_rotations_stay_within_their_angle():
    ramp = np.tile(np.linspace(-1, 1, 9, dtype=np.float32), (500, 1, 9, 1))
    slopes = rotate(rng(), ramp, 20)[:, 0, 3:6, 3:6]
    tilt = np.degrees(np.arctan2(slopes[:, 2, 1] - slopes[:, 0, 1], slopes[:, 1, 2] - slopes[:, 1, 0]))
    assert 18 < np.abs(tilt).max() <= 20.01
    assert abs(tilt.mean()) < 3


def test_a_crop_of_the_whole_changes_nothing_and_one_of_a_half_is_torchs_resize():
    whole = cropped(IMAGES, np.zeros(N), np.zeros(N), np.ones(N))
    np.testing.assert_allclose(whole, IMAGES, atol=1e-6)
    corner = cropped(IMAGES, np.full(N, 0.5), np.zeros(N), np.full(N, 0.5))
    resized = torch.nn.functional.interpolate(
        torch.from_numpy(IMAGES[:, :, 4:, :4]), (H, W), mode="bilinear", align_corners=False
    )
    inner = (slice(None), slice(None), slice(1, 7), slice(1, 7))  # at the edge of the part, ours sees what lies beyond
    np.testing.assert_allclose(corner[inner], resized.numpy()[inner], atol=1e-5)


def test_a_crop_shows_no_less_than_it_may():
    ramp = np.tile(np.arange(40, dtype=np.float32), (400, 1, 40, 1))
    found = crop(rng(), ramp, 0.5)
    shown = (found[..., -1] - found[..., 0])[:, 0, 0] + 1
    assert shown.min() > np.sqrt(0.5) * 40 - 2
    assert shown.max() <= 40


# Colour


def test_principal_axes_are_numpys_eigenvectors_of_numpys_covariance():
    for images in (IMAGES, torch.from_numpy(IMAGES)):
        values, vectors = principal_axes(images)
        covariance = np.cov(IMAGES.swapaxes(0, 1).reshape(C, -1).astype(np.float64), bias=True)
        assert values == pytest.approx(np.linalg.eigvalsh(covariance)[::-1], rel=1e-4)
        np.testing.assert_allclose(vectors @ np.diag(values) @ vectors.T, covariance, atol=1e-5)
        np.testing.assert_allclose(vectors.T @ vectors, np.eye(C), atol=1e-9)
        assert (vectors[np.abs(vectors).argmax(0), range(C)] > 0).all()


def test_fancy_pca_adds_the_formulas_colour_to_every_pixel():
    alphas = np.array([[0.1, -0.2, 0.3]] * N)
    values, vectors = AXES
    added = sum(vectors[:, i] * alphas[0, i] * values[i] for i in range(C))
    np.testing.assert_allclose(
        with_alphas(IMAGES, alphas, AXES) - IMAGES, np.broadcast_to(added[:, None, None], IMAGES.shape), atol=1e-5
    )


def test_what_fancy_pca_adds_has_mean_0_and_the_covariance_of_p_lambda_alpha():
    values, vectors = np.array([0.2, 0.05, 0.01]), np.linalg.qr(rng().normal(size=(C, C)))[0]
    added = fancy_pca(rng(), np.zeros((40_000, C, 1, 1)), 0.1, UNIT, (values, vectors))[:, :, 0, 0]
    wanted = vectors @ np.diag((0.1 * values) ** 2) @ vectors.T
    assert np.abs(added.mean(0)).max() < 5 * 0.1 * values[0] / np.sqrt(40_000)
    np.testing.assert_allclose(np.cov(added.T), wanted, atol=5 * wanted.max() / np.sqrt(40_000))


@pytest.mark.parametrize("name", OF_COLOURS)
def test_colours_change_between_black_and_white_whatever_images_were_standardised_by(name):
    """The same photographs, standardised by two scales: what is seen after the change is the same."""
    seen = IMAGES * 0.1 + 0.5
    found = []
    for mean, deviation in (SCALE, UNIT):
        inputs = (seen - mean.reshape(1, C, 1, 1)) / deviation.reshape(1, C, 1, 1)
        changed, _ = augmented(inputs, None, {name: STRENGTHS[name]}, 3, 5, (mean, deviation), AXES)
        found.append(to_range(changed, (mean, deviation)))
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)
    assert not np.allclose(found[0], seen, atol=0.01)


def test_the_scale_of_a_data_set_gives_its_images_back_from_0_to_1():
    for experiment in (COLOURED, replace(COLOURED, dataset="digits")):
        found = to_range(examples(experiment, torch.device("cpu")).train_inputs, scale_of(experiment))
        assert float(found.min()) == pytest.approx(0, abs=0.05)
        assert 0.9 < float(found.max()) <= 1.0001


def test_jitter_moves_mean_contrast_and_saturation_each_alone():
    none, some = np.zeros(N), np.full(N, 0.3)
    np.testing.assert_allclose(jittered(IMAGES, some, none + 1, none + 1), IMAGES + 0.3, atol=1e-5)
    contrast = jittered(IMAGES, none, none + 0.5, none + 1)
    np.testing.assert_allclose(contrast.mean((1, 2, 3)), IMAGES.mean((1, 2, 3)), atol=1e-5)
    np.testing.assert_allclose(contrast.std((1, 2, 3)), 0.5 * IMAGES.std((1, 2, 3)), rtol=1e-4)
    grey = jittered(IMAGES, none, none + 1, none)
    np.testing.assert_allclose(grey, np.broadcast_to(IMAGES.mean(1, keepdims=True), IMAGES.shape), atol=1e-5)


def test_hue_takes_red_to_green_to_blue_and_leaves_grey_alone():
    red = np.zeros((1, C, 2, 2), np.float32)
    red[:, 0] = 1
    turned = [turned_hue(red, np.radians([angle]))[0, :, 0, 0] for angle in (120, 240, 360)]
    np.testing.assert_allclose(turned, [[0, 1, 0], [0, 0, 1], [1, 0, 0]], atol=1e-6)
    grey = np.full((1, C, 2, 2), 0.7, np.float32)
    np.testing.assert_allclose(turned_hue(grey, np.array([1.0])), grey, atol=1e-6)


# Taken away


def test_noise_has_the_spread_that_was_asked_for():
    added = pixel_noise(rng(), np.zeros((50, 3, 20, 20), np.float32), 0.4)
    assert added.std() == pytest.approx(0.4, rel=0.02)
    assert abs(added.mean()) < 0.01


def test_cutout_leaves_out_a_square_of_the_asked_area_or_what_lies_inside_of_it():
    found = cutout(rng(), np.ones((300, 3, 20, 20), np.float32), 0.3)
    for image in found:
        assert (image == image[0]).all()
        rows, columns = np.nonzero(image[0] == 0)
        box = image[:, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert not box.any()
        assert (image == 0).sum() == box.size
        assert max(box.shape) <= 6
    areas = (found[:, 0] == 0).sum((1, 2))
    assert areas.max() == 36
    inner = 15 * 15 / 400  # middles from which nothing sticks out
    assert (areas == 36).mean() == pytest.approx(inner, abs=0.1)


# Mixed


@pytest.mark.parametrize("mix", [mixup, cutmix])
def test_labels_are_weighed_by_the_share_of_each_image(mix):
    count = 64
    images = np.broadcast_to(np.arange(count, dtype=np.float64)[:, None, None, None], (count, 1, 12, 12))
    mixed, weights = mix(rng(), images, np.eye(count), 1.0)
    np.testing.assert_allclose(mixed.mean((1, 2, 3)), weights @ np.arange(count), atol=1e-9)
    np.testing.assert_allclose(weights.sum(1), 1)
    assert ((weights > 0).sum(1) <= 2).all()
    assert weights.min() >= 0


def test_mixup_blends_every_pixel_and_cutmix_takes_each_from_one_image():
    images = np.broadcast_to(np.arange(8.0)[:, None, None, None], (8, 1, 12, 12))
    assert all(np.unique(image).size == 1 for image in mixup(rng(), images, np.eye(8), 1.0)[0])
    assert set(np.unique(cutmix(rng(), images, np.eye(8), 1.0)[0])) <= set(range(8))


def test_mixup_at_a_tiny_alpha_keeps_nearly_every_image_whole():
    _, weights = mixup(rng(), IMAGES, np.eye(N), 1e-3)
    assert (weights.max(1) > 0.999).mean() > 0.8


# In training


COLOURED = Experiment.of(dataset="shapes", train_examples=64, test_examples=16, batch_size=16, net="cnn", width=4, depth=3)


def test_a_share_of_a_side_is_a_pixel_at_least():
    assert [pixels(8, share) for share in (0, 0.01, 0.1, 0.5)] == [0, 1, 1, 4]


def test_without_augmentation_the_batch_is_the_very_same():
    found = examples(COLOURED, torch.device("cpu"))
    inputs, labels = found.train_inputs[:4], found.train_labels[:4]
    seen, targets = Augmenter(COLOURED, found)(0, inputs, labels)
    assert seen is inputs
    assert targets is labels


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_mixed_targets_are_weights_of_the_labels(name):
    found = examples(COLOURED, torch.device("cpu"))
    _, targets = Augmenter(replace(COLOURED, **{name: 1.0}), found)(0, found.train_inputs[:16], found.train_labels[:16])
    assert targets.shape == (16, 8)
    assert torch.allclose(targets.sum(1), torch.ones(16))
    assert (targets[range(16), found.train_labels[:16]] > 0).all()


def test_training_batches_are_augmented_and_test_images_never():
    found = record_together({"A": replace(COLOURED, steps=1), "B": replace(COLOURED, steps=1, rotate=40, cutmix=1.0)})
    assert found["A"].column("test_loss")[0] == found["B"].column("test_loss")[0]
    assert found["A"].column("loss")[0] != found["B"].column("loss")[0]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"dataset": "moons", "net": "mlp", "flip": 0.5}, "flip (=0.5) must be 0 for moons: augmentations change images."),
        ({"dataset": "digits", "hue": 30.0}, "hue (=30) must be 0 for digits, whose images have no colours."),
        ({"dataset": "digits", "fancy_pca": 0.1}, "fancy_pca (=0.1) must be 0 for digits, whose images have no colours."),
        ({"mixup": 0.2, "cutmix": 1.0}, "mixup (=0.2) must be 0 beside cutmix (=1): one of them mixes the labels."),
    ],
)
def test_what_does_not_go_together_is_refused_in_a_sentence(settings, sentence):
    with pytest.raises(ExperimentError) as refused:
        next(train(replace(COLOURED, **settings)))
    assert str(refused.value) == sentence
