"""What to change next: tasks that set themselves up at a press, and what came out of each, as it was measured."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Recording
from cnnviz.lessons import Lesson, Task
from cnnviz.ui.controls import Knobs, looked_at

Recordings = Mapping[str, Recording]


def tasks(lesson: Lesson, knob: Knobs, variants: Mapping[str, Experiment], recordings: Recordings) -> None:
    """A button for all that a task asks for, and what came out of those that were run. recordings: those on the page, {} where
    nothing of them may be said yet."""
    shown = recordings if _are_of(variants, recordings) else {}
    for number, task in enumerate(lesson.try_this, start=1):
        with st.container(key=f"{lesson.slug}-task-{number}", gap="small"):
            st.markdown(f"{number}. {task.text}")
            _buttons(knob, task, number)
            _outcomes(knob, task, number, shown)


def _are_of(variants: Mapping[str, Experiment], recordings: Recordings) -> bool:
    """Whether the recordings on the page are of its settings as they are now, trained or fresh."""
    experiments = {letter: recording.experiment for letter, recording in recordings.items()}
    return bool(experiments) and (experiments == dict(variants) or experiments == looked_at(variants))


def _buttons(knob: Knobs, task: Task, number: int) -> None:
    with st.container(horizontal=True, gap="small"):
        for place, setup in enumerate(task.setups):
            st.button(
                setup.label,
                key=knob.key(f"task.{number}.{place}"),
                on_click=knob.set_up,
                args=(setup,),
                icon=":material/check:" if knob.is_set_to(setup) else None,
                help="Sets the page's controls so.",
            )


def _outcomes(knob: Knobs, task: Task, number: int, shown: Recordings) -> None:
    """What came out of each setup that was run in this session; the others are named."""
    known: dict[tuple[int, int], str] = st.session_state.setdefault(knob.key("outcomes"), {})
    present = next((place for place, setup in enumerate(task.setups) if knob.is_set_to(setup)), None)
    said = task.came_out(shown) if shown and present is not None else None
    if present is not None and said:
        known[number, present] = said
    with st.expander("What came out", key=knob.key(f"task.{number}.outcomes")):
        if present is not None and (number, present) not in known:
            st.caption(f"*{task.setups[present].label}* is set up. What comes out of its run appears here.")
        lines = [f"- **{setup.label}**: {_outcome(known, number, place)}" for place, setup in enumerate(task.setups)]
        st.markdown("\n".join(lines))


def _outcome(known: Mapping[tuple[int, int], str], number: int, place: int) -> str:
    return known.get((number, place), "not run yet")
