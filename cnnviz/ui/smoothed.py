"""Label smoothing's targets on a page: two sliders, bars and curves that follow them; nothing is trained."""

from __future__ import annotations

import streamlit as st

from cnnviz.lessons import Lesson
from cnnviz.plots.targets import loss_by_gap, targets_by_class, told
from cnnviz.ui.picture import picture

EPSILONS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
GAPS = (r"\log \frac{(1 - \varepsilon)(K - 1)}{\varepsilon}", r"\log \Big(1 + \frac{(1 - \varepsilon)\, K}{\varepsilon}\Big)")


def smoothed_targets(lesson: Lesson) -> None:
    """Draw the sliders for ε and K beside the picture."""
    left, right = st.columns([1, 3], gap="medium")
    with left:
        epsilon = float(st.select_slider("ε", EPSILONS, 0.1, key=f"{lesson.slug}.targets.epsilon", persist_state="session"))
        classes = int(st.slider("K, classes", 2, 20, 10, key=f"{lesson.slug}.targets.classes", persist_state="session"))
        for formula in GAPS:
            st.latex(formula)
    with right:
        st.markdown(f"**{told(epsilon, classes)}**")
        bars, curves = st.columns(2)
        with bars:
            picture(
                targets_by_class(epsilon, classes),
                f"{lesson.slug}.targets.bars",
                "Bars are targets, diamonds the softmax of the logits that meet them.",
            )
        with curves:
            picture(
                loss_by_gap(epsilon, classes),
                f"{lesson.slug}.targets.losses",
                "What it costs that the true logit is so far ahead of all others; diamonds are the lowest points, by the "
                "formulas. Grey: hard targets, whose loss falls for ever.",
            )
