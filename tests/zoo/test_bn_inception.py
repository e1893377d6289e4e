"""BN-Inception against Figure 5 of its paper, and against the version in circulation."""

from __future__ import annotations

from cnnviz import zoo
from cnnviz.zoo.families.bn_inception import INCEPTIONS, Widths, output_channels

# Figure 5: the size of each module's output; 3c and 4e halve the grid
OUTPUTS = {
    "3a": (256, 28), "3b": (320, 28), "3c": (576, 14), "4a": (576, 14), "4b": (576, 14), "4c": (576, 14), "4d": (576, 14),
    "4e": (1024, 7), "5a": (1024, 7), "5b": (1024, 7),
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


def test_a_plain_first_layer_biases_and_128_projected_maps_in_4c_and_4d_make_the_11_295_240_of_the_caffe_version() -> None:
    weights, channels = 3 * 64 * 49 + 64 * 3 + 64 * 64 + 64 * 3 + 64 * 192 * 9 + 192 * 3, 192
    for place, widths in INCEPTIONS.items():
        caffe: Widths = (*widths[:6], 128 if place in ("4c", "4d") else widths[6])
        weights += _module(channels, caffe)
        channels = output_channels(channels, caffe)
    assert weights + channels * 1000 + 1000 == 11_295_240


def _module(channels: int, widths: Widths) -> int:
    """Weights, biases, γ and β of a module."""
    one, reduce3, three, reduced, double, _, projected = widths
    layers = [(channels, one, 1), (channels, reduce3, 1), (reduce3, three, 9), (channels, reduced, 1), (reduced, double, 9),
              (double, double, 9), (channels, projected, 1)]  # fmt: skip
    return sum(before * after * window + 3 * after for before, after, window in layers)
