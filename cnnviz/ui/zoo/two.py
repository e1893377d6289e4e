"""Two networks side by side, their differences lit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

import streamlit as st

from cnnviz import ui, zoo
from cnnviz.engine.records import Recording
from cnnviz.lessons import Page
from cnnviz.plots.architecture import main_row, window
from cnnviz.plots.numbers import cost_text
from cnnviz.ui.zoo import state
from cnnviz.ui.zoo.cost import batch_cost
from cnnviz.ui.zoo.network import counted
from cnnviz.ui.zoo.timing import timing
from cnnviz.zoo import Row
from cnnviz.zoo.compare import Pair, compared
from cnnviz.zoo.graph import Part
from cnnviz.zoo.rows import conv_activations

STYLE = """<style>
.cnnviz-two { width: 100%; border-collapse: collapse; font-size: 0.82rem; }
.cnnviz-two th, .cnnviz-two td { text-align: left; padding: 0.15rem 0.4rem; width: 50%; overflow-wrap: anywhere; }
.cnnviz-two .lit td { background: rgba(213, 94, 0, 0.25); }
</style>"""
HEIGHT = 520


def two_networks(page: Page, first: str, second: str) -> Mapping[str, Recording]:
    """Their counts, their timing, which is given back, and their layers in order, with what differs in colour."""
    cards = [zoo.card(name) for name in (first, second)]
    st.subheader(f"{cards[0].title} and {cards[1].title}", anchor=False)
    ours, theirs = (counted(card) for card in cards)
    ui.table(
        [
            ("One example", cards[0].title, cards[1].title, "B against A"),
            *(
                (label, own, other, change)
                for (label, own, _), (_, other, _), change in zip(ours, theirs, changes(first, second), strict=True)
            ),
        ]
    )
    timed = timing(page, [first, second], batch_cost([first, second]))
    st.subheader("Layer by layer", anchor=False)
    pairs = compared(zoo.table(first), zoo.table(second))
    different = sum(not pair.same for pair in pairs)
    st.markdown(f"**{different} of {len(pairs)}** lines differ." if different else "Layer by layer they are the same.")
    only = st.toggle("Only what differs", key=state.key("only"))
    shown = [pair for pair in pairs if not (only and pair.same)]
    if shown:
        _table(shown, zoo.table(first), zoo.table(second), cards[0].title, cards[1].title)
        st.caption("A line a layer with its norm and activation, aligned where both do the same; what differs is coloured.")
    return timed


def changes(first: str, second: str) -> tuple[str, ...]:
    """By how much the second network's parameters, multiply-adds, depth and activations, all and those of convolutions, differ
    from the first's."""
    a, b = zoo.totals(first), zoo.totals(second)
    convolved = [conv_activations(zoo.table(name)) for name in (first, second)]
    costs, activations = ((a.params, b.params), (a.macs, b.macs)), ((a.activations, b.activations), convolved)
    return (*_shares(costs), f"{b.depth - a.depth:+d}", *_shares(activations))


def _shares(pairs: Iterable[Sequence[int]]) -> list[str]:
    return [f"{other / own - 1:+.1%}" if own else "–" for own, other in pairs]


def _table(pairs: Sequence[Pair], a: Sequence[Row], b: Sequence[Row], first: str, second: str) -> None:
    lines = [
        f"<tr{'' if pair.same else ' class=lit'}><td>{escape(_line(a, pair.a))}</td><td>{escape(_line(b, pair.b))}</td></tr>"
        for pair in pairs
    ]
    head = f"<tr><th>A: {escape(first)}</th><th>B: {escape(second)}</th></tr>"
    with st.container(height=HEIGHT, key=state.key("pairs")):
        st.html(f"{STYLE}<table class='cnnviz-two'>{head}{''.join(lines)}</table>")


def _line(rows: Sequence[Row], part: Part | None) -> str:
    """A layer in a line: name, kind, window, what comes with it, output, parameters."""
    if part is None:
        return ""
    row = main_row(rows, part)
    size = f" {window(row.kernel_size)}" if row.kernel_size else ""
    step = f" /{row.stride[0]}" if row.stride and row.stride[0] > 1 else ""
    groups = f", {row.groups} groups" if row.groups > 1 else ""
    others = "".join(f" + {rows[place].operation}" for place in part.rows if rows[place] is not row)
    params = sum(rows[place].params for place in part.rows)
    weights = f" · {cost_text(params)}" if params else ""
    return f"{part.name} · {part.kind}{size}{step}{groups}{others} → {window(rows[part.rows[-1]].output_shape)}{weights}"
