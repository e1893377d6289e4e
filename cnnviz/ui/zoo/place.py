"""A place in a network: the part that is looked inside of, and the row that is picked; a link may name either."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cnnviz import zoo
from cnnviz.engine.fields import short
from cnnviz.zoo import graph
from cnnviz.zoo.graph import Part

# Pure, and slow for a network of a thousand rows, while a page's script runs at every touch.


@lru_cache(maxsize=64)
def parts_of(network: str, inside: str) -> tuple[Part, ...]:
    """What is drawn of a network, or of what is inside of one of its parts."""
    return graph.view(zoo.table(network), inside)


@lru_cache(maxsize=64)
def holders(network: str) -> frozenset[str]:
    """The names that hold parts, and so can be looked inside of."""
    return frozenset(holder for part in graph.layers(zoo.table(network)) for holder in ancestors(part.name))


def ancestors(name: str) -> list[str]:
    """The parts that hold a part, from the outside in."""
    words = name.split(".")
    return [".".join(words[:count]) for count in range(1, len(words))]


def placed(values: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A link's values with a place that its network has, and a sentence for each that it has not. A row that is drawn as one with
    others stands for all of them."""
    network, inside, row = values["network"], values["inside"], values["block"]
    dropped = []
    if inside and inside not in holders(network):
        dropped.append(f"inside {short(inside)}: {zoo.card(network).title} has no such part, here is all of it")
        inside = ""
    if row is not None:
        drawn = next((part.rows[-1] for part in parts_of(network, inside) if row in part.rows), None)
        if drawn is None:
            where = f"{zoo.card(network).title}, inside {inside}," if inside else zoo.card(network).title
            dropped.append(f"block {row}: {where} draws no such row; it has {len(zoo.table(network))}, counted from 0")
        row = drawn
    return {**values, "inside": inside, "block": row}, tuple(dropped)
