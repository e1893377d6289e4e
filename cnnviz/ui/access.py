"""What Streamlit's own markup lacks for a keyboard and a screen reader, put there by a script on every page."""

from __future__ import annotations

from cnnviz.ui.panel import component

_access = component("cnnviz_access", "access.js", "cnnviz-nowhere", preload=())


def access() -> None:
    """Look after the page that is drawn; nothing of it is seen."""
    _access(key="access")
