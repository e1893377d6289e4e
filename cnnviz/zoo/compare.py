"""Two networks layer by layer: which are the same, which differ, and which only one of them has. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from cnnviz.zoo.graph import Part, layers
from cnnviz.zoo.rows import Row


@dataclass(frozen=True)
class Pair:
    """A layer of A beside one of B, None where one network has none there. same: whether they do the same."""

    a: Part | None
    b: Part | None
    same: bool


def compared(a: Sequence[Row], b: Sequence[Row]) -> tuple[Pair, ...]:
    """The layers of both in order, side by side where their main rows do the same."""
    left, right = layers(a), layers(b)
    matcher = SequenceMatcher(None, [_main(a, part) for part in left], [_main(b, part) for part in right], autojunk=False)
    pairs: list[Pair] = []
    for _tag, i, j, k, m in matcher.get_opcodes():
        ours, theirs = left[i:j], right[k:m]
        for place in range(max(len(ours), len(theirs))):
            one = ours[place] if place < len(ours) else None
            other = theirs[place] if place < len(theirs) else None
            pairs.append(Pair(one, other, one is not None and other is not None and _does(a, one) == _does(b, other)))
    return tuple(pairs)


def _main(rows: Sequence[Row], part: Part) -> tuple[object, ...]:
    """What a layer's main row does: by this layers are put side by side."""
    own = [rows[place] for place in part.rows]
    return _told(next((row for row in own if row.kind == part.kind), own[0]))


def _does(rows: Sequence[Row], part: Part) -> tuple[tuple[object, ...], ...]:
    """What a layer does, whatever it is called: operation, window, groups, output and parameters of each of its rows."""
    return tuple(_told(rows[place]) for place in part.rows)


def _told(row: Row) -> tuple[object, ...]:
    return (row.operation, row.kernel_size, row.stride, row.padding, row.groups, row.output_shape, row.params)
