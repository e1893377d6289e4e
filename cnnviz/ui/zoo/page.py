"""The explorer's page: filters and what is picked at the left, the view that is chosen at the right."""

from __future__ import annotations

import streamlit as st

from cnnviz.ui.zoo import pick, state
from cnnviz.ui.zoo.network import one_network


def explorer() -> None:
    """Draw the explorer; the link holds its state."""
    state.start()
    left, stage = st.columns([1, 3], gap="medium")
    with left:
        names = pick.filters()
        name = pick.network("network", "Network", names)
    with stage:
        one_network(name)
    state.share()
