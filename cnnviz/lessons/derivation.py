"""The derivation of Xavier's and He's variances, each line with the numbers of one layer of a net that was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping

from cnnviz.engine.records import Recording
from cnnviz.lessons.mean_field import fans
from cnnviz.plots.numbers import number_text

Parts = tuple[tuple[str, str], ...]


def derivation(recordings: Mapping[str, Recording]) -> Parts:
    """Each line of the derivation, and what it says of one layer of A's fresh net: formulas with numbers measured."""
    numbers = numbers_of(recordings.get("A"))
    return tuple((formula, words + (f" {told.format(**numbers)}" if numbers else "")) for formula, words, told in LINES)


LINES = (
    (
        r"y_j = \sum_{i=1}^{n_{in}} W_{ji}\, x_i",
        "One unit before its activation. Weights are drawn independently with mean 0 and variance σ², and the inputs do not "
        "depend on them.",
        "Below, **{layer}** of A: n_in = {fan_in}, n_out = {fan_out}, and the mean square of its weights is σ² = {sigma2}.",
    ),
    (
        r"\mathrm{Var}(W_{ji} x_i) = \sigma^2\, \mathbb{E}[x_i^2]",
        "A product of independent numbers, one with mean 0. Where x has mean 0 too, E[x²] is its variance.",
        "The layer's inputs have E[x²] = {x2}: each product has variance {product}.",
    ),
    (
        r"\mathrm{Var}(y_j) = n_{in}\, \sigma^2\, \mathbb{E}[x^2]",
        "Variances of independent terms add up.",
        "{fan_in} × {product} = **{forward}**; measured: **{z}**.",
    ),
    (
        r"n_{in}\, \sigma^2 = 1 \;\Rightarrow\; \sigma^2 = \frac{1}{n_{in}}",
        "The first wish: what comes out varies as much as what went in.",
        "Here n_in σ² = **{gain_in}**, and the wish asks for σ² = {wish_in}.",
    ),
    (
        r"\delta_i = \sum_{j=1}^{n_{out}} W_{ji}\, \delta_j",
        "The gradient on its way down: the same sum over the columns of W. δⱼ is the gradient at y, δᵢ the one at x.",
        "At y of {layer} it has variance {delta}.",
    ),
    (
        r"\mathrm{Var}(\delta_i) = n_{out}\, \sigma^2\, \mathrm{Var}(\delta_j)",
        "By the same steps.",
        "{fan_out} × {sigma2} × {delta} = **{backward}**; measured: **{below}**.",
    ),
    (
        r"n_{out}\, \sigma^2 = 1 \;\Rightarrow\; \sigma^2 = \frac{1}{n_{out}}",
        "The second wish: the gradient that arrives varies as much as the one that left.",
        "Here n_out σ² = **{gain_out}**, and the wish asks for σ² = {wish_out}.",
    ),
    (
        r"\sigma^2 = \frac{2}{n_{in} + n_{out}}",
        "Glorot and Bengio's compromise, also called Xavier: exact where both counts agree, between the two wishes where not.",
        "Layer 1 has n_in = {first_in} and n_out = {first_out}: the wishes are {first_wish_in} and {first_wish_out}, the "
        "compromise is {compromise}.",
    ),
    (
        r"\mathrm{Var}(y) = n_{in}\, \sigma^2\, \tfrac12 \mathrm{Var}(y_{below}) \;\Rightarrow\; \sigma^2 = \frac{2}{n_{in}}",
        "He: ReLU sets half of a symmetric y to 0, so E[x²] is half of Var(y) below, and σ² must be twice as large.",
        "In A, E[x²] over Var(y) of the layer below is **{passed}**.",
    ),
)


def numbers_of(recording: Recording | None) -> dict[str, str] | None:
    """What stands in the derivation's lines for the middle hidden layer of a fresh net; None where it was not measured."""
    if recording is None or not len(recording) or "z_grad_var" not in recording.names:
        return None
    layers = fans(recording.experiment)
    if layers is None or len(layers) != len(recording.layers):
        return None
    place = max(1, (len(layers) - 1) // 2)
    layer, first = layers[place], layers[0]
    below, z, delta, x2 = (
        float(recording.column(column)[0][place - offset])
        for column, offset in (("activation_grad_var", 1), ("z_var", 0), ("z_grad_var", 0), ("activation_square", 1))
    )
    sigma2 = float(recording.column("weight_norm")[0][place]) ** 2 / (layer.fan_in * layer.units)
    z_below = float(recording.column("z_var")[0][place - 1])
    found = {
        "sigma2": sigma2,
        "x2": x2,
        "product": sigma2 * x2,
        "forward": layer.fan_in * sigma2 * x2,
        "z": z,
        "gain_in": layer.fan_in * sigma2,
        "wish_in": 1 / layer.fan_in,
        "delta": delta,
        "backward": layer.fan_out * sigma2 * delta,
        "below": below,
        "gain_out": layer.fan_out * sigma2,
        "wish_out": 1 / layer.fan_out,
        "first_wish_in": 1 / first.fan_in,
        "first_wish_out": 1 / first.fan_out,
        "compromise": 2 / (first.fan_in + first.fan_out),
        "passed": x2 / z_below if z_below else math.nan,
    }
    counts = {"fan_in": layer.fan_in, "fan_out": layer.fan_out, "first_in": first.fan_in, "first_out": first.fan_out}
    return {name: number_text(value) for name, value in found.items()} | {
        "layer": layer.layer,
        **{name: f"{count:,}" for name, count in counts.items()},
    }
