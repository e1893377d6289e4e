"""The live panel on a page: offers what Train would run, shows stored recordings first, and gives back what was recorded."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

import streamlit as st

from cnnviz import store
from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Recording
from cnnviz.lessons import Lesson
from cnnviz.live import offers
from cnnviz.plots.live_plot import LivePlot
from cnnviz.runners import local
from cnnviz.ui.controls import describe
from cnnviz.ui.panel import panel


def learner() -> str:
    """An unguessable name for this browser session, by which the runner is fair."""
    return str(st.session_state.setdefault("learner", secrets.token_urlsafe(12)))


def live(lesson: Lesson, variants: Mapping[str, Experiment], plots: Mapping[str, Sequence[LivePlot]]) -> Mapping[str, Recording]:
    """Draw the panel for these variants; the recordings of the finished run that it shows, else the stored ones.

    plots: by tab, at most four each. Nothing here waits for training: the browser talks to the run by itself.
    """
    labels = describe(variants)
    stored = {letter: experiment.key() for letter, experiment in variants.items() if store.shared().has(experiment.key())}
    first = next(iter(variants.values()))
    shown = panel(
        page=lesson.slug,
        offer=offers.make(variants, learner(), lesson.slug, labels),
        tabs=plots,
        labels=labels,
        stored=stored if len(stored) == len(variants) else {},
        steps=first.steps,
        lr=first.optimiser.lr,
        watch=_followed(),
        key=f"{lesson.slug}.panel",
    )
    run = local.shared().find(shown.run) if shown.run else None
    if run is not None:
        return run.recordings() if run.ended else {}
    found = {letter: store.shared().get(key) for letter, key in stored.items()}
    return {letter: recording for letter, recording in found.items() if recording is not None}


def _followed() -> Mapping[str, str] | None:
    run, _, token = st.query_params.get("follow", "").partition(".")
    return {"run": run, "token": token} if run and token and len(token) < 100 else None
