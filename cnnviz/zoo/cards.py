"""What is known of a published network: its paper, what was printed of it, and what differs here. Torch-free."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

# The seven ways of Khan, Sohail, Zahoora & Qureshi, "A Survey of the Recent Architectures of Deep CNNs", 2020, Section 4.
CATEGORIES = (
    "spatial exploitation",
    "depth",
    "multi-path",
    "width",
    "feature-map exploitation",
    "channel boosting",
    "attention",
)
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}


class ZooError(ValueError):
    """A network that can't be found, described or built. Its text is one sentence: the name, the value and the rule."""


@dataclass(frozen=True)
class Paper:
    """Where a network was described. authors: as the paper signs them, shortened with "et al." past four."""

    title: str
    authors: str
    year: int
    venue: str
    link: str


@dataclass(frozen=True)
class Printed:
    """A number as it was printed: "60,000", "25.6M", "3.8G". source: "Table 6" of the card's own paper, or who else."""

    text: str
    source: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\d,]+(\.\d+)?[kMG]?", self.text):
            raise ZooError(f"text (={self.text!r}) must be a number such as '60,000', '25.6M' or '3.8G'.")

    @property
    def value(self) -> float:
        return float(self.text.rstrip("kMG").replace(",", "")) * self._unit

    @property
    def last_digit(self) -> float:
        """What one step of the last printed digit is worth."""
        return self._unit / 10.0 ** len(self.text.rstrip("kMG").partition(".")[2])

    @property
    def _unit(self) -> int:
        return UNITS[self.text.lstrip("0123456789.,")]

    def agrees_with(self, number: float) -> bool:
        """Whether `number`, rounded or cut after the last printed digit, is what was printed."""
        return self.value - self.last_digit / 2 <= number < self.value + self.last_digit


@dataclass(frozen=True)
class PublishedError:
    """An error in per cent that a paper reports.

    measure: "top-1", "top-5" or "error"; how: crops, scales, augmentation; checked: whether the number was read in a copy of its
    source, in the lecture or in the authors' own list; one that was not is marked as such wherever it is shown.
    """

    percent: float
    measure: str
    data: str
    how: str
    source: str
    checked: bool = True


@dataclass(frozen=True)
class Card:
    """One network. Sizes are for one example.

    name: what `zoo.build` takes; title: as it is written; family: its file in `zoo/families`; input_shape: without the batch;
    smallest: the least height and width that it takes, 0 where only `input_shape` will do: measured by tracing when the card
    is stored, and a family leaves it out; params, macs: as printed; unprinted: why there is no printed count of parameters to
    hold it to, where there is none; depth: weighted layers on the longest path, where the paper counts them; differs: what is
    not as in the paper, "" for nothing; surveyed: whether the survey itself puts it into `categories`, or we do.
    """

    name: str
    title: str
    family: str
    paper: Paper
    categories: tuple[str, ...]
    input_shape: tuple[int, ...] = (3, 224, 224)
    classes: int = 1000
    smallest: int = 0
    params: Printed | None = None
    unprinted: str = ""
    macs: Printed | None = None
    depth: int | None = None
    errors: tuple[PublishedError, ...] = ()
    differs: str = ""
    surveyed: bool = True

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ZooError(f"name (={self.name!r}) must be small letters, digits and underscores.")
        strange = [category for category in self.categories if category not in CATEGORIES]
        if strange or not self.categories:
            raise ZooError(f"categories (={self.categories}) of {self.name} must be some of {', '.join(CATEGORIES)}.")
        if (self.params is None) != bool(self.unprinted):
            rule = "must be a printed number, or unprinted must say why there is none"
            raise ZooError(f"params (={self.params}) of {self.name} {rule}.")

    @property
    def year(self) -> int:
        return self.paper.year

    @property
    def channels(self) -> int:
        return self.input_shape[0]

    def to_data(self) -> dict[str, Any]:
        """The card as what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Card:
        """The card that `to_data` was called on, after a way through JSON."""
        made = {
            "paper": Paper(**data["paper"]),
            "categories": tuple(data["categories"]),
            "input_shape": tuple(data["input_shape"]),
            "params": data["params"] and Printed(**data["params"]),
            "macs": data["macs"] and Printed(**data["macs"]),
            "errors": tuple(PublishedError(**error) for error in data["errors"]),
        }
        return cls(**{**data, **made})


def named(table: Mapping[str, Any], name: str) -> Any:
    """An entry of a table of networks. Raises ZooError naming the near ones."""
    if not isinstance(name, str):
        raise ZooError(f"A network's name (={str(name)[:60]}) must be a text such as 'resnet50'.")
    if name not in table:
        near = get_close_matches(name, table, n=3) or list(table)[:8]
        raise ZooError(f"There is no network '{name[:60]}'; try {', '.join(near)}.")
    return table[name]
