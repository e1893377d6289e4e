"""A setting of several numbers that is drawn as a curve: by mouse, finger or pen, or point by point with the arrow keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

import streamlit as st

from cnnviz.engine.experiment import ExperimentError, rule
from cnnviz.plots.numbers import number_text
from cnnviz.ui import memory
from cnnviz.ui.panel import component

HOW = "Drag across to draw the curve, or Tab to a point and press ↑ or ↓."

_curve = component("cnnviz_curve", "curve.js", "cnnviz-curve-place", preload=(), style="curve.css")


def draw_curve(key: str, name: str, colours: Sequence[str]) -> None:
    """The heights that are remembered under this key, from left to right; colours: of the variants that are to fit them.

    What the browser says it has drawn is taken where it fits the rule of the setting `name`.
    """
    setting, own = rule(name), f"{key}.drawn"
    heights = memory.recall(key)

    def take() -> None:
        drawn = st.session_state[own].get("drawn")
        with suppress(ExperimentError):  # of what is not from our script; the heights before stay
            memory.put(key, setting.check(name, drawn.get("heights") if isinstance(drawn, Mapping) else None))

    data = {
        "setting": name,
        "label": setting.label,
        "how": HOW,
        "heights": list(heights),
        "low": setting.low,
        "high": setting.high,
        "places": [number_text(-1 + 2 * place / (len(heights) - 1)) for place in range(len(heights))],
        "colours": list(colours),
    }
    _curve(key=own, data=data, on_drawn_change=take)
