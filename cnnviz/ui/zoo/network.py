"""One network: its card, its picture, the part that is picked, its table, and its files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import plotly.graph_objects as go
import streamlit as st

from cnnviz import zoo
from cnnviz.lessons import Page
from cnnviz.plots.architecture import architecture, kinds, layers_text, main_row, window
from cnnviz.plots.numbers import cost_text
from cnnviz.ui.zoo import state
from cnnviz.ui.zoo.cost import batch_cost
from cnnviz.ui.zoo.keyboard import by_keyboard
from cnnviz.ui.zoo.legend import legend
from cnnviz.ui.zoo.place import ancestors, parts_of
from cnnviz.ui.zoo.timing import timing
from cnnviz.zoo import Card, PublishedError, Row, graph, standalone
from cnnviz.zoo.counting import counts
from cnnviz.zoo.graph import WHOLE, Part
from cnnviz.zoo.rows import conv_activations, has_gates, sees, to_csv

CHART = "picture"
PICTURE_HEIGHT = 640  # pixels; what is higher scrolls
FRAME = 36
NUMBER_WIDTH = 126
EVERYTHING = "the whole network"


def one_network(page: Page, name: str) -> None:
    """Everything about one network."""
    rows = zoo.table(name)
    card(zoo.card(name))
    _picture_and_part(name)
    timing(page, [name], batch_cost([name]))
    st.subheader("All its rows", anchor=False)
    layer_table(rows)
    files(name)


def card(known: Card) -> None:
    """What is known of a network."""
    paper = known.paper
    st.subheader(f"{known.title}, {known.year}", anchor=False)
    st.markdown(f"{paper.authors.rstrip('.')}. [{paper.title}]({paper.link}). {paper.venue}.")
    placed = "" if known.surveyed else " (our placing: the survey does not list it)"
    st.caption(f"Idea: {', '.join(known.categories)}{placed}.")
    with st.container(horizontal=True):
        for label, value, printed in counted(known):
            with st.container(width=NUMBER_WIDTH, gap=None):
                st.metric(label, value)
                st.caption(printed)
    errors(known)
    if known.differs:
        st.markdown(f"**Differs here.** {known.differs}")


def counted(known: Card) -> list[tuple[str, str, str]]:
    """What was counted here for one example, and what was printed: label, number, a sentence each."""
    sums, convolved = zoo.totals(known.name), conv_activations(zoo.table(known.name))
    params = f"Printed: {known.params.text} ({known.params.source})." if known.params else known.unprinted
    macs = (
        f"Printed: {known.macs.text} ({known.macs.source})." if known.macs else f"For {window(known.input_shape)}; none printed."
    )
    depth = f"The paper counts {known.depth}." if known.depth else "The longest way; the paper counts otherwise or not."
    return [
        ("Parameters", cost_text(sums.params), f"{sums.params:,}. {params}"),
        ("Multiply-adds", cost_text(sums.macs), f"{sums.macs:,}. {macs}"),
        ("Weighted layers", str(sums.depth), depth),
        (
            "Activations, all",
            cost_text(sums.activations),
            f"{sums.activations:,}: all rows' outputs, for one example.",
        ),
        (
            "Activations, conv",
            cost_text(convolved),
            f"{convolved:,}: the convolutions' alone, as papers usually count.",
        ),
    ]


def errors(known: Card) -> None:
    """The errors that its paper reports."""
    if not known.errors:
        st.caption("Its paper prints no error of this network.")
        return
    st.markdown(f"Published error: {', '.join(map(reported, known.errors))}.")


def reported(error: PublishedError) -> str:
    """An error, how it was measured and where it stands; marked where its number could not be checked."""
    unchecked = "" if error.checked else "; not checked, for the paper was not at hand"
    return f"**{error.percent:g} % {error.measure}** on {error.data} ({error.how}; {error.source}{unchecked})"


def _picture_and_part(name: str) -> None:
    rows, inside = zoo.table(name), str(state.get("inside"))
    parts = parts_of(name, inside)
    picked = next((place for place, part in enumerate(parts) if part.rows[-1] == state.get("block")), None)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        legend(kinds(parts))
        chart = _drawn(name, inside, picked)
        with st.container(height=min(PICTURE_HEIGHT, int(chart.layout.height) + FRAME), key=state.key("frame")):
            st.plotly_chart(
                chart,
                theme=None,
                key=state.key(CHART),
                width="stretch",
                height="content",
                on_select=lambda: _clicked(parts),
                selection_mode="points",
                config={"displaylogo": False, "displayModeBar": False},
                alt=f"The network from its input to its result, in {len(parts)} parts: those of the list “Part”.",
            )
        by_keyboard(
            state.key("keys"),
            state.key("frame"),
            chart,
            rows,
            parts,
            picked,
            lambda place: _pick(parts[place]),
            linked=state.linked("inside", "block"),
        )
        st.caption(
            "From the input at the top to the result. The more channels the wider a bar, the larger the map the higher; "
            "a line that passes bars is a skip or a branch. Click a bar, or pick it from the list; with the keyboard, Tab leads "
            "into the picture, arrows from bar to bar, and Enter picks."
        )
    with right:
        _choose(rows, parts, inside)


@lru_cache(maxsize=16)
def _drawn(name: str, inside: str, picked: int | None) -> go.Figure:
    return architecture(zoo.table(name), parts_of(name, inside), picked)


@lru_cache(maxsize=16)
def table_file(name: str) -> bytes:
    """With the byte order mark by which spreadsheets know UTF-8."""
    return to_csv(zoo.table(name)).encode("utf-8-sig")


def _clicked(parts: Sequence[Part]) -> None:
    points = st.session_state[state.key(CHART)].selection.points
    if points:
        place = points[0]["customdata"]
        _pick(parts[int(place[0] if isinstance(place, list) else place)])


def _pick(part: Part) -> None:
    state.put("block", part.rows[-1])


def _choose(rows: Sequence[Row], parts: Sequence[Part], inside: str) -> None:
    """What the picture is of, the part that is picked, and what is told of it."""
    opened = list(dict.fromkeys([*ancestors(inside), *([inside] if inside else [])]))
    held = [part.name for part in parts if part.kind == WHOLE]
    if opened or held:
        wholes = ["", *opened, *dict.fromkeys(held)]
        st.selectbox(
            "Look inside",
            wholes,
            state.index("inside", wholes),
            format_func=lambda name: name or EVERYTHING,
            key=state.key("inside"),
            on_change=lambda: state.put("block", None),
        )
    by_row = {part.rows[-1]: part for part in parts}
    if state.get("block") not in by_row:
        state.put("block", None)
    st.selectbox(
        "Part",
        list(by_row),
        index=None if state.get("block") is None else state.index("block", list(by_row)),
        format_func=lambda row: _listed(rows, by_row[row]),
        key=state.key("block"),
        placeholder="Click a bar or choose here",
    )
    if state.get("block") is None:
        _summary(rows)
    else:
        _told(rows, by_row[state.get("block")])


def _listed(rows: Sequence[Row], part: Part) -> str:
    what = f"{layers_text(part.layers)} with weights" if part.kind == WHOLE else part.kind
    return f"{part.name} · {what} · {window(rows[part.rows[-1]].output_shape)}"


def _summary(rows: Sequence[Row]) -> None:
    """Where a network's parameters and multiply-adds are: the layers that have most."""
    parts = graph.layers(rows)
    for what, each in (("parameters", "params"), ("multiply-adds", "macs")):
        own = {part.name: sum(getattr(rows[place], each) for place in part.rows) for part in parts}
        name, most = max(own.items(), key=lambda item: item[1])
        share = most / max(sum(own.values()), 1)
        st.markdown(f"Most {what} in one layer: **{name}** with {cost_text(most)}, {share:.0%} of all.")


