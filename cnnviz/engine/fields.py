"""Fields that carry their own unit, range and words, and the check that every part of an Experiment runs on itself."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from cnnviz.limits import NUMBERS

LISTED = 30  # options that a sentence names


class ExperimentError(ValueError):
    """A setting that can't be used. Its text is one sentence: the name, the value and the rule."""


@dataclass(frozen=True)
class Rule:
    """What a field accepts, and the words that a control shows for it.

    kind: "whole", "real", "choice", "switch", "numbers", a tuple of `count`, "several", a tuple of 1 to `count` in any
    order, or "series", a tuple that rises. `low` and `high`
    are inclusive; `off` is a value outside that range which switches the feature off. `options` may be a function where the
    choices live in a registry.
    """

    kind: str
    label: str
    unit: str = ""
    help: str = ""
    low: float = -math.inf
    high: float = math.inf
    log: bool = False
    off: float | None = None
    choices: Sequence[str] | Callable[[], Sequence[str]] = ()
    count: int = 0

    @property
    def options(self) -> tuple[str, ...]:
        return tuple(self.choices() if callable(self.choices) else self.choices)

    def check(self, name: str, value: Any) -> Any:
        """The value in the field's own type. Raises ExperimentError with the name, the value and the rule."""
        return getattr(self, f"_check_{self.kind}")(name, value)

    def _check_switch(self, name: str, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ExperimentError(f"{name} (={short(value)}) must be true or false.")
        return value

    def _check_choice(self, name: str, value: Any) -> str:
        if value not in self.options:
            near = get_close_matches(str(value)[:40], self.options, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise ExperimentError(f"{name} (={short(value)}) must be one of {self._listed()}.{hint}")
        return str(value)

    def _listed(self) -> str:
        """The options, or, where they would be no sentence any more, how many there are and the first of them."""
        if len(self.options) <= LISTED:
            return ", ".join(self.options)
        return f"{len(self.options)}, such as {', '.join(self.options[:3])}"

    def _check_numbers(self, name: str, value: Any) -> tuple[float, ...]:
        if not isinstance(value, (list, tuple)) or len(value) != self.count:
            raise ExperimentError(f"{name} (={short(value)}) must be a list of {self.count} numbers.")
        return tuple(self._check_real(name, number) for number in value)

    def _check_several(self, name: str, value: Any) -> tuple[float, ...]:
        if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= self.count:
            raise ExperimentError(f"{name} (={short(value)}) must be a list of 1 to {self.count} numbers.")
        return tuple(self._check_real(name, number) for number in value)

    def _check_series(self, name: str, value: Any) -> tuple[float, ...]:
        if not isinstance(value, (list, tuple)) or len(value) > NUMBERS:
            raise ExperimentError(f"{name} (={short(value)}) must be a list of at most {NUMBERS} numbers.")
        numbers = tuple(self._check_real(name, number) for number in value)
        if list(numbers) != sorted(set(numbers)):
            raise ExperimentError(f"{name} (={short(value)}) must rise from number to number.")
        return numbers

    def _check_whole(self, name: str, value: Any) -> int:
        number = self._check_real(name, value)
        if number != int(number):
            raise ExperimentError(f"{name} (={short(value)}) must be a whole number.")
        return int(number)

    def _check_real(self, name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= sys.float_info.max:
            raise ExperimentError(f"{name} (={short(value)}) must be a finite number.")
        if value != self.off and not self.low <= value <= self.high:
            off = f", or {self.off:g} for off" if self.off is not None else ""
            unit = f" {self.unit}" if self.unit else ""
            raise ExperimentError(f"{name} (={value:g}) must be between {self.low:g} and {self.high:g}{unit}{off}.")
        return float(value) + 0.0  # no −0.0: experiments that are equal have one key


def short(value: Any) -> str:
    """A value cut to 40 characters, fit for a sentence."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested too deeply, or a number of thousands of digits
        return f"a {type(value).__name__} too large to print"
    return text if len(text) <= 40 else text[:39] + "…"


def whole(default: int, low: int, high: int, label: str, unit: str = "", **words: Any) -> Any:
    """A whole-number field with an inclusive range."""
    return _ruled(default, Rule("whole", label, unit, low=low, high=high, **words))


def real(default: float, low: float, high: float, label: str, unit: str = "", **words: Any) -> Any:
    """A real-number field with an inclusive range."""
    return _ruled(default, Rule("real", label, unit, low=low, high=high, **words))


def choice(default: str, choices: Sequence[str] | Callable[[], Sequence[str]], label: str, **words: Any) -> Any:
    """A field that takes one of the named options."""
    return _ruled(default, Rule("choice", label, choices=choices, **words))


def switch(default: bool, label: str, **words: Any) -> Any:
    """A field that is on or off."""
    return _ruled(default, Rule("switch", label, **words))


def numbers(default: tuple[float, ...], low: float, high: float, label: str, unit: str = "", **words: Any) -> Any:
    """A field of as many real numbers as its default has, each within the range."""
    return _ruled(default, Rule("numbers", label, unit, low=low, high=high, count=len(default), **words))


def several(default: tuple[float, ...], low: float, high: float, most: int, label: str, unit: str = "", **words: Any) -> Any:
    """A field of 1 to `most` real numbers in any order, each within the range."""
    return _ruled(default, Rule("several", label, unit, low=low, high=high, count=most, **words))


def series(label: str, unit: str = "", **words: Any) -> Any:
    """A field of rising numbers, none by default."""
    return _ruled((), Rule("series", label, unit, **words))


def _ruled(default: Any, rule: Rule) -> Any:
    return field(default=default, metadata={"rule": rule})


def rule_of(part: Field[Any]) -> Rule | None:
    """The rule that a dataclass field carries, or None for a nested part."""
    return part.metadata.get("rule")


class Checked:
    """A frozen dataclass whose ruled fields are checked, and put in their own type, on creation.

    A choice that is its default is one without a look: the options of some are read from files, and most experiments need none.
    """

    def __post_init__(self) -> None:
        for part in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            rule = rule_of(part)
            if rule is not None and not (rule.kind == "choice" and getattr(self, part.name) == part.default):
                object.__setattr__(self, part.name, rule.check(part.name, getattr(self, part.name)))

    def everything(self) -> dict[str, Any]:
        """The ruled fields, by name."""
        return {part.name: getattr(self, part.name) for part in fields(self)}  # type: ignore[arg-type]  # as above

    def changed(self) -> dict[str, Any]:
        """The ruled fields that differ from their defaults."""
        own = fields(self)  # type: ignore[arg-type]  # every subclass is a dataclass
        return {p.name: getattr(self, p.name) for p in own if p.default is not MISSING and getattr(self, p.name) != p.default}
