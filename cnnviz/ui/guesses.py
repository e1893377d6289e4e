"""Questions asked before one looks, and their guesses: they survive a reload, for the browser keeps them in its own storage."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cnnviz.ui import memory
from cnnviz.ui.panel import component

SHOW_ME = "I would rather not guess"

_guesses = component("cnnviz_guess", "guess.js", "cnnviz-nowhere", preload=())


def keep_guess(key: str, guess: str | None, options: Sequence[str]) -> None:
    """Have the browser remember what the widget with this key was set to; on a first visit, set it to what it remembers."""
    own = f"{key}.kept"

    def restore() -> None:
        remembered = st.session_state[own].get("remembered")
        if remembered in options and memory.recall(key) is None:
            memory.put(key, remembered)

    _guesses(key=own, data={"key": key, "guess": guess}, on_remembered_change=restore)


def ask(key: str, question: str, options: Sequence[str]) -> int | None:
    """Options as pills: the place of the one that was picked, -1 for "would rather not", None until answered."""
    shown = [*options, SHOW_ME]
    before = memory.before_drawing(key)
    picked = st.pills(
        f"**Predict first.** {question}",
        shown,
        default=before,
        key=key,
        label_visibility="visible" if before is None else "collapsed",
        wrap=True,
    )
    keep_guess(key, picked, shown)
    if picked is None:
        return None
    return options.index(picked) if picked in options else -1


def said(options: Sequence[str], picked: int) -> str:
    """How a verdict begins."""
    return "You did not guess" if picked < 0 else f"You said **{options[picked]}**"


def judged(options: Sequence[str], picked: int, right: int, judge: str) -> str:
    """The guess beside what is right; judge: who says so, in a word."""
    agrees = f"and the {judge} agrees" if picked == right else f"the {judge} says **{options[right]}**"
    return f"{said(options, picked)}; {agrees}."
