"""The live panel on a page: offers what Train would run, shows stored recordings first, and gives back what was recorded."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from cnnviz import store
from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.records import Recording
from cnnviz.lessons import Lesson
from cnnviz.live import offers
from cnnviz.plots.live_plot import LivePlot
from cnnviz.runners import local
from cnnviz.ui import link
from cnnviz.ui.controls import describe
from cnnviz.ui.panel import panel

FRESH = {"steps": 0, "snapshots": 2, "histograms": 0, "evaluations": 0}  # of a run that only looks
Tabs = Mapping[str, Sequence[Callable[[Sequence[str]], LivePlot]]]


def learner() -> str:
    """An unguessable name for this browser session, by which the runner is fair."""
    return str(st.session_state.setdefault("learner", secrets.token_urlsafe(12)))


def live(
    lesson: Lesson,
    variants: Mapping[str, Experiment],
    tabs: Tabs,
    *,
    instant: bool = False,
    part: str = "",
    verb: str = "Train",
) -> Mapping[str, Recording]:
    """Draw the panel for these variants; the recordings of the finished run that it shows, else the stored ones.

    tabs: plot functions by tab, at most four each. Nothing here waits for training: the browser talks to the run by itself.
    instant: the panel shows the fresh networks only, and measures them by itself whenever the settings change.
    part: names a further panel of the page, whose run goes on beside the page's own; verb: what its button says.
    """
    labels = describe(variants)
    stored = _stored(variants)
    if instant:
        measured = {letter: replace(experiment, **FRESH) for letter, experiment in variants.items()}
        variants, stored = measured, _stored(measured) or stored
    part = "fresh" if instant else part
    page = f"{lesson.slug}.{part}" if part else lesson.slug
    first = next(iter(variants.values()))
    shown = panel(
        page=page,
        offer=offers.shared.make(variants, learner(), page, labels),
        tabs={tab: [plot(tuple(variants)) for plot in plots] for tab, plots in tabs.items()},
        labels=labels,
        stored=stored,
        steps=first.total_steps,
        lr=first.optimiser.lr,
        watch=link.followed(st.query_params.to_dict()) if instant or not part else None,
        key=f"{page}.panel",
        instant=instant,
        part=part,
        verb=verb,
    )
    run = local.shared().find(shown.run) if shown.run else None
    if run is not None:
        return run.recordings() if run.ended else {}
    return _loaded(stored)


def _stored(variants: Mapping[str, Experiment]) -> dict[str, str]:
    """The recording keys of the variants by letter, where there is one for each, else {}."""
    keys = {letter: experiment.key() for letter, experiment in variants.items()}
    return keys if all(store.shared().has(key) for key in keys.values()) else {}


def _loaded(stored: Mapping[str, str]) -> dict[str, Recording]:
    found = {letter: store.shared().get(key) for letter, key in stored.items()}
    return {letter: recording for letter, recording in found.items() if recording is not None}
