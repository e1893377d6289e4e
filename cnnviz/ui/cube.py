"""The opened cube on a page: a click on a value, or three sliders, picks it; what is normalised with it lights up."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz.lessons import Lesson
from cnnviz.plots.norm_cube import SHAPE, Cell, norm_cube, told
from cnnviz.ui.words import words

NORMS = ("batch", "layer", "instance", "group", "none")
ACTING = NORMS[:4]
PLACES = ("Example", "Channel", "Position")


def cube(lesson: Lesson) -> None:
    """Draw the controls and the picture; nothing is trained."""
    keys = [f"{lesson.slug}.cube.{place}" for place in PLACES]
    left, right = st.columns([1, 3], gap="medium")
    with left:
        norm = str(st.selectbox("Norm", NORMS, format_func=words, key=f"{lesson.slug}.cube.norm", persist_state="session"))
        groups = int(st.select_slider("Groups", (1, 2, 3, 6), 2, key=f"{lesson.slug}.cube.groups", persist_state="session"))
        for place, key, count in zip(PLACES, keys, SHAPE, strict=True):
            st.session_state.setdefault(key, 2)
            st.slider(place, 1, count, int(st.session_state[key]), key=key, persist_state="session")
    example, channel, position = (int(st.session_state[key]) - 1 for key in keys)
    chart_key = f"{lesson.slug}.cube.chart"

    def picked() -> None:
        points = st.session_state[chart_key].selection.points
        if points:
            for key, place in zip(keys, np.unravel_index(points[0]["point_index"], SHAPE), strict=True):
                st.session_state[key] = int(place) + 1

    with right:
        st.markdown(f"**{told(norm, (example, channel, position), groups)}**")
        st.plotly_chart(
            norm_cube(norm, (example, channel, position), groups),
            theme=None,
            key=chart_key,
            width="stretch",
            on_select=picked,
            selection_mode="points",
            config={"displaylogo": False, "displayModeBar": False},
            alt=f"The cube, opened into its examples. {told(norm, (example, channel, position), groups)}",
        )
        st.caption(
            "The cube of N examples × C channels × H·W positions, opened into its examples. Yellow is the value that is picked: "
            "click another, or use the sliders. Filled squares share their mean and variance with it. Weight and spectral norm "
            "light nothing here: they change weights, of one unit or of the whole layer."
        )
    _all_together(lesson, (example, channel, position), groups)


def _all_together(lesson: Lesson, cell: Cell, groups: int) -> None:
    """The four norms of activations beside each other, for the same value."""
    st.markdown("**All together**: the same value under the four norms that act on activations")
    for column, norm in zip(st.columns(len(ACTING), gap="small"), ACTING, strict=True):
        column.plotly_chart(
            norm_cube(norm, cell, groups, small=True),
            theme=None,
            key=f"{lesson.slug}.cube.{norm}",
            width="stretch",
            config={"staticPlot": True},
            alt=told(norm, cell, groups),
        )
        column.caption(told(norm, cell, groups))
