"""The parts of a lesson page that are words: opening, theory, prediction, findings, things to try, references."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Recording
from cnnviz.lessons import Claim, Lesson, Measured, Page, all_pages
from cnnviz.ui.code import code

Recordings = Mapping[str, Recording]
SHOW_ME = "I would rather not guess"


def opening(lesson: Page) -> None:
    """Chapter, title and question."""
    st.caption(f"{lesson.number} · {lesson.chapter}")
    st.title(lesson.title, anchor=False)
    st.markdown(f"**{lesson.question}**")


def theory(title: str, *parts: tuple[str, str]) -> None:
    """The mathematics: pairs of a formula (LaTeX) and what its symbols are on the plots."""
    st.subheader(title, anchor=False)
    for formula, meaning in parts:
        left, right = st.columns([3, 2], vertical_alignment="center")
        left.latex(formula)
        right.markdown(meaning)


def predict(lesson: Lesson) -> int | None:
    """Ask the lesson's question before the run; the index of the guess, -1 for "would rather not", None until answered."""
    asked = lesson.prediction
    options = [*asked.options, SHOW_ME]
    with st.container(border=True):
        picked = st.radio(
            f"**Predict first.** {asked.question}", options, index=None, horizontal=True, key=f"{lesson.slug}.guess"
        )
    if picked is None:
        return None
    return asked.options.index(picked) if picked in asked.options else -1


def answered(guess: int | None, waits: str = "") -> bool:
    """Whether the prediction was answered, or passed over: what gives its answer away is not to be seen before. waits: what is
    said to wait until then."""
    if guess is None and waits:
        st.info(f"{waits} as soon as you have answered the question at the top, or passed it over.")
    return guess is not None


def remark(guess: int | None, text: str) -> None:
    """What is known besides what was measured, and gives the prediction's answer away."""
    if answered(guess):
        st.caption(text)


def findings(lesson: Lesson, recordings: Recordings, guess: int | None) -> None:
    """The prediction's answer and each claim, measured on the recordings that the panel shows."""
    st.subheader("What was measured", anchor=False)
    if not recordings:
        st.info("Each claim is checked here against the numbers of your own run, once it has ended. Train starts one.")
        return
    if guess is None:
        st.info("Answer the question above first: what the run says about it appears here.")
        return
    _answer(lesson, recordings, guess)
    for claim in lesson.claims:
        measured = claim.measure(recordings)
        if measured is not None:
            finding(claim, measured)
    _elsewhere(lesson, recordings)


def _answer(lesson: Lesson, recordings: Recordings, guess: int) -> None:
    asked = lesson.prediction
    right = asked.answer(recordings)
    if right is None:
        st.info("This run can't answer the question asked above: it needs the starting point that the question is about.")
        return
    said = "You did not guess" if guess < 0 else f"You said **{asked.options[guess]}**"
    verdict = "and the run agrees" if guess == right else f"the run says **{asked.options[right]}**"
    st.markdown(f"{said}; {verdict}. {asked.because}")


def finding(claim: Claim, measured: Measured) -> None:
    """One claim, whether it holds, and its numbers."""
    icon, colour, verdict = (
        (":material/check_circle:", "green", "holds") if measured.holds else (":material/help:", "orange", "not in this run")
    )
    ask = f" {claim.ask}" if claim.ask and not measured.holds else ""
    st.markdown(f":{colour}[{icon} **{verdict}**] {claim.text}  \n{measured.sentence}{ask}")


def _elsewhere(lesson: Lesson, recordings: Recordings) -> None:
    """Which starting points show the claims that this run says nothing about."""
    silent = {claim.preset for claim in lesson.claims if claim.measure(recordings) is None}
    titles = [f"*{lesson.presets[name].title}*" for name in lesson.presets if name in silent]
    if titles:
        st.caption(f"More to be measured with {', '.join(titles)} under “Start from”.")


def closing(lesson: Lesson, variants: Mapping[str, Experiment]) -> None:
    """How every lesson ends: what to change next, the experiment on screen as code, where to read more."""
    try_this(lesson)
    code(lesson.slug, variants)
    read_more(lesson)


def try_this(lesson: Page) -> None:
    """Two or three things to change next."""
    st.subheader("Try this", anchor=False)
    for number, task in enumerate(lesson.try_this, start=1):
        st.markdown(f"{number}. {task}")


def read_more(lesson: Page) -> None:
    """The papers, and the lessons before and after."""
    st.subheader("Read more", anchor=False)
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
