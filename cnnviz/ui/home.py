"""The home page's parts: the chapters and what each asks."""

from __future__ import annotations

import streamlit as st

from cnnviz.lessons import CHAPTERS, Lesson, all_pages
from cnnviz.ui.lesson import page_file

QUESTIONS = {
    1: "What does a convolution see, and how does it learn?",
    2: "Why do some deep networks never start to learn, and what starts them?",
    3: "Why does normalising a layer's inputs help so much?",
    4: "Why does a network that knows the training set by heart fail on new pictures?",
    5: "What did each famous architecture change, and what did it cost?",
}


def start_button(lesson: Lesson) -> None:
    """A link to the lesson to begin with."""
    st.page_link(page_file(lesson), label=f"**Begin: {lesson.title}**", icon=":material/play_circle:")


def chapters() -> None:
    """Every chapter with its question and links to its lessons."""
    for number, title in CHAPTERS.items():
        pages = [page for page in all_pages().values() if page.number // 100 == number]
        with st.container(border=True):
            st.markdown(f"**{number} · {title}**  \n{QUESTIONS[number]}")
            for page in pages:
                st.page_link(page_file(page), label=f"{page.number} {page.title}", icon=":material/play_circle:")
            if not pages:
                st.caption("In preparation.")
