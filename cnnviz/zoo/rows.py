"""The rows of a network's table and what they add up to. Torch-free."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, fields
from math import prod
from typing import Any

KINDS = (
    "input",
    "conv",
    "norm",
    "activation",
    "pool",
    "fc",
    "drop",
    "add",
    "concat",
    "multiply",
    "matmul",
    "upsample",
    "capsule",
)
WEIGHTED = ("conv", "fc", "capsule")


@dataclass(frozen=True)
class Row:
    """One operation, for one example.

    name: the module's path, with the operation's name where a module does several; operation: "Conv2d", "add"; output_shape:
    (C, H, W) or (features,); sources: places of the rows that feed it, row 0 is the input; kernel_size, stride, padding: one
    number an axis, none where it has no window; params: those that no row above has used; macs: multiply-adds of convolutions
    and matrix products; receptive_field: input pixels an axis that can reach one of its values through windows (convolutions,
    pools, fully connected layers), over all paths, not cut at the image's edge; gated_field: the same with the paths through
    gates and attention, () where they add nothing; sees_all: whether through these each value sees all of the image, of which
    gated_field then tells nothing.
    """

    name: str
    kind: str
    operation: str
    output_shape: tuple[int, ...]
    sources: tuple[int, ...] = ()
    kernel_size: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    padding: tuple[int, ...] = ()
    groups: int = 1
    params: int = 0
    macs: int = 0
    receptive_field: tuple[int, ...] = ()
    gated_field: tuple[int, ...] = ()
    sees_all: bool = False

    @property
    def activations(self) -> int:
        """Numbers in its output."""
        return prod(self.output_shape)


@dataclass(frozen=True)
class Totals:
    """What a table adds up to. depth: weighted layers on the longest path."""

    params: int
    macs: int
    activations: int
    depth: int


def totals(rows: Sequence[Row]) -> Totals:
    """The columns added up; activations are all outputs, without the input."""
    return Totals(
        params=sum(row.params for row in rows),
        macs=sum(row.macs for row in rows),
        activations=sum(row.activations for row in rows[1:]),
        depth=depth(rows),
    )


def depth(rows: Sequence[Row]) -> int:
    """Weighted layers on the longest path from the input to a result; gates that are spread over a map are beside it."""
    depths: list[int] = []
    for row in rows:
        before = [depths[place] for place in row.sources if not _is_gate(rows[place], row)]
        depths.append(max(before, default=0) + has_weights(row))
    read = {source for row in rows for source in row.sources}
    return max(value for place, value in enumerate(depths) if place not in read)


def has_weights(row: Row) -> bool:
    """Whether papers count a row as a layer: a convolution, a fully connected or a capsule layer with weights of its own."""
    return row.kind in WEIGHTED and row.params > 0


def conv_activations(rows: Sequence[Row]) -> int:
    """Numbers in the outputs of convolutions alone, for one example: what papers mean by activations since Radosavovic et al.
    2020, arXiv 2003.13678. Norms, activation functions, pools and additions are left out."""
    return sum(row.activations for row in rows if row.kind == "conv")


def _is_gate(source: Row, row: Row) -> bool:
    return row.kind == "multiply" and source.output_shape != row.output_shape


def to_data(rows: Sequence[Row]) -> list[list[Any]]:
    """The rows as what JSON can hold, each a list in the order of Row's fields."""
    return [list(astuple(row)) for row in rows]


def from_data(data: Sequence[Sequence[Any]]) -> tuple[Row, ...]:
    """The rows that `to_data` was given, after a way through JSON."""
    columns = [field.name for field in fields(Row)]
    return tuple(Row(**{name: _hashable(value) for name, value in zip(columns, row, strict=True)}) for row in data)


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def to_csv(rows: Sequence[Row]) -> str:
    """The rows as a CSV text with a line of names; shapes like 64x56x56, sources as places between spaces."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["place", *(field.name for field in fields(Row)), "activations"])
    for place, row in enumerate(rows):
        columns = asdict(row) | {"sources": " ".join(map(str, row.sources)), "activations": row.activations}
        writer.writerow([place, *(_joined(value) for value in columns.values())])
    return text.getvalue()


def _joined(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "x".join(map(str, value)) if isinstance(value, tuple) else value


def sees(row: Row) -> str:
    """What part of the image reaches one of a row's values, in words: "19×19 of the image", or what gates add and, beside it,
    what the windows alone see; "" for a row without a map."""
    if not row.receptive_field:
        return ""
    alone = _sides(row.receptive_field, all_of_them=True)
    if row.sees_all:
        return f"the whole image, through the gates; {alone} of it by convolutions alone"
    if row.gated_field:
        return f"{_sides(row.gated_field, all_of_them=True)} of the image through the gates; {alone} by convolutions alone"
    return f"{alone} of the image"


def has_gates(rows: Sequence[Row]) -> bool:
    """Whether some row sees more through gates or attention than its windows reach."""
    return any(row.sees_all or row.gated_field for row in rows)


HEADS = ("", "name", "kind", "output", "kernel", "stride", "pad", "groups", "params", "MACs", "sees", "from")
GATES_TOLD = "sees: all is the whole image, through gates or attention; in brackets what the convolutions alone see."
RIGHT = {0, 7, 8, 9}  # columns of whole numbers


def to_text(rows: Sequence[Row]) -> str:
    """The rows in aligned columns, for a terminal, with their totals below."""
    cells = [HEADS, *(_cells(place, row) for place, row in enumerate(rows))]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [_line(texts, widths) for texts in cells]
    sums = totals(rows)
    last = (
        f"{sums.params:,} parameters, {sums.macs:,} multiply-adds, {sums.activations:,} activations, "
        f"{conv_activations(rows):,} of them the convolutions' outputs, for one example; "
        f"{sums.depth} weighted layers on the longest path."
    )
    return "\n".join([*lines, "", *([GATES_TOLD] if has_gates(rows) else []), last])


def _cells(place: int, row: Row) -> tuple[str, ...]:
    window = [_sides(values) for values in (row.kernel_size, row.stride, row.padding)]
    groups = str(row.groups) if row.groups > 1 else ""
    sources = "" if row.sources == (place - 1,) else ", ".join(map(str, row.sources))
    counts = [f"{number:,}" if number else "" for number in (row.params, row.macs)]
    return (str(place), row.name, row.kind, _sides(row.output_shape, all_of_them=True), *window, groups, *counts,
            _seen(row), sources)  # fmt: skip


def _seen(row: Row) -> str:
    alone, through_gates = _sides(row.receptive_field), "all" if row.sees_all else _sides(row.gated_field)
    return f"{through_gates} ({alone})" if through_gates else alone


def _sides(values: tuple[int, ...], all_of_them: bool = False) -> str:
    """ "3" for 3×3, "1×7" as it is."""
    alike = len(set(values)) == 1 and not all_of_them
    return str(values[0]) if alike else "×".join(map(str, values))


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        text.rjust(w) if place in RIGHT else text.ljust(w) for place, (text, w) in enumerate(zip(texts, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
