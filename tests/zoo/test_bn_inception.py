"""BN-Inception against Figure 5 of its paper, and against the version in circulation."""

from __future__ import annotations

from cnnviz import zoo

# Figure 5: the size of each module's output; 3c and 4e halve the grid. 4c, 4d and 4e are what the printed branches add up to,
# where 576, 576 and 1024 are printed.
OUTPUTS = {
    "3a": (256, 28), "3b": (320, 28), "3c": (576, 14), "4a": (576, 14), "4b": (576, 14), "4c": (608, 14), "4d": (608, 14),
    "4e": (1056, 7), "5a": (1024, 7), "5b": (1024, 7),
}  # fmt: skip


def test_each_module_has_the_size_of_figure_5() -> None:
    rows = {row.name: row.output_shape for row in zoo.table("bn_inception")}
    assert {place: rows[f"inception_{place}.cat"][:2] for place in OUTPUTS} == OUTPUTS


def test_no_layer_is_a_5x5() -> None:
    assert {row.kernel_size for row in zoo.table("bn_inception") if row.kind == "conv"} == {(7, 7), (3, 3), (1, 1)}


def test_every_convolution_is_followed_by_a_batch_normalisation_but_the_first_half_of_the_separable_one() -> None:
    table = zoo.table("bn_inception")
    normed = {source for row in table if row.kind == "norm" for source in row.sources}
    assert [row.name for place, row in enumerate(table) if row.kind == "conv" and place not in normed] == ["conv1_depthwise"]


def test_a_plain_first_layer_and_biases_make_the_11_295_240_of_the_caffe_version() -> None:
    table = zoo.table("bn_inception")
    convolutions = [row for row in table if row.kind == "conv"]
    separable = sum(row.params for row in convolutions if row.name.startswith("conv1"))
    biases = sum(row.output_shape[0] for row in convolutions if row.name != "conv1_depthwise")
    assert separable == 3 * 8 * 49 + 24 * 64
    assert zoo.totals("bn_inception").params - separable + 3 * 49 * 64 + biases == 11_295_240
