"""The live panel on a page: offers what Train would run, shows stored recordings first, and gives back what was recorded."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from cnnviz import store
from cnnviz.engine.experiment import Experiment, replace
from cnnviz.engine.records import Recording
from cnnviz.lessons import Lesson, Page
from cnnviz.live import offers
from cnnviz.live.offers import Announcement, Offer
from cnnviz.plots.live_plot import LivePlot
from cnnviz.runners import local
from cnnviz.ui import link, memory
from cnnviz.ui.controls import FRESH, Knobs, describe, looked_at
from cnnviz.ui.lesson import is_open
from cnnviz.ui.panel import Fresh, Held, PanelData, announcement, panel

Tabs = Mapping[str, Sequence[Callable[[Sequence[str]], LivePlot]]]
Variants = Mapping[str, Experiment]
BEGUN = {**FRESH, "histograms": 1, "evaluations": 1}  # of what a run begins with: all that its charts show of step 0


def learner() -> str:
    """An unguessable name for this browser session, by which the runner is fair."""
    return str(st.session_state.setdefault("learner", secrets.token_urlsafe(12)))


def live(
    lesson: Page,
    variants: Variants,
    tabs: Tabs | Callable[[Variants], Tabs],
    *,
    instant: bool = False,
    fresh: bool = False,
    follows: Knobs | None = None,
    part: str = "",
    verb: str = "Train",
) -> Mapping[str, Recording]:
    """Draw the panel for these variants; the recordings of the finished run that it shows, else the stored ones.

    tabs: plot functions by tab, at most four each; a function of the variants where they depend on more than the letters.
    Nothing here waits for training: the browser talks to the run by itself.
    instant: the panel shows the fresh networks only, and measures them by itself whenever the settings change. fresh: it does so
    while there is neither a run nor a recording of them; what is returned and what Train starts are as ever. follows: the
    controls whose sliders it follows while they move, those after `Knobs.instant`; it has this script run once they rest.
    part: names a further panel of the page, whose run goes on beside the page's own; verb: what its button says.
    """
    part = "fresh" if instant else part
    page = f"{lesson.slug}.{part}" if part else lesson.slug
    who = learner()
    watch = link.followed(st.query_params.to_dict()) if instant or not part else None
    sliders = dict(follows.sliders) if follows else None
    held = _held(lesson) if part in ("", "fresh") else ""
    opens = _opens(lesson)

    def offered(asked: Variants) -> Offer:
        return offers.shared.make(asked, who, page, describe(asked), outlook if instant or fresh else None)

    def begun(asked: Variants) -> Fresh | None:
        looked = beginning(asked) if fresh and not watch else {}
        return Fresh(offers.shared.make(looked, who, f"{page}.fresh", describe(looked)), _stored(looked)) if looked else None

    def told(offer: Offer, stored: Mapping[str, str]) -> PanelData:
        return PanelData(
            offer,
            _plots(tabs, offer.variants),
            stored,
            watch=watch,
            instant=instant,
            part=part,
            verb=verb,
            sliders=sliders,
            opens=opens,
            held=held,
            fresh=begun(offer.variants),
        )

    def outlook(asked: Variants) -> Announcement:
        offer, stored = offered(asked), _stored(asked)
        return announcement(offer, instant and not stored, lambda: told(offer, stored))

    asked = looked_at(variants) if instant else variants
    stored = _stored(asked) or (_stored(variants) if instant else {})
    given = told(offered(asked), stored)
    shown = panel(given)
    run = local.shared().find(shown.run) if shown.run else None
    if run is not None:
        return run.recordings() if run.ended else {}
    return _loaded(given.stored)


def beginning(variants: Variants) -> dict[str, Experiment]:
    """The networks that a run of the variants begins with, looked at only; {} where there is more to it:
    a sweep, a calculation, pre-training, or a slice through the loss surface."""
    if any(it.sweep.runs or it.calculation.calculation != "none" for it in variants.values()):
        return {}
    looked = {letter: replace(experiment, **BEGUN) for letter, experiment in variants.items()}
    return {} if any(it.total_steps for it in looked.values()) else looked


def _plots(tabs: Tabs | Callable[[Variants], Tabs], variants: Variants) -> dict[str, list[LivePlot]]:
    by_tab = tabs(variants) if callable(tabs) else tabs
    return {tab: [plot(tuple(variants)) for plot in plots] for tab, plots in by_tab.items()}


def _opens(lesson: Page) -> tuple[str, str]:
    """The page's starting point and the tab that it speaks of."""
    name = str(memory.recall(f"{lesson.slug}.preset", ""))
    return name, lesson.presets[name].tab if isinstance(lesson, Lesson) and name in lesson.presets else ""


def _held(lesson: Page) -> Held:
    """How much of a stored recording may be seen before the page's question is answered."""
    if not isinstance(lesson, Lesson) or not is_open(lesson):
        return ""
    return "all" if lesson.prediction.at_start else "end"


def _stored(variants: Variants) -> dict[str, str]:
    """The recording keys of the variants by letter, where there is one for each, else {}."""
    keys = {letter: experiment.key() for letter, experiment in variants.items()}
    return keys if all(store.shared().has(key) for key in keys.values()) else {}


def _loaded(stored: Mapping[str, str]) -> dict[str, Recording]:
    found = {letter: store.shared().get(key) for letter, key in stored.items()}
    return {letter: recording for letter, recording in found.items() if recording is not None}
