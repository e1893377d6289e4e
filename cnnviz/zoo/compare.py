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
    """The layers of both in order, with as many alike side by side as can be found."""
    left, right = layers(a), layers(b)
    matcher = SequenceMatcher(None, [_does(a, part) for part in left], [_does(b, part) for part in right], autojunk=False)
    pairs: list[Pair] = []
    for tag, i, j, k, m in matcher.get_opcodes():
        ours, theirs = left[i:j], right[k:m]
        for place in range(max(len(ours), len(theirs))):
            one = ours[place] if place < len(ours) else None
            other = theirs[place] if place < len(theirs) else None
            pairs.append(Pair(one, other, tag == "equal"))
    return tuple(pairs)


def _does(rows: Sequence[Row], part: Part) -> tuple[tuple[object, ...], ...]:
    """What a layer does, whatever it is called: operation, window, groups, output and parameters of each of its rows."""
    own = [rows[place] for place in part.rows]
    return tuple((r.operation, r.kernel_size, r.stride, r.padding, r.groups, r.output_shape, r.params) for r in own)
