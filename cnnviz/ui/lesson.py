"""The parts of a lesson page that are words: opening, theory, prediction, findings, things to try, references."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import nullcontext
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnnviz.engine.records import Recording
from cnnviz.lessons import Claim, Explorer, Lesson, Measured, Page, Prediction, TooClose, all_pages
from cnnviz.ui import link, memory
from cnnviz.ui.guesses import ask, judged, said

Recordings = Mapping[str, Recording]


@dataclass(frozen=True)
class Guess:
    """What a learner says to a question. asked: None where the starting point asks nothing; picked: the option's index, -1 for
    "would rather not", None until answered; card: the prediction's own place on the page, where its verdict belongs."""

    asked: Prediction | None
    picked: int | None
    card: DeltaGenerator

    @property
    def is_open(self) -> bool:
        return self.asked is not None and self.picked is None


def opening(lesson: Page) -> None:
    """Number, title and question, in one line where there is room."""
    with st.container(key="opening", horizontal=True, vertical_alignment="center"):
        st.title(f"{lesson.number} {lesson.title}", anchor=False)
        st.markdown(f"{lesson.question}")


def theory(place: DeltaGenerator, title: str, *parts: tuple[str, str]) -> None:
    """The mathematics, in its place: pairs of a formula (LaTeX) and what its symbols are on the plots."""
    with place.container(key="theory"):
        st.subheader(title, anchor=False)
        for formula, meaning in parts:
            left, right = st.columns([3, 2], vertical_alignment="center")
            left.latex(formula)
            right.markdown(meaning)


def predict(lesson: Lesson) -> Guess:
    """Ask the lesson's question before the run, in a row that later holds what the run says to it."""
    with st.container(key="prediction"):
        asked = lesson.asks(preset_of(lesson))
        if asked is None:
            st.caption("This starting point asks nothing beforehand. What it shows is measured under its charts.")
            return Guess(None, None, st.container())
        return Guess(asked, ask(_key(lesson), asked.question, asked.options), st.container())


def preset_of(lesson: Lesson) -> str:
    """The starting point that the page is about to show: its control's, or at first the link's."""
    key = f"{lesson.slug}.preset"
    params = st.query_params.to_dict()
    known = memory.recall(key)
    if known is None or (params and not memory.is_alive(key)):
        return link.read(params, lesson, ()).preset
    return str(known)


def is_open(lesson: Lesson) -> bool:
    """Whether the question is asked and not answered yet: until then the page gives nothing away."""
    return lesson.asks(preset_of(lesson)) is not None and memory.recall(_key(lesson)) is None


def _key(lesson: Lesson) -> str:
    return f"{lesson.slug}.guess"


def answered(guess: Guess, waits: str = "") -> bool:
    """Whether the prediction was answered, passed over, or never asked: what gives its answer away is not to be seen before.
    waits: what is said to wait until then."""
    if guess.is_open and waits:
        st.info(f"{waits} as soon as you have answered the question at the top, or passed it over.")
    return not guess.is_open


def remark(guess: Guess, text: str) -> None:
    """What is known besides what was measured, and gives the prediction's answer away."""
    if answered(guess):
        st.caption(text)


def findings(lesson: Lesson, recordings: Recordings, guess: Guess) -> None:
    """Each claim, measured on the recordings that the panel shows, the first in view; the prediction's verdict into its card."""
    altered = any(recording.altered for recording in recordings.values())
    with st.container(key="findings"):
        if guess.is_open:
            st.caption("What was measured appears here once you have answered the question at the top, or passed it over.")
        elif altered:
            st.caption("This run's learning rate was set by hand, so its claims are not judged. Restart runs it as set.")
        elif not recordings:
            st.caption("Each claim is checked here against the numbers of your own run, once it has ended. Train starts one.")
        else:
            _claims(lesson, recordings)
    if guess.asked is not None and guess.picked is not None:
        guess.card.markdown(_verdict(guess.asked, {} if altered else recordings, guess.picked))


def _claims(lesson: Lesson, recordings: Recordings) -> None:
    measured = [(claim, claim.measure(recordings)) for claim in lesson.claims]
    decided = [(claim, result) for claim, result in measured if result is not None]
    more = decided[1:]
    for claim, result in decided[:1]:
        finding(claim, result)
    holding = sum(result.holds for _claim, result in more)
    with st.expander(f"{len(more)} more measured here: {holding} of {len(more)} hold") if more else nullcontext():
        for claim, result in more:
            finding(claim, result)
        _elsewhere(lesson, {claim.preset for claim, result in measured if result is None})


def _verdict(asked: Prediction, recordings: Recordings, picked: int) -> str:
    begun = said(asked.options, picked)
    right = asked.answer(recordings) if recordings else None
    if right is None:
        waits = "The run will say: press Train" if not recordings else "With these settings the run does not decide it"
        return f"{begun}. {waits}. *{asked.question}*"
    if isinstance(right, TooClose):
        return (
            f"{begun}; **too close to call**. {right.sentence} So small a difference is chance: another seed may turn it round."
        )
    return f"{judged(asked.options, picked, right, 'run')} {asked.because[right]}"


def finding(claim: Claim, measured: Measured) -> None:
    """One claim, whether it holds, and its numbers."""
    icon, colour, verdict = (
        (":material/check_circle:", "green", "holds") if measured.holds else (":material/help:", "orange", "not in this run")
    )
    ask = f" {claim.ask}" if claim.ask and not measured.holds else ""
    st.markdown(f":{colour}[{icon} **{verdict}**] {claim.text}  \n{measured.sentence}{ask}")


def _elsewhere(lesson: Lesson, silent: Collection[str]) -> None:
    """Which starting points show the claims that this run says nothing about; silent: their names."""
    titles = [f"*{lesson.presets[name].title}*" for name in lesson.presets if name in silent]
    if titles:
        st.caption(f"More to be measured with {', '.join(titles)} under “Start from”.")


def try_this(page: Explorer) -> None:
    """Two or three things to look for next."""
    st.subheader("Try this", anchor=False)
    for number, task in enumerate(page.try_this, start=1):
        st.markdown(f"{number}. {task}")


def read_more(lesson: Page) -> None:
    """The papers, and the pages before and after."""
    for paper in lesson.references:
        what = f" {paper.what}" if paper.what else ""
        st.markdown(f"- {paper.authors} ({paper.year}). [{paper.title}]({paper.link}).{what}")
    _neighbours(lesson)


def _neighbours(lesson: Page) -> None:
    order = list(all_pages().values())
    place = next(i for i, other in enumerate(order) if other.slug == lesson.slug)
    around = [("Before", order[place - 1])] if place else []
    around += [("Next", order[place + 1])] if place + 1 < len(order) else []
    for word, other in around:
        st.page_link(page_file(other), label=f"{word}: {other.number} {other.title}")


def page_file(lesson: Page) -> str:
    """The page that a lesson or an explorer is on, as Streamlit wants it."""
    from cnnviz.settings import ROOT

    return str(ROOT / "pages" / f"{lesson.number}_{lesson.slug}.py")
