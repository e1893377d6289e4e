"""Guesses survive a reload: the browser keeps them in a storage of its own."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cnnviz.ui import memory
from cnnviz.ui.panel import component

_guesses = component("cnnviz_guess", "guess.js", "cnnviz-nowhere", preload=())


def keep_guess(key: str, guess: str | None, options: Sequence[str]) -> None:
    """Have the browser remember what the widget with this key was set to; on a first visit, set it to what it remembers."""
    own = f"{key}.kept"

    def restore() -> None:
        remembered = st.session_state[own].get("remembered")
        if remembered in options and memory.recall(key) is None:
            memory.put(key, remembered)

    _guesses(key=own, data={"key": key, "guess": guess}, on_remembered_change=restore)
