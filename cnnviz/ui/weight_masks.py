"""What dropout and DropConnect leave of one layer's weights, drawn at the page's q; nothing is trained."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz.lessons import Lesson
from cnnviz.plots.weight_masks import INPUTS, OUTPUTS, WEIGHTS, draw, gone_whole, mask_on_weights, shares_told, told
from cnnviz.ui.picture import picture


@st.fragment
def weight_masks(lesson: Lesson, keep: float) -> None:
    """Draw a button and a switch beside three masks; keep: q."""
    key = f"{lesson.slug}.weight_masks"
    seed = int(st.session_state.setdefault(f"{key}.seed", 0))
    left, right = st.columns([1, 3], gap="medium")
    with left:
        st.button("Draw again", on_click=_next, args=(f"{key}.seed",), icon=":material/casino:", key=f"{key}.again")
        outputs_too = st.toggle("Drop outputs, too", False, key=f"{key}.outputs", persist_state="session")
        st.caption(f"W has {OUTPUTS} × {INPUTS} weights, a row for each output and a column for each input.")
        both_ends = "$M_{ij} = r_i c_j$, the coins of output *i* and input *j*"
        st.markdown(f"Dropout: {both_ends if outputs_too else '$M_{ij} = c_j$, the coin of input *j*'}")
        st.markdown("DropConnect: $M_{ij}$ is a coin of its own")
    masks = draw(keep, seed, outputs_too)
    effective, single = masks.effective, masks.weights
    shown = (
        ("dropout", effective, f"Dropout: {effective.sum()} of {WEIGHTS} kept", f"Units go: {gone_whole(effective)}."),
        ("connect", single, f"DropConnect: {single.sum()} of {WEIGHTS} kept", f"Weights go: {gone_whole(single)}."),
        (
            "none",
            np.ones_like(single),
            f"Neither: all {WEIGHTS} kept",
            "As in a test, which drops nothing.",
        ),
    )
    with right:
        st.markdown(f"**{told(masks, keep, outputs_too)}**")
        for place, (name, mask, title, takeaway) in zip(st.columns(3), shown, strict=True):
            with place:
                picture(mask_on_weights(mask, title), f"{key}.{name}", takeaway)
        st.caption(shares_told(keep, outputs_too))


def _next(key: str) -> None:
    st.session_state[key] += 1
