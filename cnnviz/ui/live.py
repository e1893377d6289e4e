"""The live panel on a page: offers what Train would run, shows stored recordings first, and gives back what was recorded."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from cnnviz import store
from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Recording
from cnnviz.lessons import Lesson
from cnnviz.live import offers
from cnnviz.plots.live_plot import LivePlot
from cnnviz.runners import local
from cnnviz.ui import link
from cnnviz.ui.controls import describe
from cnnviz.ui.panel import panel

Tabs = Mapping[str, Sequence[Callable[[Sequence[str]], LivePlot]]]


def learner() -> str:
    """An unguessable name for this browser session, by which the runner is fair."""
    return str(st.session_state.setdefault("learner", secrets.token_urlsafe(12)))


def live(lesson: Lesson, variants: Mapping[str, Experiment], tabs: Tabs) -> Mapping[str, Recording]:
    """Draw the panel for these variants; the recordings of the finished run that it shows, else the stored ones.

    tabs: plot functions by tab, at most four each. Nothing here waits for training: the browser talks to the run by itself.
    """
    labels = describe(variants)
    stored = {letter: experiment.key() for letter, experiment in variants.items() if store.shared().has(experiment.key())}
    first = next(iter(variants.values()))
    shown = panel(
        page=lesson.slug,
        offer=offers.make(variants, learner(), lesson.slug, labels),
        tabs={tab: [plot(tuple(variants)) for plot in plots] for tab, plots in tabs.items()},
        labels=labels,
        stored=stored if len(stored) == len(variants) else {},
        steps=first.total_steps,
        lr=first.optimiser.lr,
        watch=link.followed(st.query_params.to_dict()),
        key=f"{lesson.slug}.panel",
    )
    run = local.shared().find(shown.run) if shown.run else None
    if run is not None:
        return run.recordings() if run.ended else {}
    found = {letter: store.shared().get(key) for letter, key in stored.items()}
    return {letter: recording for letter, recording in found.items() if recording is not None}
