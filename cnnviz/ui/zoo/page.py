"""The explorer's page: filters and what is picked at the left, the view that is chosen at the right."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from cnnviz.engine.records import Recording
from cnnviz.lessons import Explorer
from cnnviz.ui.zoo import pick, state
from cnnviz.ui.zoo.all import all_networks
from cnnviz.ui.zoo.lecture import lecture
from cnnviz.ui.zoo.network import one_network
from cnnviz.ui.zoo.questions import questions, verdicts
from cnnviz.ui.zoo.two import two_networks


def explorer(page: Explorer) -> None:
    """Draw the explorer; the link holds its state."""
    state.start()
    asked = questions(page)
    left, stage = st.columns([1, 3], gap="medium")
    with left:
        view = st.radio(
            "View",
            list(state.VIEWS),
            state.index("view", list(state.VIEWS)),
            format_func=lambda name: state.VIEWS[name],
            key=state.key("view"),
        )
        names = pick.filters() if view != "lecture" else ()
        name = pick.network("network", "Network A" if view == "two" else "Network", names) if view != "lecture" else ""
        other = pick.network("other", "Network B", names) if view == "two" else ""
    timed: Mapping[str, Recording] = {}
    with stage:
        if view == "network":
            one_network(page, name)
        elif view == "two":
            timed = two_networks(page, name, other)
        elif view == "all":
            all_networks(names, name)
        else:
            lecture()
    verdicts(asked, timed)
    state.share()
