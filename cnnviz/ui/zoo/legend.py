"""A chart's legend as words of the page, so that it breaks into lines where the page is narrow."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

STYLE = """<style>
.cnnviz-legend { font-size: 0.85rem; }
.cnnviz-legend span { white-space: nowrap; margin-right: 0.9rem; }
.cnnviz-legend i { display: inline-block; width: 0.8rem; height: 0.8rem; border-radius: 2px; margin-right: 0.35rem;
  border: 1px solid color-mix(in srgb, currentColor 60%, transparent); forced-color-adjust: none; }
</style>"""


def legend(words: Mapping[str, str]) -> None:
    """What each colour means."""
    spots = " ".join(f'<span><i style="background:{colour}"></i>{escape(text)}</span>' for colour, text in words.items())
    st.html(f'{STYLE}<div class="cnnviz-legend">{spots}</div>')
