"""What widgets were set to, kept apart from them: Streamlit forgets a widget after a script run that did not draw it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

_NOTHING = object()


@dataclass
class _Memory:
    """values: by widget key. alive: the keys that the last script run drew, or an interrupted one may not have come to; drawn:
    those of this run so far. ahead: the keys whose value here is newer than what their widget shows. sent: what those widgets
    showed before that were set in the last run. The browser may have missed it: a script run that begins drops what is still to
    be sent of the one before."""

    values: dict[str, Any] = field(default_factory=dict)
    alive: set[str] = field(default_factory=set)
    drawn: set[str] = field(default_factory=set)
    ahead: set[str] = field(default_factory=set)
    sent: dict[str, Any] = field(default_factory=dict)


def _memory() -> _Memory:
    memory: _Memory = st.session_state.setdefault("memory", _Memory())
    return memory


@contextmanager
def script_run() -> Iterator[None]:
    """Around all that draws widgets: tells those of this run from what Streamlit still holds of earlier ones."""
    memory = _memory()
    memory.ahead |= _missed(memory)
    memory.sent = {}
    try:
        yield
    except Exception:
        _completed(memory)
        raise
    _completed(memory)


def _missed(memory: _Memory) -> set[str]:
    """The widgets that were set in the last run where the browser still shows all of them as they were before. One alone may
    have been moved back by hand."""
    before = {
        key: shown
        for key, shown in memory.sent.items()
        if key in st.session_state and shown not in (_NOTHING, memory.values[key])
    }
    missed = len(before) > 1 and all(st.session_state[key] == shown for key, shown in before.items())
    return {*before} if missed else set()


def _completed(memory: _Memory) -> None:
    """Streamlit stops a run by a BaseException, and then forgets no widget."""
    memory.alive, memory.drawn = memory.drawn, set()


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
    """Call right before a widget with this key is drawn: it will show what is remembered of it. Returns that value, which must
    be the widget's default, too: a browser that never heard of the widget shows its default."""
    memory, value = _memory(), recall(key, default)
    memory.values[key] = value
    if key in memory.ahead or not is_alive(key):  # else left alone: a move may be on its way from the browser
        memory.sent[key] = st.session_state.get(key, _NOTHING)
        st.session_state[key] = value
        memory.ahead.discard(key)
    memory.drawn.add(key)
    return value
