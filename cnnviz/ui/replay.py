"""A stored recording that plays by itself, for pages that show before they ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import plotly
import streamlit as st

from cnnviz import store
from cnnviz.lessons import Lesson
from cnnviz.live.channel import encode
from cnnviz.plots.live_plot import LivePlot
from cnnviz.plots.theme import variant_colour
from cnnviz.ui import link
from cnnviz.ui.controls import describe
from cnnviz.ui.panel import component

_replay = component("cnnviz_replay", "replay.js", "cnnviz-small")


def replay(lesson: Lesson, *plots: Callable[[Sequence[str]], LivePlot]) -> None:
    """Play the lesson's first preset in these plots, from what is stored; it draws nothing where nothing is."""
    variants = lesson.presets[link.first(lesson)].variants
    stored = {letter: experiment.key() for letter, experiment in variants.items() if store.shared().has(experiment.key())}
    if not stored:
        st.info("The recording that plays here is missing: `python -m cnnviz record-assets` makes it.")
        return
    drawn = encode([plot(tuple(stored)).to_json() for plot in plots])
    data = {
        "plots": drawn,
        "stored": stored,
        "labels": describe({letter: variants[letter] for letter in stored}),
        "colours": {letter: variant_colour(letter) for letter in stored},
        "plotly": plotly.__version__,
    }
    _replay(data=data, key=f"{lesson.slug}.replay")
