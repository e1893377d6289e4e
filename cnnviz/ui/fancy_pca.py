"""Fancy PCA on photographs: λ and p in numbers, α by slider or drawn, a photograph and its cloud of colours before and after."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from cnnviz.engine.augment.colour import Axes, principal_axes, with_alphas
from cnnviz.engine.photographs import axes_of, photographs, visible
from cnnviz.lessons import Lesson
from cnnviz.plots.colours import rgb_cloud
from cnnviz.plots.numbers import number_text
from cnnviz.ui.own_picture import OWN, kept, photograph, picture_choice
from cnnviz.ui.picture import picture
from cnnviz.ui.table import numbers

REACH = 10.0  # of α, to each side
SPREADS = (0.1, 0.5, 1.0, 3.0)
FIRST = "flower"


@st.fragment
def fancy_pca(lesson: Lesson) -> None:
    """Draw controls, numbers and pictures; nothing is trained."""
    left, right = st.columns([1, 3], gap="medium")
    keys = [f"{lesson.slug}.fancy.alpha{number}" for number in (1, 2, 3)]
    with left:
        name = picture_choice(st.container(), "Photograph", f"{lesson.slug}.fancy.name", FIRST)
        whole = st.radio(
            "Covariance over",
            ("all five photographs", "this one"),
            key=f"{lesson.slug}.fancy.over",
            horizontal=True,
            persist_state="session",
        )
        for number, key in enumerate(keys):
            st.session_state.setdefault(key, 3.0 if number == 0 else 0.0)
            st.slider(
                f"α{'₁₂₃'[number]}", -REACH, REACH, float(st.session_state[key]), step=0.1, key=key, persist_state="session"
            )
        spread = st.select_slider("σ of α", SPREADS, 1.0, key=f"{lesson.slug}.fancy.spread", persist_state="session")
        st.button("Draw α anew", on_click=_drawn, args=(keys, spread), icon=":material/casino:")
    over = tuple(photographs()) if whole == "all five photographs" else (name,)
    values, vectors = _axes(over)
    alphas = tuple(float(st.session_state[key]) for key in keys)
    with right:
        st.markdown(f"**Every pixel: {_told(vectors @ (alphas * values))}, of a range from 0 to 1**")
        for column, title, moved in zip(st.columns(2), ("Before", "After"), (None, alphas), strict=True):
            with column:
                shown = visible(_moved(name, over, moved))[0]
                st.image(shown, caption=title, width=256, alt=f"{name.capitalize()}, {title.lower()}")
                picture(_cloud(name, over, moved), f"{lesson.slug}.fancy.{title}", _takeaway(title))
        numbers(
            {
                "i": ["1", "2", "3"],
                "λ": [number_text(value) for value in values],
                "p: red, green, blue": [", ".join(number_text(part) for part in vector) for vector in vectors.T],
                "α": [number_text(alpha) for alpha in alphas],
                "αλ": [number_text(part) for part in alphas * values],
            }
        )


def _axes(over: tuple[str, ...]) -> Axes:
    """Of these photographs' colours, or of the learner's own picture's."""
    return principal_axes(photograph(OWN).astype(np.float64)) if OWN in over else axes_of(over)


def _moved(name: str, over: tuple[str, ...], alphas: tuple[float, ...] | None) -> NDArray[np.float32]:
    """A picture (1, 3, H, W), moved along the axes of some by α, or as it is."""
    before = photograph(name)
    return before if alphas is None else with_alphas(before, np.array([alphas]), _axes(over))


def _cloud(name: str, over: tuple[str, ...], alphas: tuple[float, ...] | None) -> go.Figure:
    """Its cloud, kept: Plotly takes long over fifteen hundred colours, and the script runs at every touch of the page."""
    own = kept() if name == OWN else None
    return _own_cloud(own.digest, over, alphas) if own else _photographs_cloud(name, over, alphas)


@lru_cache(maxsize=16)  # half a megabyte each
def _photographs_cloud(name: str, over: tuple[str, ...], alphas: tuple[float, ...] | None) -> go.Figure:
    return _chart(name, over, alphas)


@st.cache_resource(max_entries=4, scope="session", show_spinner=False)
def _own_cloud(digest: str, over: tuple[str, ...], alphas: tuple[float, ...] | None) -> go.Figure:
    """Of the learner's own picture with that digest, kept for that learner alone."""
    return _chart(OWN, over, alphas)


def _chart(name: str, over: tuple[str, ...], alphas: tuple[float, ...] | None) -> go.Figure:
    values, vectors = _axes(over)
    image = _moved(name, over, alphas)[0]
    if alphas is None:
        return rgb_cloud("cloud_before", image, values, vectors)
    return rgb_cloud("cloud_after", image, values, vectors, vectors @ (alphas * values))


def _drawn(keys: list[str], spread: float) -> None:
    """New α for every slider, within its reach."""
    for key, alpha in zip(keys, np.random.default_rng().normal(0, spread, 3), strict=True):
        st.session_state[key] = float(np.clip(round(float(alpha), 1 if spread >= 1 else 2), -REACH, REACH))


def _told(added: np.ndarray) -> str:
    """What every pixel gets, in words."""
    return ", ".join(
        f"{channel} {'+' if part >= 0 else ''}{number_text(part)}"
        for channel, part in zip(("red", "green", "blue"), added, strict=True)
    )


def _takeaway(title: str) -> str:
    if title == "Before":
        return "Each point is a pixel in its own colour. Lines: p₁ solid, p₂ dashed, p₃ dotted, 2√λ to each side. Drag to turn."
    return "The whole cloud has moved by the same step, the blue arrow; its shape is what it was."
