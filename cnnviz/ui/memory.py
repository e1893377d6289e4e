"""What widgets were set to, kept apart from them: Streamlit forgets a widget after a script run that did not draw it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import streamlit as st


@dataclass
class _Memory:
    """values: by widget key. alive: the keys that the last script run drew, or an interrupted one may not have come to; drawn:
    those of this run so far. ahead: the keys whose value here is newer than what their widget shows. sent: those whose widgets
    were set in a run that has not come to its end, so that the browser may have missed it."""

    values: dict[str, Any] = field(default_factory=dict)
    alive: set[str] = field(default_factory=set)
    drawn: set[str] = field(default_factory=set)
    ahead: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)


def _memory() -> _Memory:
    memory: _Memory = st.session_state.setdefault("memory", _Memory())
    return memory


@contextmanager
def script_run() -> Iterator[None]:
    """Around all that draws widgets: tells those of this run from what Streamlit still holds of earlier ones."""
    memory = _memory()
    try:
        yield
    except Exception:
        _completed(memory)
        raise
    _completed(memory)


def _completed(memory: _Memory) -> None:
    """Streamlit stops a run by a BaseException, and then forgets no widget."""
    memory.alive, memory.drawn, memory.sent = memory.drawn, set(), set()


def is_alive(key: str) -> bool:
    """Whether a widget with this key is on the page that the browser shows."""
    memory = _memory()
    return (key in memory.alive or key in memory.drawn) and key in st.session_state


def recall(key: str, default: Any = None) -> Any:
    """What the widget with this key is set to, or was when it was drawn last, else `default`."""
    memory = _memory()
    if is_alive(key) and key not in memory.ahead:
        memory.values[key] = st.session_state[key]
    return memory.values.get(key, default)


def put(key: str, value: Any) -> None:
    """Set a widget that this script run has not drawn yet, or will not draw."""
    memory = _memory()
    memory.values[key] = value
    memory.ahead.add(key)


def before_drawing(key: str, default: Any = None) -> Any:
    """Call right before a widget with this key is drawn: it will show what is remembered of it. Returns that value."""
    memory, value = _memory(), recall(key, default)
    memory.values[key] = value
    if key in memory.ahead | memory.sent or not is_alive(key):  # else left alone: a move may be on its way from the browser
        st.session_state[key] = value
        memory.ahead.discard(key)
        memory.sent.add(key)
    memory.drawn.add(key)
    return value
