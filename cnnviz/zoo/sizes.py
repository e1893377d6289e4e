"""What a network costs at other sizes of its input: multiply-adds and maps, counted at each size. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from cnnviz.zoo.cards import Card
from cnnviz.zoo.rows import Row

SIDES = (16, 32, 48, 64, 96, 128, 160, 192, 224, 256, 288, 320, 384, 448, 512)  # pixels; what papers and their followers use

WHOLE_MAP = ("fc", "capsule")  # kinds that read a map as one row of numbers


@dataclass(frozen=True)
class Cost:
    """Of one example whose image is `side` pixels high and wide.

    maps: numbers in the input and in every row's output; alive: the most of them that are needed at once while the rows are
    computed in order and each output is dropped after its last reader; dropout passes its input on and needs none.
    """

    side: int
    macs: int
    maps: int
    alive: int


def sides_of(card: Card) -> tuple[int, ...]:
    """The sides at which a network is counted: its own, and those of SIDES that it takes."""
    own = card.input_shape[-1]
    return tuple(sorted({own, *(side for side in SIDES if card.smallest and side >= card.smallest)}))


def shape_at(card: Card, side: int) -> tuple[int, ...]:
    """The shape of an example whose image is `side` pixels high and wide; 0: as in the paper."""
    own = card.input_shape
    return own if side in (0, own[-1]) else (own[0], side, side)


def cost_of(rows: Sequence[Row]) -> Cost:
    """What a table adds up to."""
    return Cost(
        side=rows[0].output_shape[-1],
        macs=sum(row.macs for row in rows),
        maps=sum(row.activations for row in rows),
        alive=most_alive(rows),
    )


def most_alive(rows: Sequence[Row]) -> int:
    """Numbers at the fullest moment of a pass that keeps nothing longer than something reads it."""
    homes: list[int] = []  # for each row the one whose numbers it has
    for place, row in enumerate(rows):
        homes.append(homes[row.sources[0]] if row.kind == "drop" else place)
    last_read = {homes[source]: place for place, row in enumerate(rows) for source in row.sources}
    now = most = 0
    for place, row in enumerate(rows):
        if homes[place] == place:
            now += row.activations
        most = max(most, now)
        now -= sum(rows[home].activations for home in {homes[source] for source in row.sources} if last_read[home] == place)
    return most


def takes_one_size(card: Card, rows: Sequence[Row]) -> str:
    """Why a network takes images of one size only, in a sentence; "" where it takes others."""
    if card.smallest:
        return ""
    return f"{card.title} takes {' × '.join(map(str, card.input_shape[1:]))} only: {bound(rows)}."


def bound(rows: Sequence[Row]) -> str:
    """Which layer binds a network to one size, and why; "" where none does."""
    binding = next((row for row in rows if _binds(row, rows)), None)
    if binding is None:
        return ""
    numbers = prod(rows[binding.sources[0]].output_shape)
    return (
        f"its layer “{binding.name}” has a weight for each of the {numbers:,} numbers that reach it, and an image of another "
        "size would bring it another number of them"
    )


def _binds(row: Row, rows: Sequence[Row]) -> bool:
    """Whether a layer reads a map of several places with weights for each place."""
    if row.kind not in ("conv", *WHOLE_MAP):
        return False
    read = rows[row.sources[0]]
    while read.kind == "drop":
        read = rows[read.sources[0]]
    places = prod(read.output_shape[1:])
    return places > 1 and (row.kind in WHOLE_MAP or prod(row.output_shape[1:]) == 1)
