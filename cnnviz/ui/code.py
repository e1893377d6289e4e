"""The experiment on screen as a standalone PyTorch script and notebook."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from cnnviz.engine import export
from cnnviz.engine.experiment import Experiment, ExperimentError


def code(slug: str, variants: Mapping[str, Experiment]) -> None:
    """Show the script and offer both files: plain PyTorch, without cnnviz, printing the same losses."""
    section = st.expander("The same experiment as plain PyTorch", icon=":material/code:", key=f"{slug}.code", on_change="rerun")
    if section.open:
        with section:
            _files(slug, variants)


def _files(slug: str, variants: Mapping[str, Experiment]) -> None:
    try:
        script, notebook = _script(_key(variants)), _notebook(_key(variants))
    except ExperimentError as problem:
        st.warning(str(problem))
        return
    st.markdown("It needs nothing of this course but the data file, and prints the same losses.")
    left, right = st.columns(2)
    left.download_button("Script (.py)", script, f"{slug}.py", "text/x-python", on_click="ignore", width="stretch")
    right.download_button(
        "Notebook (.ipynb)", notebook, f"{slug}.ipynb", "application/x-ipynb+json", on_click="ignore", width="stretch"
    )
    st.code(script, language="python", height=420)


Key = tuple[tuple[str, str], ...]


def _key(variants: Mapping[str, Experiment]) -> Key:
    return tuple((letter, experiment.to_json()) for letter, experiment in variants.items())


@st.cache_data(max_entries=64, show_spinner=False)
def _script(key: Key) -> str:
    return export.script({letter: Experiment.from_json(text) for letter, text in key})


@st.cache_data(max_entries=64, show_spinner=False)
def _notebook(key: Key) -> str:
    return export.notebook({letter: Experiment.from_json(text) for letter, text in key})
