"""Networks by name: every file in `zoo/families` registers its own."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import import_module
from typing import Any

import torch
from torch import nn

from cnnviz.zoo import arguments, stored
from cnnviz.zoo.cards import Card, ZooError, named
from cnnviz.zoo.rows import Row
from cnnviz.zoo.sizes import Cost, bound, cost_of, shape_at, sides_of
from cnnviz.zoo.trace import table_of

NO_LAYER = (ArithmeticError, LookupError, RuntimeError, ValueError)  # what torch raises for sizes that no layer can have
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
    def options(self) -> Mapping[str, str]:
        """The kinds of the options that the builder takes besides the sizes, one of `arguments.KINDS` each, by their names."""
        fixed = self.builder.keywords if isinstance(self.builder, partial) else {}
        free = {name: str(own.annotation) for name, own in inspect.signature(self.builder).parameters.items()}
        taken = (*fixed, "classes", "in_channels")
        return {name: kind for name, kind in free.items() if name not in taken and kind in arguments.KINDS}

    def build(self, classes: int | None = None, in_channels: int | None = None, **options: Any) -> nn.Module:
        """The network with fresh weights, in training mode. Raises ZooError for what it does not take."""
        own = self.card
        sizes = {
            "classes": own.classes if classes is None else arguments.width("classes", classes, own),
            "in_channels": own.channels if in_channels is None else arguments.width("in_channels", in_channels, own),
        }
        for name, value in options.items():
            self._check_option(name, value)
        try:
            return self.builder(**sizes, **options)
        except NO_LAYER as problem:
            if not options:
                raise
            raise arguments.unbuildable(options, own, problem) from problem

    def _check_option(self, name: str, value: Any) -> None:
        if name not in self.options:
            takes = ", ".join(("classes", "in_channels", *self.options))
            raise ZooError(f"{self.card.name} has no option {name} (={arguments.shown(value)}); its options are {takes}.")
        arguments.check_option(name, value, self.options[name], self.card)

    def table(self, classes: int | None = None, input_shape: Sequence[int] | None = None, **options: Any) -> tuple[Row, ...]:
        """The rows of the network for one example of (C, H, W), the card's unless given; takes no memory for weights. Raises
        ZooError for what it does not take."""
        own = self.card
        if "in_channels" in options:
            said = f"in_channels (={arguments.shown(options['in_channels'])})"
            raise ZooError(f"{said} is the first number of a table's input_shape: (in_channels, {str(own.input_shape[1:])[1:]}.")
        shape = own.input_shape if input_shape is None else arguments.shape(input_shape, own, self._smallest())
        with torch.device("meta"):
            model = self.build(classes, shape[0], **options)
        try:
            return table_of(model, shape)
        except NO_LAYER as problem:
            if shape == own.input_shape and not options:
                raise
            if shape == own.input_shape:
                raise arguments.unbuildable(options, own, problem) from problem
            raise arguments.unfit(shape, own, bound(self.table(classes, **options))) from problem

    def _smallest(self) -> int:
        """As stored; of a network that is not stored yet, nothing is known."""
        entry = stored.entries().get(self.card.name)
        return entry.card.smallest if entry else 0

    def measured(self) -> Card:
        """The card with the least height and width that the network takes, found by sending shapes through it: the first side
        from 1 up that passes; 0 where twice its own does not."""
        with torch.device("meta"):
            model = self.build().eval()
        own = self.card
        largest = own.input_shape[-1]
        if not passes(model, shape_at(own, 2 * largest)):
            return own
        return replace(own, smallest=next(side for side in range(1, largest + 1) if passes(model, shape_at(own, side))))

    def costs(self, card: Card) -> tuple[Cost, ...]:
        """What the network costs at each side that `sides_of` names: a table at each, without memory for weights. card: its own,
        measured."""
        with torch.device("meta"):
            model = self.build()
        return tuple(cost_of(table_of(model, shape_at(card, side))) for side in sides_of(card))


def passes(model: nn.Module, shape: Sequence[int]) -> bool:
    """Whether an example of this shape goes through a model on the meta device."""
    try:
        with torch.no_grad():
            model(torch.empty((1, *shape), device="meta"))
    except NO_LAYER:
        return False
    return True


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