def _told(rows: Sequence[Row], part: Part) -> None:
    """A part's numbers, and for each of its rows the formulas with the numbers put in."""
    params, macs = (sum(getattr(rows[place], each) for place in part.rows) for each in ("params", "macs"))
    st.markdown(f"**{part.name}**: {params:,} parameters, {macs:,} multiply-adds for one example.")
    if part.kind == WHOLE:
        st.button("Look inside", on_click=_open, args=(part.name,), icon=":material/zoom_in:")
        return
    row = main_row(rows, part)
    _row(rows, rows.index(row) if part.kind == "input" else next(place for place in part.rows if rows[place] is row))
    others = [place for place in part.rows if rows[place] is not row]
    for place in others:
        st.caption(f"With it: {rows[place].name}, {rows[place].operation}" + _norm(rows[place]))


def _norm(row: Row) -> str:
    return f", {row.params:,} parameters." if row.params else "."


def _open(name: str) -> None:
    state.put("inside", name)
    state.put("block", None)


def _row(rows: Sequence[Row], place: int) -> None:
    row = rows[place]
    reached = f" One value sees {sees(row)}." if row.receptive_field else ""
    fed = ", ".join(rows[source].name for source in row.sources)
    st.markdown(f"{row.operation} from {fed or 'outside'} to {window(row.output_shape)}.{reached}")
    for count in counts(rows, place):
        if count.formula:
            st.caption(f"{count.name}: {count.meaning}")
            st.latex(count.formula)
        else:
            st.caption(f"{count.name}: {count.meaning}")


