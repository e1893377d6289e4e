"""Masks on a layer's weights: dropout's is a product of unit masks, DropConnect's is not, and the words count what is drawn."""

import re

import numpy as np
import pytest

from cnnviz.plots.weight_masks import INPUTS, OUTPUTS, WEIGHTS, draw, draws, gone_whole, mask_on_weights, shares_told, told

both = pytest.mark.parametrize("outputs_too", [False, True])


def rank(mask):
    return int(np.linalg.matrix_rank(mask.astype(float)))


@both
@pytest.mark.parametrize("seed", range(20))
def test_dropouts_mask_is_the_outer_product_of_unit_masks_and_drop_connects_is_not(outputs_too, seed):
    masks = draw(0.5, seed, outputs_too)
    np.testing.assert_array_equal(masks.effective, np.outer(masks.outputs, masks.inputs))
    assert rank(masks.effective) == 1
    assert rank(masks.weights) > 1


def test_outputs_stay_unless_they_are_dropped_too_and_nothing_else_is_drawn_anew():
    inputs_only, both_ends = draw(0.5, 3), draw(0.5, 3, outputs_too=True)
    assert inputs_only.outputs.all()
    assert not both_ends.outputs.all()
    np.testing.assert_array_equal(inputs_only.inputs, both_ends.inputs)
    np.testing.assert_array_equal(inputs_only.weights, both_ends.weights)


@both
@pytest.mark.parametrize("keep", [0.1, 0.5, 0.8, 1.0])
def test_over_many_draws_the_shares_are_near_q_and_near_its_square_where_both_ends_are_dropped(keep, outputs_too):
    masks = draws(keep, outputs_too)
    wanted = keep**2 if outputs_too else keep
    assert masks.effective.mean() == pytest.approx(wanted, abs=0.02)
    assert masks.weights.mean() == pytest.approx(keep, abs=0.005)


@both
def test_dropouts_share_varies_more_from_draw_to_draw(outputs_too):
    masks = draws(0.5, outputs_too)
    assert masks.effective.mean((1, 2)).std() > 2.5 * masks.weights.mean((1, 2)).std()


def test_the_same_seed_draws_the_same_another_seed_another_and_a_larger_q_only_adds():
    first, again, other, larger = draw(0.5, 1), draw(0.5, 1), draw(0.5, 2), draw(0.7, 1)
    np.testing.assert_array_equal(first.weights, again.weights)
    assert (first.weights != other.weights).any()
    assert (first.weights <= larger.weights).all()
    assert (first.effective <= larger.effective).all()


@both
@pytest.mark.parametrize("seed", range(5))
def test_the_sentence_counts_what_the_masks_hold(outputs_too, seed):
    masks = draw(0.5, seed, outputs_too)
    outputs = f" and {masks.outputs.sum()} of {OUTPUTS} outputs" if outputs_too else ""
    assert told(masks, 0.5, outputs_too) == (
        f"q = 0.5. Dropout: {masks.inputs.sum()} of {INPUTS} inputs{outputs} kept, so "
        f"{masks.inputs.sum() * masks.outputs.sum()} of {WEIGHTS} weights. DropConnect: {masks.weights.sum()} of {WEIGHTS} "
        "weights, each drawn by itself."
    )


def test_columns_and_rows_that_are_gone_whole_are_the_dropped_units():
    masks = draw(0.5, 0, outputs_too=True)
    assert gone_whole(masks.effective) == (
        f"{(~masks.inputs).sum()} of 16 columns and {(~masks.outputs).sum()} of 12 rows are gone whole"
    )


@both
def test_the_shares_in_words_are_those_of_the_draws(outputs_too):
    masks = draws(0.5, outputs_too)
    found = [float(number) for pair in re.findall(r"([\d.]+) % ± ([\d.]+)", shares_told(0.5, outputs_too)) for number in pair]
    shares = [mask.mean((1, 2)) for mask in (masks.effective, masks.weights)]
    np.testing.assert_allclose(found, [100 * part for share in shares for part in (share.mean(), share.std())], rtol=0.005)


def test_the_picture_is_the_mask():
    masks = draw(0.5, 0)
    (squares,) = mask_on_weights(masks.effective, "a title").data
    np.testing.assert_array_equal(squares.z, masks.effective)
    assert (np.asarray(squares.customdata) == "kept").sum() == masks.effective.sum()
