"""Dropout mask by mask: the drawing is the net's own mask, means tend to the test where they should, and one step by formula."""

import numpy as np
import pytest
import torch

from cnnviz import Experiment, ExperimentError, record, replace
from cnnviz.engine import mask_by_mask

BASE = Experiment.of(
    calculation="dropout", dataset="moons", depth=4, width=6, batch_size=16, train_examples=64, test_examples=10, steps=400,
    snapshots=30, lr=0.1, weight_decay=0.05, keep=0.6,
)  # fmt: skip
KINDS = ("plain", "inverted", "drop_connect")


@pytest.fixture(scope="module")
def drawn():
    return {kind: record(replace(BASE, dropout=kind)) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_each_snapshot_has_another_mask_and_the_last_one_is_that_of_the_last_step(drawn, kind):
    recording = drawn[kind]
    assert (recording.steps[0], recording.steps[-1]) == (1, 400)
    masks = {np.isnan(weights[:, 0]).tobytes() for weights in recording.column("net_weights")}
    assert len(masks) > 25


def test_units_are_drawn_where_the_nets_own_mask_leaves_them(drawn):
    net = mask_by_mask.fresh(replace(BASE, dropout="plain"))
    inputs, _labels = mask_by_mask.first_batch(BASE)
    net.train()
    net(inputs)
    first = net.layers["fc1"].drop.mask(torch.ones(16, 6))[0].bool().numpy()
    units = drawn["plain"].column("net_units")[0]
    assert np.array_equal(~np.isnan(units[1]), first)
    assert np.isfinite(units[[0, -1], :2]).all()
    kept, dropped = units[1][first], np.arange(6)[~first] - 2.5
    np.testing.assert_allclose(kept, np.arange(6)[first] - 2.5)
    ends = drawn["plain"].column("net_weights")[0][:12]  # from the two inputs to the first hidden layer
    assert set(ends[~np.isnan(ends[:, 1]), 1]).isdisjoint(dropped)


def test_drop_connect_leaves_all_units_and_about_q_of_the_weights(drawn):
    assert np.isfinite(drawn["drop_connect"].column("net_units")[:, 1:4]).all()
    hidden = drawn["drop_connect"].column("net_weights")[:, : 12 + 72]
    assert np.isfinite(hidden[..., 0]).mean() == pytest.approx(0.6, abs=0.05)


@pytest.mark.parametrize("kind", ["plain", "inverted"])
def test_the_third_row_of_the_terms_is_the_product_of_the_others(drawn, kind):
    values, mask, outputs = np.moveaxis(drawn[kind].column("unit_terms"), 1, 0)
    np.testing.assert_allclose(outputs, values * mask, rtol=1e-5)
    assert sorted(set(np.round(mask.ravel(), 4))) == pytest.approx([0, 1 if kind == "plain" else 1 / 0.6], abs=1e-4)


@pytest.mark.parametrize("kind", ["plain", "inverted"])
def test_the_mean_is_the_tests_for_layer_1_and_for_the_sums_behind_it_and_for_no_other(drawn, kind):
    gap, error = (drawn[kind].column(f"output_{what}")[-1] for what in ("gap", "error"))
    assert gap[0] < 1.5 * error[0]
    assert (gap[1:] > 1.5 * error[1:]).all()
    gap, error = (drawn[kind].column(f"sum_{what}")[-1] for what in ("gap", "error"))
    assert gap[1] < 1.5 * error[1]


def test_drop_connects_mean_weights_are_right_for_a_sum_and_not_behind_relu(drawn):
    found = {name: drawn["drop_connect"].column(name)[-1, 0] for name in ("sum_gap", "sum_error", "output_gap", "output_error")}
    assert found["sum_gap"] < 1.6 * found["sum_error"]
    assert found["output_gap"] > 2.5 * found["output_error"]


def test_with_linear_layers_the_mean_is_the_tests_everywhere():
    recording = record(replace(BASE, dropout="plain", activation="linear"))
    assert (recording.column("output_gap")[-1] < 2 * recording.column("output_error")[-1]).all()


def test_sampling_errors_fall_with_the_square_root_of_the_masks(drawn):
    errors, steps = drawn["plain"].column("output_error")[:, 0], drawn["plain"].steps
    np.testing.assert_allclose(errors * np.sqrt(steps), errors[0], rtol=1e-4)


def test_twins_compute_the_same_and_the_inverted_ones_gradient_is_larger_by_1_over_q(drawn):
    losses, ratios = (drawn["inverted"].column(name)[-1] for name in ("twin_loss", "twin_ratio"))
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    np.testing.assert_allclose(ratios, [1, *[1 / 0.6] * 3], rtol=1e-5)


def test_a_step_of_sgd_is_the_formula(drawn):
    w, v, slope, plain, by_plain, inverted, by_inverted = drawn["inverted"].column("step_terms")[-1].astype(float)
    assert v == pytest.approx(0.6 * w, rel=1e-6)
    assert plain == pytest.approx(by_plain, rel=1e-5) == pytest.approx(-0.1 * (slope + 0.05 * w), rel=1e-5)
    assert inverted == pytest.approx(by_inverted, rel=1e-5) == pytest.approx(-0.1 * (slope / 0.6 + 0.05 * v), rel=1e-5)


def test_a_net_of_maps_is_refused_in_a_sentence():
    with pytest.raises(
        ExperimentError, match=r"^net \(=cnn\) must be mlp for calculation \(=dropout\), which draws its units\.$"
    ):
        record(replace(BASE, net="cnn", dataset="digits", dropout="plain"))
