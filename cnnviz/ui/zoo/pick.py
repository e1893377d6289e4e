"""Picking a network: by name, year, the survey's way, and cost."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cnnviz import zoo
from cnnviz.limits import SEARCH_CHARACTERS
from cnnviz.ui.zoo import state
from cnnviz.zoo import Printed


def matching(search: str, years: tuple[int, int], category: str, params: str, macs: str) -> tuple[str, ...]:
    """The networks that a search and the filters leave, the oldest first."""
    words = search.lower().split()
    return tuple(
        name
        for name in zoo.names()
        if all(word in _searched(name) for word in words)
        and years[0] <= zoo.card(name).year <= years[1]
        and category in (state.ANY, *zoo.card(name).categories)
        and _within(zoo.totals(name).params, params)
        and _within(zoo.totals(name).macs, macs)
    )


def _searched(name: str) -> str:
    card = zoo.card(name)
    return " ".join((card.name, card.title, card.family, card.paper.title, card.paper.authors, str(card.year))).lower()


def _within(number: int, limit: str) -> bool:
    return limit == state.ANY or number <= Printed(limit, "the filter").value


def found() -> tuple[str, ...]:
    """Those that the filters on the page leave."""
    return matching(*(state.get(name) for name in ("search", "years", "category", "params", "macs")))


def title(name: str) -> str:
    """A network in a list."""
    card = zoo.card(name)
    return f"{card.title} ({card.year})"


def network(name: str, label: str, options: Sequence[str]) -> str:
    """Pick a network out of those found; the one that is open stays among them."""
    known = [each for each in zoo.names() if each in options or each == state.get(name)]
    return str(
        st.selectbox(label, known, state.index(name, known), format_func=title, key=state.key(name), on_change=forget_place)
    )


def forget_place() -> None:
    """Another network has other parts."""
    state.put("inside", "")
    state.put("block", None)


def filters() -> tuple[str, ...]:
    """Draw the filters; the networks that they leave."""
    st.text_input("Search", key=state.key("search"), placeholder="name, author, title", max_chars=SEARCH_CHARACTERS)
    with st.expander("Filter by year, idea and cost"):
        st.slider("Years", *state.bounds(), state.get("years"), key=state.key("years"))
        st.selectbox(
            "Idea",
            (state.ANY, *zoo.CATEGORIES),
            state.index("category", (state.ANY, *zoo.CATEGORIES)),
            format_func=lambda category: "any of the survey's seven" if category == state.ANY else category,
            key=state.key("category"),
            help="The seven ways in which networks were improved, after Khan et al. (2020).",
        )
        st.select_slider("Parameters, at most", state.PARAMS, state.get("params"), key=state.key("params"))
        st.select_slider("Multiply-adds, at most", state.MACS, state.get("macs"), key=state.key("macs"))
    names = found()
    st.caption(f"{len(names)} of {len(zoo.names())} networks match.")
    return names
