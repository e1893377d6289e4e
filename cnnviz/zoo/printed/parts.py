"""The rows of a network that one line of a printed table is about. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cnnviz import zoo
from cnnviz.zoo.cards import ZooError
from cnnviz.zoo.rows import WEIGHTED, Row

WHOLE = "*"


@dataclass(frozen=True)
class Part:
    """What a line is about.

    network: its name in the zoo; names: of the part's modules, between spaces, one that ends in * standing for all that begin so;
    table: the whole network's rows; places: the part's; fed: the shape that goes into it; printed: the line's other cells, by
    their columns' heads.
    """

    network: str
    names: str
    table: tuple[Row, ...] = field(repr=False)
    places: tuple[int, ...]
    fed: tuple[int, ...]
    printed: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole network, whose totals are known without its rows."""
        return self.names == WHOLE

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(self.table[place] for place in self.places)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """What it puts out; what it is fed with, where it has no row."""
        return self.table[self.places[-1]].output_shape if self.places else self.fed

    @property
    def weighted(self) -> tuple[Row, ...]:
        """Its convolutions and fully connected layers."""
        return tuple(row for row in self.rows if row.kind in WEIGHTED)

    @property
    def main(self) -> Row | None:
        """Its last layer that has weights, or its pool."""
        pools = tuple(row for row in self.rows if row.kind == "pool")
        return (self.weighted or pools or (None,))[-1]

    @property
    def heads(self) -> tuple[str, ...]:
        """The modules that `names` found, in order."""
        found = (_head(row.name, self.names.split()) for row in self.rows)
        return tuple(dict.fromkeys(name for name in found if name))


def part(network: str, names: str, before: Part | None = None, printed: Mapping[str, str] | None = None) -> Part:
    """The rows whose names are, or begin with, one of `names`; none for "", which is fed with what `before` puts out, and none
    for the whole network.

    Raises ZooError where a name finds nothing.
    """
    if names == WHOLE:
        return Part(network, names, (), (), (), printed or {})
    table = zoo.table(network)
    wanted = names.split()
    places = tuple(place for place, row in enumerate(table) if _head(row.name, wanted))
    missing = [name for name in wanted if not any(_head(table[place].name, [name]) for place in places)]
    if missing:
        raise ZooError(f"names (={names!r}): {network} has no part called {', '.join(missing)}.")
    return Part(network, names, table, places, _fed(table, places, before), printed or {})


def _head(name: str, wanted: Sequence[str]) -> str:
    """The module of `wanted` that a row's name lies in, "" for none; of names that end in *, the row's first word."""
    for each in wanted:
        if each.endswith("*") and name.startswith(each[:-1]):
            return name.partition(".")[0]
        if name == each or name.startswith(f"{each}."):
            return each
    return ""


def _fed(table: Sequence[Row], places: Sequence[int], before: Part | None) -> tuple[int, ...]:
    if not places:
        return before.output_shape if before else ()
    sources = table[places[0]].sources
    return table[sources[0]].output_shape if sources else table[places[0]].output_shape
