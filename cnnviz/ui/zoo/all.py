"""All networks at once: errors against cost, the winners by year, and whether what was counted is what was printed."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cnnviz import zoo
from cnnviz.plots.published import Bubble, cheapest, error_by_cost, protocol, ways_of_measuring, winners_by_year
from cnnviz.ui.controls import plain
from cnnviz.ui.picture import picture
from cnnviz.ui.zoo import state
from cnnviz.ui.zoo.legend import legend
from cnnviz.zoo.printed import ENTRIES, ENTRIES_MISPRINT, HUMAN

FEWEST = 3  # networks that share data and a measure, for a chart


def all_networks(names: Sequence[str], opened: str) -> None:
    """The chart of those that the filters leave, and the winners."""
    _bubbles(names, opened)
    first, last = ENTRIES[0], ENTRIES[-1]
    st.subheader(f"From {first.percent:g} % to {last.percent:g} % top-5 in {last.year - first.year} years", anchor=False)
    picture(
        winners_by_year(ENTRIES, HUMAN),
        state.key("winners"),
        "Results of ImageNet's challenge, as the lecture lists them: filled on ImageNet alone, open where other data helped. "
        + ENTRIES_MISPRINT,
    )
    st.subheader("Is what was counted what was printed?", anchor=False)
    st.markdown(agreement())


def reported(names: Sequence[str]) -> dict[tuple[str, str], list[Bubble]]:
    """For each pair of data and measure that enough networks share: each network's lowest reported error."""
    found: dict[tuple[str, str], dict[str, Bubble]] = {}
    for name in names:
        card, sums = zoo.card(name), zoo.totals(name)
        for error in sorted(card.errors, key=lambda error: -error.percent):
            bubble = Bubble(name, card.title, error.percent, error.how, protocol(error.how), sums.params, sums.macs)
            found.setdefault((error.data, error.measure), {})[name] = bubble
    return {pair: list(own.values()) for pair, own in found.items() if len(own) >= FEWEST}


def _bubbles(names: Sequence[str], opened: str) -> None:
    by_pair = reported(names)
    if not by_pair:
        st.info(f"Fewer than {FEWEST} of these networks share a published error: widen the filters.")
        return
    pairs = sorted(by_pair, key=lambda pair: -len(by_pair[pair]))
    labels = {f"{data}, {measure}": (data, measure) for data, measure in pairs}
    _measure_that_is_there(list(labels))
    chosen = st.selectbox("Error", list(labels), state.index("measure", list(labels)), key=state.key("measure"))
    bubbles = by_pair[labels[str(chosen)]]
    st.markdown(f"**{cheapest(bubbles)}**")
    legend(ways_of_measuring(bubbles))
    chart = state.key("bubbles")
    st.plotly_chart(
        error_by_cost(bubbles, str(chosen), opened),
        theme=None,
        key=chart,
        width="stretch",
        on_select=lambda: _open(chart),
        selection_mode="points",
        config={"displaylogo": False, "displayModeBar": False},
        alt=f"{chosen} against multiply-adds. {cheapest(bubbles)}",
    )
    st.caption(
        "A bubble a network, its area the parameters; further down and to the left is better. Errors are the papers' own: only "
        "those of one colour were measured alike. Named: some that no other of their colour beats in both. A thick rim: the "
        "network at the left. Click a bubble to open its network; the list does the same."
    )


def _measure_that_is_there(labels: Sequence[str]) -> None:
    """Go over to the first error where these networks share none of the asked one; say so where it was asked for."""
    asked = state.get("measure")
    if asked not in labels:
        if asked != state.MEASURE:
            st.warning(f"Too few of these networks report “{plain(asked)}”; here is {labels[0]}.", icon=":material/link_off:")
        state.put("measure", labels[0])


def _open(chart: str) -> None:
    points = st.session_state[chart].selection.points
    if points:
        name = points[0]["customdata"]
        state.put("network", str(name[0] if isinstance(name, list) else name))
        state.put("view", "network")
        state.put("inside", "")
        state.put("block", None)


def agreement() -> str:
    """How many networks have as many parameters as was printed, and as many multiply-adds."""
    told = []
    for what, each in (("parameters", "params"), ("multiply-adds", "macs")):
        printed = {name: getattr(zoo.card(name), each) for name in zoo.names()}
        known = {name: number for name, number in printed.items() if number}
        agree = [name for name, number in known.items() if number.agrees_with(getattr(zoo.totals(name), each))]
        told.append(f"**{len(agree)} of {len(known)}** networks whose {what} were printed have them, to the last printed digit")
    return "; ".join(told) + f". The zoo has {len(zoo.names())} networks; the others' cards say why nothing usable was printed."
