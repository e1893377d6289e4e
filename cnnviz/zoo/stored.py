"""Cards and tables as files in assets/zoo: what a page reads, without torch.

`cards/FAMILY.json` holds a family's cards with what their tables add up to; `tables/NAME.json.gz` one network's rows;
`sizes/FAMILY.json` what a family's networks cost at other sizes of their input. The files are written by `python -m cnnviz
zoo-assets` from the families themselves.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from functools import cache
from pathlib import Path

from cnnviz.settings import ASSETS
from cnnviz.zoo import rows as table
from cnnviz.zoo.cards import Card
from cnnviz.zoo.rows import Row, Totals
from cnnviz.zoo.sizes import Cost

FOLDER = ASSETS / "zoo"


@dataclass(frozen=True)
class Entry:
    """A card, what its network's table adds up to, and how it is built: `call`, in `module`, of classes and in_channels."""

    card: Card
    totals: Totals
    module: str
    call: str


@cache
def entries() -> Mapping[str, Entry]:
    """Every stored network by name, by year, then by family, then as the family has them."""
    found = [entry for path in sorted(cards_folder().glob("*.json")) for entry in read_cards(path)]
    return {entry.card.name: entry for entry in sorted(found, key=lambda entry: entry.card.year)}


def cards_folder(folder: Path = FOLDER) -> Path:
    return folder / "cards"


def table_file(name: str, folder: Path = FOLDER) -> Path:
    return folder / "tables" / f"{name}.json.gz"


def read_cards(path: Path) -> list[Entry]:
    """The entries of one family's file."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return [Entry(Card.from_data(each["card"]), Totals(**each["totals"]), each["module"], each["call"]) for each in data]


def cards_text(family: Sequence[Entry]) -> str:
    """A family's file."""
    data = [
        {"card": entry.card.to_data(), "totals": asdict(entry.totals), "module": entry.module, "call": entry.call}
        for entry in family
    ]
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def read_table(name: str, folder: Path = FOLDER) -> tuple[Row, ...]:
    """A network's stored rows."""
    return table.from_data(json.loads(table_text(name, folder)))


def table_text(name: str, folder: Path = FOLDER) -> str:
    """A network's rows as they are stored."""
    return gzip.decompress(table_file(name, folder).read_bytes()).decode()


def text_of(rows: Sequence[Row]) -> str:
    """Rows as they are stored."""
    return json.dumps(table.to_data(rows), separators=(",", ":"))


def write_table(name: str, rows: Sequence[Row], folder: Path = FOLDER) -> Path:
    """Store a network's rows; the file."""
    path = table_file(name, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text_of(rows).encode(), mtime=0))
    return path


def sizes_file(family: str, folder: Path = FOLDER) -> Path:
    return folder / "sizes" / f"{family}.json"


@cache
def read_sizes(family: str, folder: Path = FOLDER) -> Mapping[str, tuple[Cost, ...]]:
    """For each network of a family its cost at each side that was counted, the smallest first."""
    data = json.loads(sizes_file(family, folder).read_text(encoding="utf-8"))
    return {name: tuple(Cost(*numbers) for numbers in costs) for name, costs in data.items()}


def sizes_text(costs: Mapping[str, Sequence[Cost]]) -> str:
    """A family's file of costs, a line a network."""
    lines = [f"{json.dumps(name)}: {json.dumps([astuple(cost) for cost in own])}" for name, own in costs.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"
