"""The experiment on screen as a standalone PyTorch script and notebook, and the data file that they read."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from cnnviz.engine import export
from cnnviz.engine.experiment import Experiment, ExperimentError
from cnnviz.settings import ASSETS


def code(slug: str, variants: Mapping[str, Experiment]) -> None:
    """Show the script and offer the files: plain PyTorch, without cnnviz, printing the same numbers."""
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
    data = export.data_file(variants)
    st.markdown(_needs(data, export.summary(variants)))
    columns = st.columns(3 if data else 2)
    _download(columns[0], "Script (.py)", script, f"{slug}.py", "text/x-python")
    _download(columns[1], "Notebook (.ipynb)", notebook, f"{slug}.ipynb", "application/x-ipynb+json")
    if data:
        _download(columns[2], f"Data ({data})", _data(data), data, "application/octet-stream")
    st.code(script, language="python", height=420)


def _needs(data: str, summary: str) -> str:
    """What the files need, and what they print."""
    beside = f" but the data file `{data}`, in the same folder" if data else ""
    return f"It needs nothing of this course{beside}. {summary}"


def _download(column: st.delta_generator.DeltaGenerator, label: str, content: str | bytes, name: str, kind: str) -> None:
    column.download_button(label, content, name, kind, on_click="ignore", width="stretch")


Key = tuple[tuple[str, str], ...]


def _key(variants: Mapping[str, Experiment]) -> Key:
    return tuple((letter, experiment.to_json()) for letter, experiment in variants.items())


@st.cache_data(max_entries=64, show_spinner=False)
def _script(key: Key) -> str:
    return export.script({letter: Experiment.from_json(text) for letter, text in key})


@st.cache_data(max_entries=64, show_spinner=False)
def _notebook(key: Key) -> str:
    return export.notebook({letter: Experiment.from_json(text) for letter, text in key})


@st.cache_resource(show_spinner=False)
def _data(name: str) -> bytes:
    """A data file, read once for all."""
    return (ASSETS / name).read_bytes()
