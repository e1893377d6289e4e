"""Networks by name: every file in `zoo/families` registers its own."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from typing import Any

import torch
from torch import nn

from cnnviz.zoo.cards import Card, ZooError, named
from cnnviz.zoo.rows import Row
from cnnviz.zoo.sizes import Cost, cost_of, shape_at, sides_of
from cnnviz.zoo.trace import table_of

Builder = Callable[..., nn.Module]  # takes classes, in_channels and options of its own, all by keyword


@dataclass(frozen=True)
class Network:
    """A card and what builds it; options: what its builder takes besides classes and in_channels."""

    card: Card
    builder: Builder

    @property
    def place(self) -> str:
        """The module that the builder comes from."""
        builder = self.builder.func if isinstance(self.builder, partial) else self.builder
        return builder.__module__

    @property
    def call(self) -> str:
        """The builder's call as Python text, of the names classes and in_channels."""
        sizes = ["classes=classes", "in_channels=in_channels"]
        if not isinstance(self.builder, partial):
            return f"{self.builder.__name__}({', '.join(sizes)})"
        return f"{self.builder.func.__name__}({', '.join([*_arguments(self.builder), *sizes])})"

    @property
    def options(self) -> tuple[str, ...]:
        given = self.builder.keywords if isinstance(self.builder, partial) else {}
        names = inspect.signature(self.builder).parameters
        return tuple(name for name in names if name not in given and name not in ("classes", "in_channels"))

    def build(self, classes: int | None = None, in_channels: int | None = None, **options: Any) -> nn.Module:
        """The network with fresh weights, in training mode. Raises ZooError for what it does not take."""
        for name, value in options.items():
            if name not in self.options:
                takes = ", ".join(("classes", "in_channels", *self.options))
                raise ZooError(f"{name} (={value!r}) is nothing that {self.card.name} takes; it takes {takes}.")
        sizes = {"classes": classes or self.card.classes, "in_channels": in_channels or self.card.channels}
        return self.builder(**sizes, **options)

    def table(self, classes: int | None = None, input_shape: Sequence[int] | None = None, **options: Any) -> tuple[Row, ...]:
        """The rows of the network for one example of (C, H, W), the card's unless given; takes no memory for weights."""
        shape = tuple(input_shape or self.card.input_shape)
        with torch.device("meta"):
            model = self.build(classes, shape[0], **options)
        return table_of(model, shape)

    def costs(self) -> tuple[Cost, ...]:
        """What the network costs at each side that `sides_of` names: a table at each, without memory for weights."""
        with torch.device("meta"):
            model = self.build()
        return tuple(cost_of(table_of(model, shape_at(self.card, side))) for side in sides_of(self.card))


def _arguments(call: partial[Any]) -> list[str]:
    return [*map(_text, call.args), *(f"{name}={_text(value)}" for name, value in call.keywords.items())]


def _text(value: Any) -> str:
    """An argument as Python text: a number, a text, a tuple, a dict, a function, a class, or a partial of these."""
    if isinstance(value, partial):
        return f"partial({', '.join([_text(value.func), *_arguments(value)])})"
    if isinstance(value, tuple):
        return f"({', '.join(map(_text, value))}{',' * (len(value) == 1)})"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_text(key)}: {_text(inner)}' for key, inner in value.items())}}}"
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value)
    if isinstance(value, type) or inspect.isfunction(value):
        return f"nn.{value.__name__}" if value.__module__.startswith("torch.nn") else value.__name__
    raise ZooError(f"{value!r} can't be written as Python text; give a builder numbers, texts, tuples, functions or classes.")


_NETWORKS: dict[str, Network] = {}


def register(card: Card, builder: Builder) -> None:
    """Make a network known. Raises ZooError naming both places where the name is taken."""
    network = Network(card, builder)
    taken = _NETWORKS.get(card.name)
    if taken:
        raise ZooError(f"name (='{card.name}') is registered in {taken.place} and again in {network.place}.")
    _NETWORKS[card.name] = network


def architecture(card: Card) -> Callable[[Builder], Builder]:
    """Register the decorated function as the builder of a card."""

    def known(builder: Builder) -> Builder:
        register(card, builder)
        return builder

    return known


@cache
def networks() -> Mapping[str, Network]:
    """Every network by name, by year, then by family, then as the family has them."""
    families = import_module("cnnviz.zoo.families")
    for found in pkgutil.iter_modules(families.__path__):
        import_module(f"{families.__name__}.{found.name}")
    return dict(sorted(_NETWORKS.items(), key=lambda item: (item[1].card.year, item[1].card.family)))


def find(name: str) -> Network:
    """A network by its name. Raises ZooError naming the near ones."""
    network: Network = named(networks(), name)
    return network
