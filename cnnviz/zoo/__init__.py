"""Published networks by name: their cards, what builds them, and their tables of layers.

Cards and tables of the networks as published come from assets/zoo, without torch: a page reads them in its own process. `build`,
and a table for other classes, channels or sizes, load torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cnnviz.zoo import stored
from cnnviz.zoo.cards import CATEGORIES, Card, Paper, Printed, PublishedError, ZooError, named
from cnnviz.zoo.rows import KINDS, Row, Totals
from cnnviz.zoo.sizes import Cost

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "CATEGORIES",
    "KINDS",
    "Card",
    "Cost",
    "Paper",
    "Printed",
    "PublishedError",
    "Row",
    "Totals",
    "ZooError",
    "build",
    "card",
    "costs",
    "names",
    "table",
    "totals",
]


def names() -> tuple[str, ...]:
    """Every network's name, the oldest first."""
    return tuple(stored.entries())


def card(name: str) -> Card:
    """What is known of a network. Raises ZooError naming the near ones."""
    found: stored.Entry = named(stored.entries(), name)
    return found.card


def totals(name: str) -> Totals:
    """What a network's table adds up to, for one example, as published."""
    found: stored.Entry = named(stored.entries(), name)
    return found.totals


def costs(name: str) -> Mapping[int, Cost]:
    """What a network costs for one example, by the side of its input in pixels, at every side that was counted."""
    own = card(name)
    return {cost.side: cost for cost in stored.read_sizes(own.family)[own.name]}


def build(name: str, *, classes: int | None = None, in_channels: int | None = None, **options: Any) -> nn.Module:
    """The network with fresh weights, in training mode: (N, *input_shape) to logits (N, classes).

    Where its card says so, a tuple whose first is the logits. classes, in_channels: the card's unless given; options: what a
    family's builder takes besides. Raises ZooError for an unknown name or option, or for a value that breaks its rule.
    """
    from cnnviz.zoo import registry

    return registry.find(name).build(classes, in_channels, **options)


def table(name: str, *, classes: int | None = None, input_shape: Sequence[int] | None = None, **options: Any) -> tuple[Row, ...]:
    """The rows of a network, for one example: the stored ones, or, where anything is given, those of that network, without memory
    for weights. input_shape: (C, H, W), the card's unless given. Raises ZooError for what the network does not take."""
    if classes is None and input_shape is None and not options:
        return _stored_rows(card(name).name)
    from cnnviz.zoo import registry

    return registry.find(name).table(classes, input_shape, **options)


@lru_cache(maxsize=32)
def _stored_rows(name: str) -> tuple[Row, ...]:
    """Kept while a class looks at a network: to read a large one takes as long as the rest of its page."""
    return stored.read_table(name)
