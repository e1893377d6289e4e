"""What the explorer asks before one looks, a tab each, and what the figures say to the guesses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnnviz.engine.records import Recording
from cnnviz.lessons import Counted, Explorer, Question, TooClose
from cnnviz.ui.guesses import ask, judged, said
from cnnviz.ui.zoo import state


@dataclass(frozen=True)
class Asked:
    """A question and its guess: the option's place, -1 for "would rather not", None until answered; card: where its verdict
    belongs."""

    question: Question
    picked: int | None
    card: DeltaGenerator


def questions(page: Explorer) -> tuple[Asked, ...]:
    """Ask them all, in one row that later holds what the figures say."""
    with st.container(key="prediction"):
        tabs = st.tabs([question.name for question in page.questions])
        return tuple(
            _ask(question, place, tab) for place, (question, tab) in enumerate(zip(page.questions, tabs, strict=True), 1)
        )


def _ask(question: Question, place: int, tab: DeltaGenerator) -> Asked:
    with tab.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        picked = ask(state.key(f"guess.{place}"), question.question, question.options)
        st.button(
            "Show it below",
            key=state.key(f"show.{place}"),
            on_click=state.put_all,
            args=(question.shows,),
            icon=":material/visibility:",
            type="tertiary",
        )
    return Asked(question, picked, tab.container())


def verdicts(asked: Sequence[Asked], recordings: Mapping[str, Recording]) -> None:
    """Into each answered question's card, what the figures say to it. recordings: the timing that the page shows; what one has
    said stays while the session lasts."""
    known: dict[str, Counted | TooClose] = st.session_state.setdefault(state.key("answers"), {})
    for each in asked:
        answer = each.question.answer(recordings)
        if answer is not None:
            known[each.question.name] = answer
        if each.picked is not None:
            each.card.markdown(verdict(each.question, known.get(each.question.name), each.picked))


def verdict(question: Question, answer: Counted | TooClose | None, picked: int) -> str:
    """What is said to a guess."""
    begun = said(question.options, picked)
    if answer is None:
        return f"{begun}. {question.until} *{question.question}*"
    if isinstance(answer, TooClose):
        return f"{begun}; **too close to call**. {answer.sentence} More passes may tell them apart."
    return f"{judged(question.options, picked, answer.option, question.judge)} {answer.sentence}"
