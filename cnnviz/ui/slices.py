"""A section that a lesson may have: slices through the loss surface of the nets on its page, computed when asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Recording
from cnnviz.lessons import Claim, Lesson
from cnnviz.plots.surface import accuracy_along_line, loss_along_line, loss_plane
from cnnviz.plots.training import accuracy_over_steps, loss_over_steps
from cnnviz.ui.controls import Knobs
from cnnviz.ui.lesson import finding
from cnnviz.ui.live import Tabs, live

SLICE_SETTINGS = (
    "surface_slice", "surface_statistics", "surface_reach", "surface_points", "surface_examples", "surface_seed",
)  # fmt: skip


def slices(
    lesson: Lesson, knob: Knobs, variants: Mapping[str, Experiment], claims: Sequence[Claim] = (), classes: int = 10
) -> Mapping[str, Recording]:
    """Draw controls, panel and what was measured; the recordings that the panel shows. The page's controls name SLICE_SETTINGS
    among theirs, so that its link holds them."""
    st.subheader("A slice through the loss surface", anchor=False)
    st.markdown(
        "The loss is a surface over all weights. Here each net is trained once more, as above, then moved away from where it "
        "ended: along random directions in which **every filter moves in proportion to its own norm**. Without that, a net with "
        "large weights would look flatter merely because the same step means less to it."
    )
    left, stage = st.columns([1, 3], gap="medium")
    with left:
        shape = knob.choice("surface_slice")
        knob.choice("surface_statistics")
        reach = knob.slider("surface_reach", low=0.1, high=3)
        knob.slider("surface_points", low=4, high=20)
        with st.expander("More settings"):
            knob.slider("surface_examples", low=64, high=1_024)
            knob.slider("surface_seed", high=20)
    with stage:
        recordings = live(lesson, knob.sliced(variants), _tabs(shape, classes, reach), part="surface", verb="Compute")
    for claim in claims:
        measured = claim.measure(recordings)
        if measured is not None:
            finding(claim, measured)
    st.caption(
        "What it can't show: two directions out of thousands. A valley that is wide here may be narrow along another, so try "
        "other seeds of the directions before you believe a picture."
    )
    return recordings


def _tabs(shape: str, classes: int, reach: float) -> Tabs:
    along = (partial(loss_along_line, classes=classes), accuracy_along_line)
    plane: Tabs = {"Plane": (partial(loss_plane, classes=classes, reach=reach),)} if shape == "plane" else {}
    return {**plane, "Line": along, "Training": (partial(loss_over_steps, classes=classes), accuracy_over_steps)}
