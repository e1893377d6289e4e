"""A small table of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st


def table(rows: Sequence[Sequence[str]]) -> None:
    """Draw rows of equally many texts, the first of them the headings; it scrolls sideways where the page is narrow."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    st.markdown("\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]))


def numbers(columns: Mapping[str, Sequence[str]]) -> None:
    """The same from columns under their headings: numbers in words."""
    table([list(columns), *zip(*columns.values(), strict=True)])
