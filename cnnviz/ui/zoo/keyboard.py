"""The drawing of a network by keyboard: its blocks take the focus, arrows lead from one to the next, Enter picks one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import plotly.graph_objects as go
import streamlit as st

from cnnviz.plots.architecture import told
from cnnviz.ui.panel import component
from cnnviz.zoo import Row
from cnnviz.zoo.graph import Part, laid_out, moves

_blocks = component("cnnviz_blocks", "blocks.js", "cnnviz-unseen")


def by_keyboard(
    key: str,
    frame: str,
    chart: go.Figure,
    rows: Sequence[Row],
    parts: Sequence[Part],
    picked: int | None,
    on_pick: Callable[[int], None],
    linked: bool = False,
) -> None:
    """Let the bars of a drawn network be reached. frame: the key of the container that the chart is in; picked: a part's place;
    on_pick: called with the one that Enter picks. linked: whether a link led to it: the page then goes there, once."""

    def changed() -> None:
        place = st.session_state[key].get("picked")
        if isinstance(place, int) and 0 <= place < len(parts):
            on_pick(place)

    data = {
        "frame": f"st-key-{frame.replace('.', '-')}",
        "traces": [list(trace.customdata) for trace in chart.data if trace.type == "bar"],
        "words": [", ".join(dict.fromkeys(told(rows, part))) for part in parts],
        "moves": list(moves(laid_out(parts))),
        "picked": picked,
        "linked": linked,
    }
    _blocks(data=data, key=key, on_picked_change=changed)
