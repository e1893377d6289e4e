"""A figure that is drawn once and plays by itself: for what is not a run that grows."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st


def picture(figure: go.Figure, key: str, takeaway: str) -> None:
    """Draw a figure whose data change seldom, and below it, in a sentence, how to read it."""
    config = {"displaylogo": False, "displayModeBar": False}
    st.plotly_chart(figure, theme=None, key=key, width="stretch", config=config, alt=takeaway)
    st.caption(takeaway)
