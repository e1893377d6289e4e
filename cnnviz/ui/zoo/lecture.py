"""Printed tables beside what our models have: where both agree, where they differ, and which of the two is right."""

from __future__ import annotations

from functools import cache

import streamlit as st

from cnnviz import ui
from cnnviz.ui.zoo import state
from cnnviz.zoo.printed import TABLES, Table
from cnnviz.zoo.printed.tables import (
    ONLY_COUNTED,
    ONLY_PRINTED,
    SAME,
    UNLIKE,
    Cell,
    both,
    compared,
    counts,
    reasons,
    slug,
    to_file,
)

UNBROKEN = "\u00a0"
LEGEND = (
    "A plain value is printed, and our network has the same; :blue[≈] a printed count and ours with one digit more; "
    ":orange-background[≠] what is printed, then what ours has; :gray[grey] is ours alone, where nothing is printed; *italic* is "
    "printed, with nothing in a network to hold it against."
)


def lecture() -> None:
    """Draw the table that is picked, and before it how all of them fared."""
    st.markdown(overall())
    titles = {table.title: table for table in TABLES}
    chosen = titles[str(st.selectbox("Table", list(titles), state.index("table", list(titles)), key=state.key("table")))]
    st.caption(f"{chosen.source}; {chosen.checked}.")
    st.markdown(f"**{verdict(chosen)}**")
    ui.table(texts(chosen))
    st.caption(LEGEND)
    for sentence in chosen.told:
        st.markdown(sentence)
    for heading, misprint in (("Where the print is wrong", True), ("Where ours is another network, or counts otherwise", False)):
        _differences(chosen, heading, misprint)
    file = f"{slug(chosen.title)}.csv"
    st.download_button("Table, printed and here (.csv)", to_file(chosen), file, "text/csv", on_click="ignore")


@cache
def overall() -> str:
    """In a sentence: how many printed values of all tables our networks have."""
    same, held = (sum(numbers) for numbers in zip(*map(counts, TABLES), strict=True))
    wrong = sum(len(cells) for table in TABLES for why, cells in reasons(table).items() if why.misprint)
    return (
        f"{len(TABLES)} tables of papers and of the lecture, rebuilt from the networks of the zoo. Of {held:,} printed values "
        f"that a network can be held against, ours have **{same:,}**. Of the other {held - same}, **{wrong}** are misprints; "
        "each is marked, with its reason."
    )


def verdict(table: Table) -> str:
    """In a sentence: how many of a table's values our network has."""
    same, held = counts(table)
    if not held:
        return "Nothing in this table can be counted in a network; what our networks cost stands beside it."
    differing = "all of them." if same == held else f"{same}; {held - same} differ."
    return f"Of {held} printed values that a network can be held against, ours has {differing}"


def texts(table: Table) -> list[tuple[str, ...]]:
    """The table as rows of texts, its heads first."""
    lines = zip(table.lines, compared(table), strict=True)
    return [
        (table.first, *(column.head for column in table.columns)),
        *((line.title, *map(_told, cells)) for line, cells in lines),
    ]


def _told(cell: Cell) -> str:
    """A cell in the legend's notation; a block's convolutions, between semicolons, are not broken over lines."""
    if cell.state == SAME:
        if cell.printed != cell.ours:
            return f"{cell.printed} :blue[≈] {cell.ours}"
        parts = cell.printed.split("; ")
        return "; ".join(part.replace(" ", UNBROKEN) for part in parts) if len(parts) > 1 else cell.printed
    marked = {
        UNLIKE: f":orange-background[{both(cell)}]",
        ONLY_PRINTED: f"*{cell.printed}*",
        ONLY_COUNTED: f":gray[{cell.ours}]",
    }
    return marked.get(cell.state, "")


def _differences(table: Table, heading: str, misprint: bool) -> None:
    """The reasons of one kind, each with the cells that it is about."""
    found = {why: cells for why, cells in reasons(table).items() if why.misprint is misprint}
    if not found:
        return
    st.subheader(heading, anchor=False)
    for why, cells in found.items():
        st.markdown(f"- {why.text}\n\n  :gray[{'; '.join(cells)}.]")
