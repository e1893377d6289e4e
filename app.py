"""The ASGI app: Streamlit's pages, and beside them the live channel and the training processes. `streamlit run app.py`."""

from __future__ import annotations

import gc
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pandas  # noqa: F401  # a page's first chart loads it, and Plotly in another learner's thread fails on it half loaded
import streamlit as st

from cnnviz import heap, lessons, store
from cnnviz.live.routes import plotly_script, routes
from cnnviz.plots.gradients import gradient_by_layer
from cnnviz.runners import local


def warm() -> None:
    """What the first visitor would wait for: lessons, Plotly with what it checks figures by, its script compressed. Then the
    training processes: torch, which each of them loads for seconds, would hold up the first page.

    What is there by then stays, so the garbage collector need not look through it each time that it stops every page.
    """
    lessons.all_lessons()
    gradient_by_layer(("A", "B"))
    plotly_script()
    local.shared().start()
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Prepare for the first visitor, and start the training processes, with the server; end them with it."""
    threading.Thread(target=warm, name="warm", daemon=True).start()
    try:
        yield
    finally:
        local.shared().close()


heap.share_arenas()
app = st.App(
    "cnnviz/ui/site.py",
    lifespan=lifespan,
    routes=routes(local.shared(), store.shared(), base_path=st.get_option("server.baseUrlPath") or ""),
)
