"""Shifted test images, and maps rebuilt from their maxima, each against the same numbers computed a second, slower way."""

import numpy as np
import pytest
import torch

from cnnviz import Experiment, ExperimentError, record, replace
from cnnviz.engine import nets
from cnnviz.engine.examples import examples
from cnnviz.engine.shifts import by_shift, moved
from cnnviz.engine.unpooling import COLUMNS, IMAGES, rebuilt
from cnnviz.engine.words import SHIFTS, UNPOOLINGS

TINY = Experiment.of(
    net="cnn", dataset="digits", train_examples=200, test_examples=70, depth=3, width=4, batch_size=16, steps=4, lr=0.05,
    snapshots=4, histograms=0, evaluations=2, shifts=True, unpooling=True,
)  # fmt: skip


@pytest.fixture
def tested():
    """A fresh net, its test images and labels."""
    found = examples(TINY, torch.device("cpu"))
    net = nets.build(replace(TINY, norm="batch").net, found.input_shape, 10, torch.Generator().manual_seed(0))
    return net, found.test_inputs, found.test_labels


@pytest.mark.parametrize("pixels", [1, 3])
def test_images_are_moved_in_the_four_directions_and_their_edges_go_on(pixels):
    image = np.arange(42.0).reshape(6, 7)
    wide = np.pad(image, pixels, mode="edge")
    found = [shifted[0, 0].numpy() for shifted in moved(torch.from_numpy(image)[None, None], pixels)]
    tops, lefts = [pixels, 2 * pixels, pixels, 0], [2 * pixels, pixels, 0, pixels]
    for shifted, top, left in zip(found, tops, lefts, strict=True):
        np.testing.assert_array_equal(shifted, wide[top : top + 6, left : left + 7])


def test_accuracy_consistency_and_change_are_those_of_one_image_after_the_other(tested):
    net, inputs, labels = tested
    found = by_shift(net, inputs, labels)
    assert net.training
    net.eval()
    plain = [net(image[None])[0].softmax(0).detach().double().numpy() for image in inputs]
    for place, pixels in enumerate(SHIFTS):
        right, same, change = [], [], []
        for image, label, before in zip(inputs, labels, plain, strict=True):
            for shifted in moved(image[None], pixels):
                after = net(shifted)[0].softmax(0).detach().double().numpy()
                right.append(after.argmax() == int(label))
                same.append(after.argmax() == before.argmax())
                change.append(np.maximum(after - before, 0).sum())
        assert float(found["shift_accuracy"][place]) == pytest.approx(np.mean(right), abs=1e-6)
        assert float(found["shift_consistency"][place]) == pytest.approx(np.mean(same), abs=1e-6)
        assert float(found["shift_change"][place]) == pytest.approx(np.mean(change), abs=1e-5)


def test_unmoved_images_get_the_test_accuracy_and_change_nothing():
    recording = record(TINY)
    np.testing.assert_array_equal(recording.column("shift_accuracy")[:, 0], recording.column("test_accuracy"))
    assert (recording.column("shift_consistency")[:, 0] == 1).all()
    assert not recording.column("shift_change")[:, 0].any()
    assert "shift_consistency[2 px]" in recording.to_csv().splitlines()[0]


def test_what_is_rebuilt_is_what_loops_rebuild(tested):
    net, inputs, _labels = tested
    found = rebuilt(net, inputs)
    assert net.training
    maps = net.eval().layers["conv1"](inputs[:IMAGES]).detach().double().numpy()
    for rounds, column in enumerate(COLUMNS, 1):
        errors = dict.fromkeys(UNPOOLINGS, 0.0)
        for x in maps.reshape(-1, *maps.shape[2:]):
            for name, back in back_by_loops(x, rounds).items():
                errors[name] += ((back - x) ** 2).sum()
        assert found[column].tolist() == pytest.approx([error / (maps**2).sum() for error in errors.values()], rel=1e-4)


def back_by_loops(x, rounds):
    """x pooled so many times and unpooled as often, in each of the three ways; its sides must be divisible by 2 that often."""
    size = 2**rounds
    switches, corner, spread = (np.zeros_like(x) for _ in range(3))
    for i in range(0, x.shape[0], size):
        for j in range(0, x.shape[1], size):
            window = x[i : i + size, j : j + size]
            row, column = np.unravel_index(window.argmax(), window.shape)  # the winner of all rounds is the largest of all
            switches[i + row, j + column] = corner[i, j] = window.max()
            spread[i : i + size, j : j + size] = window.max()
    return {"switches": switches, "corner": corner, "spread": spread}


def test_maps_with_a_last_row_that_no_window_holds_are_rebuilt_with_zeros_there():
    net = nets.build(TINY.net, (1, 7, 7), 10, torch.Generator().manual_seed(0))
    inputs = torch.randn(3, 1, 7, 7, generator=torch.Generator().manual_seed(1))
    found = rebuilt(net, inputs)
    assert all(torch.isfinite(errors).all() for errors in found.values())
    assert found["unpooled_once"][0] <= found["unpooled_once"][1]


def test_a_maximum_in_its_own_place_is_never_farther_off_than_in_the_corner():
    found = record(replace(TINY, steps=0, snapshots=2, evaluations=1))
    for column in COLUMNS:
        switches, corner, _spread = found.column(column)[-1]
        assert switches < corner


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("shifts", r"^shifts \(=True\) moves images: it must be off for net \(=mlp\), or net must be cnn\.$"),
        ("unpooling", r"^unpooling \(=True\) rebuilds maps: it must be off for net \(=mlp\), or net must be cnn\.$"),
    ],
)
def test_nets_without_maps_are_refused_in_a_sentence(setting, sentence):
    with pytest.raises(ExperimentError, match=sentence):
        record(replace(TINY, **{"net": "mlp", "shifts": False, "unpooling": False, setting: True}))
