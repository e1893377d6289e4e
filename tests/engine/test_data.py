"""Data sets: every one is balanced, standardised, repeatable, and the head of a larger one; files that are wrong are told."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnviz.engine import data
from cnnviz.engine.data import DataError, Examples, balanced_order, digits, fashion_mnist, files
from cnnviz.engine.fields import ExperimentError
from cnnviz.engine.words import DATASETS
from cnnviz.settings import Settings

IMAGES = {"fashion_mnist": (1, 28, 28), "digits": (1, 8, 8), "shapes": (3, 32, 32)}
CLASSIFIED = tuple(name for name in DATASETS if name != "curve")  # a curve has heights, not classes: see test_curve.py
DRAWN = ("shapes", "moons", "spirals", "circles", "blobs", "border")


def idx(array: Any) -> bytes:
    """An array of bytes as the IDX format writes it."""
    pixels = np.asarray(array, dtype=np.uint8)
    return bytes([0, 0, 8, pixels.ndim]) + struct.pack(f">{pixels.ndim}I", *pixels.shape) + pixels.tobytes()


@pytest.fixture
def idx_folder(tmp_path: Path) -> Path:
    """A tiny Fashion-MNIST: 40 + 20 images, one file of the four gzipped; image i of a split is all 3·i."""
    for split, count in (("train", 40), ("t10k", 20)):
        images = np.repeat(3 * np.arange(count, dtype=np.uint8), 28 * 28).reshape(count, 28, 28)
        (tmp_path / f"{split}-images-idx3-ubyte").write_bytes(idx(images))
        (tmp_path / f"{split}-labels-idx1-ubyte").write_bytes(idx(np.arange(count) // (count // 10)))
    plain = tmp_path / "train-images-idx3-ubyte"
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    return tmp_path


def test_the_names_are_those_that_an_experiment_may_use() -> None:
    assert set(data.names()) == set(DATASETS)


def test_an_unknown_name_lists_the_near_ones() -> None:
    with pytest.raises(ExperimentError, match="There is no data set 'digit'; try digits"):
        data.load("digit", 10, 10, 0)


def test_a_name_that_is_taken_tells_both_places() -> None:
    with pytest.raises(TypeError, match=r"'digits' is defined in both cnnviz\.engine\.data\.digits and .*test_data"):

        @data.dataset("digits")
        def second(train_examples: int, test_examples: int, seed: int) -> Examples:
            return digits.digits(train_examples, test_examples, seed)


@pytest.mark.parametrize("name", CLASSIFIED)
def test_every_class_is_equally_frequent(name: str) -> None:
    found = data.load(name, 400, 80, seed=3)
    for labels, examples in ((found.train_labels, 400), (found.test_labels, 80)):
        counts = np.bincount(labels, minlength=len(found.classes))
        assert counts.tolist() == [examples // len(found.classes)] * len(found.classes)


@pytest.mark.parametrize("name", CLASSIFIED)
def test_types_and_shapes_are_those_promised(name: str) -> None:
    found = data.load(name, 50, 20, seed=0)
    assert found.input_shape == IMAGES.get(name, (2,))
    assert found.train_inputs.shape == (50, *found.input_shape)
    assert found.test_inputs.shape == (20, *found.input_shape)
    assert found.train_labels.shape == (50,)
    assert found.test_labels.shape == (20,)
    assert {str(array.dtype) for array in (found.train_inputs, found.test_inputs)} == {"float32"}
    assert {str(array.dtype) for array in (found.train_labels, found.test_labels)} == {"int64"}
    assert len(set(found.classes)) == len(found.classes)


@pytest.mark.parametrize("name", CLASSIFIED)
def test_training_inputs_have_mean_0_and_deviation_1_in_every_channel(name: str) -> None:
    inputs = data.load(name, 300, 20, seed=0).train_inputs.astype(np.float64)
    others = tuple(axis for axis in range(inputs.ndim) if axis != 1)
    assert np.allclose(inputs.mean(axis=others), 0, atol=1e-6)
    assert np.allclose(inputs.std(axis=others), 1, atol=1e-5)


@pytest.mark.parametrize("name", CLASSIFIED)
def test_test_inputs_are_scaled_by_the_training_figures(name: str) -> None:
    found = data.load(name, 100, 60, seed=0)
    per_channel = (-1, *[1] * (found.test_inputs.ndim - 2))
    test = found.test_inputs * found.std.reshape(per_channel) + found.mean.reshape(per_channel)
    train = found.train_inputs * found.std.reshape(per_channel) + found.mean.reshape(per_channel)
    again = data.standardised(Examples(train, found.train_labels, test, found.test_labels, found.classes))
    assert np.allclose(again.test_inputs, found.test_inputs, atol=1e-4)


@pytest.mark.parametrize("name", IMAGES)
def test_the_scaling_gives_the_pixels_back(name: str) -> None:
    found = data.load(name, 30, 10, seed=0)
    pixels = found.train_inputs * found.std[:, None, None] + found.mean[:, None, None]
    assert np.abs(pixels - pixels.round()).max() < 1e-3
    assert pixels.min() > -1e-3
    assert pixels.max() < (16.5 if name == "digits" else 255.5)


def test_a_constant_channel_becomes_zero_not_infinite() -> None:
    same = np.full((4, 1, 2, 2), 7, dtype=np.uint8)
    labels = np.zeros(4, dtype=np.uint8)
    assert not data.standardised(Examples(same, labels, same, labels, ("a",))).train_inputs.any()


@pytest.mark.parametrize("name", CLASSIFIED)
def test_loading_again_gives_the_same_numbers(name: str) -> None:
    first = data.load(name, 40, 20, seed=5)
    data.load.cache_clear()
    second = data.load(name, 40, 20, seed=5)
    assert first is not second
    for field in ("train_inputs", "train_labels", "test_inputs", "test_labels", "mean", "std"):
        assert np.array_equal(getattr(first, field), getattr(second, field))


@pytest.mark.parametrize("name", DRAWN)
def test_another_seed_draws_other_examples(name: str) -> None:
    assert not np.array_equal(data.load(name, 40, 20, seed=0).train_inputs, data.load(name, 40, 20, seed=1).train_inputs)


@pytest.mark.parametrize("name", ["fashion_mnist", "digits"])
def test_examples_from_a_file_do_not_depend_on_the_seed(name: str) -> None:
    assert np.array_equal(data.load(name, 40, 20, seed=0).train_inputs, data.load(name, 40, 20, seed=1).train_inputs)


@pytest.mark.parametrize("name", CLASSIFIED)
def test_a_smaller_set_is_the_head_of_a_larger_one(name: str) -> None:
    small, large = (data._loaders[name](n, n // 4, 2) for n in (130, 1_300))
    assert np.array_equal(small.train_inputs, large.train_inputs[:130])
    assert np.array_equal(small.train_labels, large.train_labels[:130])
    assert np.array_equal(small.test_inputs, large.test_inputs[:32])


@pytest.mark.parametrize("name", CLASSIFIED)
def test_no_test_example_is_a_training_example(name: str) -> None:
    raw = data._loaders[name](1_400, 300, 0)
    seen = {example.tobytes() for example in raw.train_inputs}
    assert sum(example.tobytes() in seen for example in raw.test_inputs) == 0


@pytest.mark.parametrize(
    ("name", "train", "test", "sentence"),
    [
        ("digits", 1_438, 10, r"train_examples \(=1438\) must be at most 1437, all that digits has\."),
        ("digits", 10, 361, r"test_examples \(=361\) must be at most 360, all that digits has\."),
        ("fashion_mnist", 10_001, 10, r"train_examples \(=10001\) must be at most 10000, .*CNNVIZ_FASHION_MNIST"),
        ("fashion_mnist", 10, 2_001, r"test_examples \(=2001\) must be at most 2000, .*CNNVIZ_FASHION_MNIST"),
    ],
)
def test_more_than_there_is_names_the_setting_and_what_there_is(name: str, train: int, test: int, sentence: str) -> None:
    with pytest.raises(ExperimentError, match=sentence):
        data.load(name, train, test, 0)


def test_the_whole_of_the_shipped_files_is_balanced() -> None:
    fashion = fashion_mnist.fashion_mnist(10_000, 2_000, 0)
    assert np.bincount(fashion.train_labels).tolist() == [1_000] * 10
    assert np.bincount(fashion.test_labels).tolist() == [200] * 10
    figures = digits.digits(1_437, 360, 0)
    assert np.bincount(figures.test_labels).tolist() == [36] * 10
    assert np.bincount(figures.train_labels).tolist() == [142, 146, 141, 147, 145, 146, 145, 143, 138, 144]


def test_a_balanced_order_holds_each_example_once_and_every_head_is_balanced() -> None:
    labels = np.random.default_rng(0).integers(0, 4, 200)
    order = balanced_order(labels, seed=1)
    assert sorted(order.tolist()) == list(range(200))
    fewest = np.bincount(labels).min()
    for examples in range(1, 4 * fewest):
        counts = np.bincount(labels[order[:examples]], minlength=4)
        assert counts.max() - counts.min() <= 1


def test_a_balanced_order_keeps_all_of_an_uneven_set() -> None:
    assert balanced_order(np.array([0, 0, 0, 0, 1]), seed=0).tolist()[1] == 4


def test_a_folder_with_the_full_files_is_used_where_the_setting_names_it(
    idx_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fashion_mnist, "settings", Settings(fashion_mnist=str(idx_folder)))
    found = fashion_mnist.fashion_mnist(20, 10, 0)
    numbers = found.train_inputs[:, 0, 0, 0] // 3  # which of the 40 images each one is
    assert found.train_inputs.shape == (20, 1, 28, 28)
    assert len(set(numbers.tolist())) == 20
    assert np.array_equal(numbers // 4, found.train_labels)
    assert np.bincount(found.train_labels).tolist() == [2] * 10
    assert np.bincount(found.test_labels).tolist() == [1] * 10


def test_a_folder_that_has_too_few_says_so(idx_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion_mnist, "settings", Settings(fashion_mnist=str(idx_folder)))
    with pytest.raises(ExperimentError, match=r"train_examples \(=41\) must be at most 40, all that CNNVIZ_FASHION_MNIST"):
        fashion_mnist.fashion_mnist(41, 10, 0)


def test_the_shipped_subset_is_the_head_of_the_order_that_a_full_folder_gets(tmp_path: Path) -> None:
    """Rebuild a full set from the subset in any other order: no image is lost, none changes its label."""
    subset = fashion_mnist.fashion_mnist(1_000, 200, 0)
    mixed = np.random.default_rng(9).permutation(1_000)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(subset.train_inputs[mixed, 0]))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(subset.train_labels[mixed]))
    images, labels = fashion_mnist.read_split(tmp_path, "train")
    there = {image.tobytes(): int(label) for image, label in zip(subset.train_inputs, subset.train_labels, strict=True)}
    assert {image.tobytes(): int(label) for image, label in zip(images, labels, strict=True)} == there
    assert labels.tolist() == list(range(10)) * 100


WRONG_FILES = {
    "cut short": (lambda good: good[:-1], r"'t10k-images-idx3-ubyte' must hold 15680 bytes after its header; it holds 15679\."),
    "too long": (lambda good: good + b"\0", r"must hold 15680 bytes after its header; it holds 15681\."),
    "empty": (lambda good: b"", r"must be an IDX file of unsigned bytes in 3 dimension\(s\)"),
    "only a magic number": (lambda good: good[:4], r"must be an IDX file of unsigned bytes in 3 dimension\(s\)"),
    "another file": (lambda good: b"<html>not found</html>", r"must be an IDX file of unsigned bytes in 3 dimension\(s\)"),
    "other images": (lambda good: idx(np.zeros((20, 32, 32))), r"must hold images of 28×28 pixels, not 32×32\."),
}


@pytest.mark.parametrize("fault", WRONG_FILES)
def test_a_wrong_images_file_is_named_with_what_is_expected(fault: str, idx_folder: Path) -> None:
    spoil, sentence = WRONG_FILES[fault]
    path = idx_folder / "t10k-images-idx3-ubyte"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(DataError, match=sentence):
        fashion_mnist.read_folder(idx_folder)


def test_a_missing_file_is_named(idx_folder: Path) -> None:
    (idx_folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match=r"must be a folder with the file t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte\.gz"):
        fashion_mnist.read_folder(idx_folder)


def test_a_gzip_file_that_is_cut_short_is_named(idx_folder: Path) -> None:
    path = idx_folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"'train-images-idx3-ubyte\.gz' must be a readable IDX file"):
        fashion_mnist.read_folder(idx_folder)


def test_labels_that_do_not_match_the_images_are_told(idx_folder: Path) -> None:
    path = idx_folder / "train-labels-idx1-ubyte"
    path.write_bytes(idx(np.zeros(39)))
    with pytest.raises(DataError, match=r"'train-labels-idx1-ubyte' must hold 40 labels, one an image; it holds 39\."):
        fashion_mnist.read_folder(idx_folder)
    path.write_bytes(idx(np.full(40, 10)))
    with pytest.raises(DataError, match=r"'train-labels-idx1-ubyte' must hold labels from 0 to 9; it holds 10\."):
        fashion_mnist.read_folder(idx_folder)


@pytest.mark.parametrize("content", [b"", b"not a zip file", b"PK\x03\x04 cut"])
def test_a_broken_data_file_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "digits.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"'digits\.npz' must be an \.npz file that assets/make_data\.py wrote"):
        files.read_npz(path)


def test_a_data_file_that_lacks_a_field_is_named(tmp_path: Path) -> None:
    path = tmp_path / "digits.npz"
    np.savez(path, train_images=np.zeros((1, 8, 8), np.uint8))
    with pytest.raises(DataError, match=r"'digits\.npz' must be .*train_labels"):
        files.read_npz(path)
