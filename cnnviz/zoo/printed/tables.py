"""A printed table beside what a network of the zoo has at the same places. Torch-free."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from cnnviz.zoo.cards import Printed, ZooError
from cnnviz.zoo.printed.measures import Measure, Value
from cnnviz.zoo.printed.parts import WHOLE, Part, part

SAME, UNLIKE, ONLY_PRINTED, ONLY_COUNTED, EMPTY = "same", "unlike", "only printed", "only counted", ""
NONE = "–"


@dataclass(frozen=True)
class Reason:
    """Why print and network differ. text: sentences that say which of the two is right, and how one sees; misprint: whether the
    print is wrong, or our network is another one or counts otherwise."""

    text: str
    misprint: bool = True


@dataclass(frozen=True)
class Unlike:
    """A printed cell that is not what our network has, and why."""

    text: str
    why: Reason


@dataclass(frozen=True)
class Column:
    """A column of a table.

    head: as printed, or our own for what is counted only; measure: what our network has there, None for what no network can tell
    (an error); unit: what one of the print's units is worth, 0 for texts, which must be equal; suffix: how the unit is written;
    decimals: of a count beside which nothing is printed; of: which of the line's networks.
    """

    head: str
    measure: Measure | None = None
    unit: float = 0
    suffix: str = ""
    decimals: int = 0
    of: int = 0


@dataclass(frozen=True)
class Line:
    """A line of a table.

    title: its first cell; names: the part of our network, see Part, "" where ours has nothing of the kind;
    printed: its cells in the order of the columns, "" where nothing stands; networks: the zoo's names, the table's unless given.
    """

    title: str
    names: str
    printed: tuple[str | Unlike, ...]
    networks: tuple[str, ...] = ()


def whole(title: str, networks: str, *printed: str | Unlike) -> Line:
    """A line about whole networks: their names between spaces, "" where the zoo has none."""
    return Line(title, WHOLE, printed, tuple(networks.split()))


@dataclass(frozen=True)
class Table:
    """A table as it is printed.

    title: of the list; networks: the zoo's names that it is held against; source: paper and table; checked: where the printed
    values were read; first: the head of the lines' titles; told: what else is to be said, a sentence each.
    """

    title: str
    networks: tuple[str, ...]
    source: str
    checked: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    first: str = "Layer"
    told: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for line in self.lines:
            if len(line.printed) > len(self.columns):
                raise ZooError(f"{self.title}, {line.title}: {len(line.printed)} cells for {len(self.columns)} columns.")


@dataclass(frozen=True)
class Cell:
    """One cell. printed, ours: as texts, "" for nothing; state: SAME, UNLIKE, ONLY_PRINTED, ONLY_COUNTED or EMPTY; why: where
    both differ."""

    printed: str
    ours: str
    state: str
    why: Reason | None = None


@cache
def compared(table: Table) -> tuple[tuple[Cell, ...], ...]:
    """Each line's cells, those past the printed ones counted only.

    Raises ZooError for a cell that differs without a reason, or has a reason and does not differ.
    """
    lines = []
    before: tuple[Part, ...] = ()
    for line in table.lines:
        printed = dict(zip((column.head for column in table.columns), map(_text, line.printed), strict=False))
        networks = line.networks or table.networks
        previous = before if len(before) == len(networks) else (None,) * len(networks)
        parts = tuple(part(name, line.names, each, printed) for name, each in zip(networks, previous, strict=True))
        lines.append(tuple(_cell(table, line, place, parts) for place in range(len(table.columns))))
        before = parts
    return tuple(lines)


def _text(printed: str | Unlike) -> str:
    return printed if isinstance(printed, str) else printed.text


def _cell(table: Table, line: Line, place: int, parts: tuple[Part, ...]) -> Cell:
    column = table.columns[place]
    given = line.printed[place] if place < len(line.printed) else ""
    printed = _text(given)
    if column.measure is None or column.of >= len(parts):
        return Cell(printed, "", ONLY_PRINTED if printed else EMPTY)
    value = column.measure(parts[column.of])
    ours = _shown(value, column, printed)
    if isinstance(given, Unlike):
        if _agrees(value, column, printed):
            raise ZooError(
                f"{table.title}, {line.title}, {column.head}: {printed!r} is what ours has, and yet a reason is given."
            )
        return Cell(printed, ours, UNLIKE, given.why)
    if not printed:
        return Cell("", ours, ONLY_COUNTED if ours else EMPTY)
    if not _agrees(value, column, printed):
        raise ZooError(f"{table.title}, {line.title}, {column.head}: {printed!r} is printed, ours is {ours!r}; say why.")
    return Cell(printed, ours, SAME)


def _agrees(value: Value, column: Column, printed: str) -> bool:
    if value is None or isinstance(value, str):
        return (value or "") == printed
    digits = Printed(printed.removesuffix(column.suffix), column.head)
    return digits.agrees_with(value / column.unit)


def _shown(value: Value, column: Column, printed: str) -> str:
    """Ours as a text: a count with one digit more than was printed."""
    if value is None or isinstance(value, str):
        return value or ""
    if not value:
        return ""
    decimals = len(printed.removesuffix(column.suffix).partition(".")[2]) + 1 if printed else column.decimals
    return f"{value / column.unit:,.{decimals}f}{column.suffix}"


def both(cell: Cell) -> str:
    """Print and ours, where they differ."""
    return f"{cell.printed or NONE} ≠ {cell.ours or NONE}"


def reasons(table: Table) -> Mapping[Reason, tuple[str, ...]]:
    """Each reason with the cells that it is about: "inception (3b), Params: 380K ≠ 379.0K"."""
    found: dict[Reason, list[str]] = {}
    titles = [line.title for line in table.lines]
    for line, cells in zip(table.lines, compared(table), strict=True):
        for column, cell in zip(table.columns, cells, strict=True):
            if cell.why:
                where = line.title if titles.count(line.title) == 1 else line.names.split()[0]
                found.setdefault(cell.why, []).append(f"{where}, {column.head}: {both(cell)}")
    return {why: tuple(cells) for why, cells in found.items()}


def counts(table: Table) -> tuple[int, int]:
    """How many printed cells our network agrees with, and how many it could be held against."""
    states = [cell.state for cells in compared(table) for cell in cells]
    return states.count(SAME), states.count(SAME) + states.count(UNLIKE)


def to_file(table: Table) -> bytes:
    """The same as a file: UTF-8 after the mark by which a spreadsheet knows it, for print has “×” and “–”."""
    return to_csv(table).encode("utf-8-sig")


def to_csv(table: Table) -> str:
    """The table with two columns for each of its own, printed and here, and a line of heads."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    heads = [name for column in table.columns for name in (f"{column.head}, printed", f"{column.head}, here")]
    writer.writerow([table.first, "part", *heads])
    for line, cells in zip(table.lines, compared(table), strict=True):
        writer.writerow([line.title, line.names, *(value for cell in cells for value in (cell.printed, cell.ours))])
    return text.getvalue()


def slug(title: str) -> str:
    """A table's title as a file's name."""
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
