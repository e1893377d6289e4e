"""One forward pass on this machine, timed by a worker when asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase

import streamlit as st

from cnnviz import ui, zoo
from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Recording
from cnnviz.lessons import Page
from cnnviz.plots.numbers import number_text
from cnnviz.plots.timing import pass_times
from cnnviz.ui.controls import plain
from cnnviz.ui.zoo import state
from cnnviz.zoo.timed import refusal

HEADS = ("Network", "median", "middle half", "first pass", "examples a second", "10⁹ multiply-adds a second")


def timing(page: Page, names: Sequence[str], sides: Sequence[int]) -> Mapping[str, Recording]:
    """Controls, the panel that has a worker do it, and what was measured, by letter; names: of one network or of two."""
    st.subheader("One forward pass on this machine", anchor=False)
    left, right = st.columns(2)
    batch = int(left.select_slider("Examples at once", state.TIMED, key=state.key("timed")))
    passes = int(right.select_slider("Passes", state.PASSES, key=state.key("passes")))
    refused = [sentence for name, side in zip(names, sides, strict=True) if (sentence := refusal(name, side, batch, passes))]
    for sentence in refused:
        st.warning(sentence, icon=":material/timer_off:")
    if refused:
        return {}
    variants = asked(names, sides, batch, passes)
    recordings = ui.live(page, variants, {"Passes": (pass_times,)}, part="timing", verb="Time it")
    if recordings:
        ui.table([HEADS, *(measured(recording) for recording in recordings.values())])
        st.caption(where(recordings))
    return recordings


def asked(names: Sequence[str], sides: Sequence[int], batch: int, passes: int) -> dict[str, Experiment]:
    """What a worker is to time, by letter."""
    return {
        letter: Experiment.of(calculation="timing", network=name, input_side=side, batch_size=batch, steps=passes)
        for letter, name, side in zip(ascii_uppercase, names, sides, strict=False)
    }


def measured(recording: Recording) -> tuple[str, ...]:
    """A recording's last numbers as a row of texts."""
    if "median" not in recording.names:
        return (zoo.card(recording.experiment.timing.network).title, *[""] * (len(HEADS) - 1))
    last = {name: number_text(float(recording.column(name)[-1])) for name in recording.names}
    return (
        zoo.card(recording.experiment.timing.network).title,
        f"{last['median']} ms",
        f"{last['low']} to {last['high']} ms",
        f"{last['first_pass']} ms",
        last["examples_per_second"],
        last["gigamacs_per_second"],
    )


def where(recordings: Mapping[str, Recording]) -> str:
    """On what it was measured, and what the numbers are worth."""
    recording = next(iter(recordings.values()))
    about, experiment = recording.about, recording.experiment
    threads = f"{about['threads']} thread" + ("s" if about["threads"] != 1 else "")
    device = f"the processor ({plain(about['processor'])}, {threads})" if about["device"] == "cpu" else plain(about["device"])
    sides = " and ".join(dict.fromkeys(f"{it.experiment.timing.input_side} pixels" for it in recordings.values()))
    turns = " The networks took turns, pass by pass." if len(recordings) > 1 else ""
    return (
        f"On {device}, torch {plain(about['torch'])}, 32-bit numbers, {experiment.batch_size} at once of {sides}, after a first "
        f"pass that counts for nothing.{turns} Half of all passes took a time within the middle half; whatever else this machine "
        "does meanwhile makes it wider."
    )
