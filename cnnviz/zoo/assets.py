"""Write every family's cards, tables and costs at other sizes into assets/zoo, and say which are stale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from cnnviz.zoo import stored
from cnnviz.zoo.cards import Card, ZooError
from cnnviz.zoo.registry import Network, networks
from cnnviz.zoo.rows import Row, totals
from cnnviz.zoo.stored import Entry


def families(only: str | None = None) -> Mapping[str, list[Network]]:
    """The networks of each family, or of one. Raises ZooError for an unknown one."""
    found: dict[str, list[Network]] = {}
    for network in networks().values():
        found.setdefault(network.card.family, []).append(network)
    if only is None:
        return found
    if only not in found:
        near = get_close_matches(only, found, n=3) or list(found)[:8]
        raise ZooError(f"There is no family '{only[:60]}'; try {', '.join(near)}.")
    return {only: found[only]}


def write(family: str, members: list[Network], folder: Path = stored.FOLDER) -> list[Path]:
    """Store a family's cards, tables and costs; the files that changed."""
    tables = {network.card.name: network.table() for network in members}
    changed = [path for name, rows in tables.items() if (path := _renewed_table(name, rows, folder))]
    measured = {network.card.name: network.measured() for network in members}
    cards = stored.cards_text([entry_of(network, measured[network.card.name], tables[network.card.name]) for network in members])
    sizes = stored.sizes_text({network.card.name: network.costs(measured[network.card.name]) for network in members})
    texts = {stored.cards_folder(folder) / f"{family}.json": cards, stored.sizes_file(family, folder): sizes}
    return [*changed, *(file for file, text in texts.items() if _renewed(file, text))]


def _renewed(file: Path, text: str) -> bool:
    """Write a text that a file does not hold yet; whether it was written."""
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return True


def entry_of(network: Network, card: Card, rows: tuple[Row, ...]) -> Entry:
    """What is stored of a network besides its rows. card: its own, measured."""
    return Entry(card, totals(rows), network.place, network.call)


def _renewed_table(name: str, rows: tuple[Row, ...], folder: Path) -> Path | None:
    if is_stored(name, rows, folder):
        return None
    return stored.write_table(name, rows, folder)


def is_stored(name: str, rows: tuple[Row, ...], folder: Path = stored.FOLDER) -> bool:
    """Whether a network's file holds just these rows."""
    return stored.table_file(name, folder).exists() and stored.table_text(name, folder) == stored.text_of(rows)


def stale(folder: Path = stored.FOLDER) -> list[Path]:
    """Files of families and networks that there are no more."""
    return sorted(path for path in _files(folder) if path not in _wanted(folder))


def _files(folder: Path) -> Iterator[Path]:
    yield from stored.cards_folder(folder).glob("*")
    yield from (folder / "tables").glob("*")
    yield from (folder / "sizes").glob("*")


def _wanted(folder: Path) -> set[Path]:
    cards = {stored.cards_folder(folder) / f"{family}.json" for family in families()}
    sizes = {stored.sizes_file(family, folder) for family in families()}
    return cards | sizes | {stored.table_file(name, folder) for name in networks()}
