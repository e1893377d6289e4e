"""What may be asked of a published network: classes, channels, the shape of its input, options; else a sentence. Torch-free."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from numbers import Integral, Real
from typing import Any

from cnnviz.limits import NETWORK_WIDTH
from cnnviz.zoo.cards import Card, ZooError

AXES = {1: ("features",), 3: ("channels", "height", "width"), 4: ("channels", "frames", "height", "width")}
NUMBERS = {1: "one whole number", 3: "three whole numbers", 4: "four whole numbers"}
LETTERS = 40  # of a value that a sentence repeats


def shown(value: object) -> str:
    """A value as a sentence repeats it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"


def is_whole(value: object) -> bool:
    """Whether it is a whole number, of Python's kind or another's; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def width(name: str, value: Any, card: Card) -> int:
    """How many classes or channels. Raises ZooError with the name, the value and the rule."""
    if not is_whole(value) or not 1 <= value <= NETWORK_WIDTH:
        raise ZooError(f"{name} (={shown(value)}) of {card.name} must be a whole number from 1 to {NETWORK_WIDTH:,}.")
    return int(value)


def shape(value: Any, card: Card, smallest: int) -> tuple[int, ...]:
    """The shape of one example, without the batch. smallest: the least height and width that the network takes, 0 for its own
    alone, which is told once it does not fit. Raises ZooError with the value and the rule."""
    sides = tuple(value) if isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping, Set)) else ()
    usual = card.input_shape
    if len(sides) != len(usual) or not all(is_whole(side) and side >= 1 for side in sides):
        axes = ", ".join(AXES[len(usual)][:-1]) + f" and {AXES[len(usual)][-1]}"
        raise _wrong(value, card, f"{NUMBERS[len(usual)]} of at least 1, {axes}, such as {usual}")
    width("input_shape's channels", sides[0], card)
    if smallest and min(sides[1:]) < smallest:
        raise _wrong(value, card, f"at least {smallest} pixels high and wide")
    return tuple(map(int, sides))


def _wrong(value: Any, card: Card, rule: str) -> ZooError:
    return ZooError(f"input_shape (={shown(value)}) of {card.name} must be {rule}.")


def unfit(sides: tuple[int, ...], card: Card, reason: str) -> ZooError:
    """What is raised where a shape can't go through. reason: which layer binds the network to one size, "" where none does."""
    rule = " × ".join(map(str, card.input_shape[1:]))
    return _wrong(
        sides, card, f"of {rule} pixels: {reason}" if reason else f"a shape that goes through, such as {card.input_shape}"
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and bool(-LARGEST <= value <= LARGEST)  # type: ignore[operator]


LARGEST = 1_000_000  # a number: no paper has one above 100
COUNTED = 1_000  # layers, widths, rounds: the largest of a paper is 450
KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "bool": ("True or False", lambda value: isinstance(value, bool)),
    "int": (f"a whole number from 1 to {COUNTED:,}", lambda value: is_whole(value) and 1 <= value <= COUNTED),
    "float": (f"a number from -{LARGEST:,} to {LARGEST:,}", _is_number),
}
SEED = ("a whole number from 0 to 2**63 - 1", lambda value: is_whole(value) and 0 <= value < 2**63)


def check_option(name: str, value: Any, kind: str, card: Card) -> None:
    """Raises ZooError where an option's value breaks its rule. kind: one of KINDS, as its builder annotates it."""
    rule, fits = SEED if name == "seed" else KINDS[kind]
    if not fits(value):
        raise ZooError(f"{name} (={shown(value)}) of {card.name} must be {rule}.")


def unbuildable(options: Mapping[str, Any], card: Card, problem: Exception) -> ZooError:
    """What is raised where options keep their rules, but no layer can be made with them; problem: what torch says."""
    values = ", ".join(f"{name} (={shown(value)})" for name, value in options.items())
    reason = next(iter(str(problem).splitlines()), type(problem).__name__)
    return ZooError(f"{card.name} can't be built with {values}: {reason.rstrip('.')}.")
