"""How a row's parameters and multiply-adds come about: the formula with its numbers put in. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from cnnviz.zoo.rows import Row


@dataclass(frozen=True)
class Count:
    """One number and where it comes from. formula: LaTeX with the numbers in it and the result, "" where it follows from none of
    ours; meaning: its symbols, or why there is none."""

    name: str
    formula: str
    meaning: str


def counts(rows: Sequence[Row], place: int) -> tuple[Count, ...]:
    """What is told of a row: output size, parameters, multiply-adds."""
    row = rows[place]
    found = [count for count in (_size(rows, place), _params(rows, place), _macs(rows, place)) if count]
    if not row.params and not row.macs and row.kind not in ("conv", "fc"):
        found.append(
            Count("Parameters", "", f"It has none: a row of kind “{row.kind}” learns nothing and multiplies no weights.")
        )
    return tuple(found)


def _size(rows: Sequence[Row], place: int) -> Count | None:
    """The map's side from the window, where the plain formula gives it."""
    row = rows[place]
    before = rows[row.sources[0]].output_shape if row.sources else ()
    if not row.kernel_size or len(before) != len(row.output_shape) or len(before) != len(row.kernel_size) + 1:
        return None
    n, k, s, p, out = before[-1], row.kernel_size[-1], row.stride[-1], row.padding[-1], row.output_shape[-1]
    if (n + 2 * p - k) // s + 1 != out:
        return Count("Map side", "", f"{n} becomes {out}: with a padding of its own, or rounded up at the border.")
    formula = rf"\left\lfloor \frac{{{n} + 2 \cdot {p} - {k}}}{{{s}}} \right\rfloor + 1 = {out}"
    return Count("Map side", formula, "⌊(side + 2 · padding − kernel) / stride⌋ + 1")


def _params(rows: Sequence[Row], place: int) -> Count | None:
    row = rows[place]
    if row.kind == "norm" and row.params == 2 * row.output_shape[0]:
        return Count("Parameters", _equals(rf"2 \cdot {row.output_shape[0]}", row.params), "a scale γ and a shift β a channel")
    weights = weights_of(rows, place)
    if weights is None:
        return Count("Parameters", "", f"{row.params:,}, all inside of it.") if row.params else None
    if not row.params:
        return Count("Parameters", "", "None of its own: its weights are those of a row above, used again.")
    bias = row.params - prod(weights)
    if bias not in (0, row.output_shape[0]):
        return Count("Parameters", "", f"{row.params:,}: some of its connections are left out or shared.")
    terms, meaning = _product(row, weights)
    plus = f" + {bias}" if bias else ""
    with_bias = " + a bias each" if bias else ", no bias"
    return Count("Parameters", _equals(terms + plus, row.params), meaning + with_bias)


def _macs(rows: Sequence[Row], place: int) -> Count | None:
    row = rows[place]
    if not row.macs:
        return None
    weights = weights_of(rows, place)
    spots = row.output_shape[1:]
    if weights is None or prod(weights) * prod(spots) != row.macs:
        return Count("Multiply-adds", "", f"{row.macs:,}, of the matrix products or sparse connections inside of it.")
    terms, _meaning = _product(row, weights)
    places = "".join(rf" \cdot {side}" for side in spots)
    meaning = "each weight once at each place of the output map" if spots else "each weight once"
    return Count("Multiply-adds", _equals(terms + places, row.macs), meaning)


def weights_of(rows: Sequence[Row], place: int) -> tuple[int, ...] | None:
    """The sides of a convolution's or fully connected layer's weights, kernel first, inputs, then outputs; None for what else
    there is."""
    row = rows[place]
    if row.kind not in ("conv", "fc") or len(row.sources) != 1:
        return None
    before = rows[row.sources[0]].output_shape
    if row.kind == "fc":
        return (prod(before), row.output_shape[-1]) if len(row.output_shape) == 1 else None
    return (*row.kernel_size, before[0] // row.groups, row.output_shape[0])


def _product(row: Row, weights: Sequence[int]) -> tuple[str, str]:
    if row.kind == "fc":
        return rf"{weights[0]} \cdot {weights[1]}", "inputs · outputs"
    kernel, inputs = weights[:-2], weights[-2] * row.groups
    share = rf"\frac{{{inputs}}}{{{row.groups}}}" if row.groups > 1 else str(inputs)
    sides = r" \cdot ".join(map(str, kernel))
    named = "kernel · input channels" + (" / groups" if row.groups > 1 else "") + " · output channels"
    return rf"{sides} \cdot {share} \cdot {weights[-1]}", named


def _equals(terms: str, result: int) -> str:
    """A product and, in a line of its own, its result with thin gaps every three digits."""
    digits = f"{result:,}".replace(",", r"\,")
    return rf"\begin{{aligned}}&{terms}\\&= {digits}\end{{aligned}}"