def layer_table(rows: Sequence[Row]) -> None:
    """Every row with all its columns."""
    st.dataframe(
        {
            "row": list(range(len(rows))),
            "name": [row.name for row in rows],
            "kind": [row.kind for row in rows],
            "operation": [row.operation for row in rows],
            "output": [window(row.output_shape) for row in rows],
            "kernel": [window(row.kernel_size) for row in rows],
            "stride": [window(row.stride) for row in rows],
            "padding": [window(row.padding) for row in rows],
            "groups": [str(row.groups) if row.kind == "conv" else "" for row in rows],
            "parameters": [row.params for row in rows],
            "multiply-adds": [row.macs for row in rows],
            "activations": [row.activations for row in rows],
            **fields(rows),
            "from rows": [", ".join(map(str, row.sources)) for row in rows],
        },
        hide_index=True,
        height=360,
        column_config={name: st.column_config.NumberColumn(format="localized") for name in NUMBERS},
    )


def fields(rows: Sequence[Row]) -> dict[str, list[str]]:
    """The columns of what one value sees: one, or, where gates add to it, what they add beside what the windows see."""
    windows = [window(row.receptive_field) for row in rows]
    if not has_gates(rows):
        return {"sees": windows}
    gated = [ALL if row.sees_all else window(row.gated_field or row.receptive_field) for row in rows]
    return {"sees": gated, "convolutions see": windows}


ALL = "whole image, through the gates"
NUMBERS = ("parameters", "multiply-adds", "activations")


def files(name: str) -> None:
    """The table as CSV and the network as a file of plain PyTorch."""
    left, right = st.columns(2)
    left.download_button("Table (.csv)", table_file(name), f"{name}.csv", "text/csv", on_click="ignore", width="stretch")
    script = _script(name)
    right.download_button("Network (.py)", script, f"{name}.py", "text/x-python", on_click="ignore", width="stretch")
    section = st.expander("The network as plain PyTorch", icon=":material/code:", key=state.key("code"), on_change="rerun")
    if section.open:
        with section:
            st.code(script, language="python", height=420)


@st.cache_data(max_entries=32, show_spinner=False)
def _script(name: str) -> str:
    return standalone.script(name)
