"""What a batch takes: multiply-adds and memory of one network or of two, at a side and a batch that the reader sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from string import ascii_uppercase

import plotly.graph_objects as go
import streamlit as st

from cnnviz import ui, zoo
from cnnviz.plots.cost import Curve, macs_along, memory_along
from cnnviz.plots.numbers import cost_text, times_of
from cnnviz.plots.theme import variant_colour
from cnnviz.ui.picture import picture
from cnnviz.ui.zoo import state
from cnnviz.ui.zoo.legend import legend
from cnnviz.zoo.budget import Budget, budget
from cnnviz.zoo.sizes import takes_one_size

AGAINST = dict(zip(state.AGAINST, ("the side of the input", "the batch"), strict=True))


def batch_cost(names: Sequence[str]) -> list[int]:
    """Sliders, what the batch takes there, and curves; names: of one network or of two. The side at which each is looked at."""
    st.subheader("What a batch takes", anchor=False)
    sides, batch = _sliders(names)
    if len(names) == 1:
        st.markdown(told(budget_of(names[0], sides[0], batch), sides[0], batch))
    else:
        ui.table(side_by_side(names, sides, batch))
    resizable = [name for name in names if zoo.card(name).smallest]
    against = _against() if resizable else "batch"
    if len(names) > 1:
        legend({variant_colour(letter): zoo.card(name).title for letter, name in zip(ascii_uppercase, names, strict=False)})
    st.markdown(f"**{growth(resizable[0], batch) if against == 'side' else DOUBLED}**")
    left, right = st.columns(2)
    with left:
        picture(_drawn(macs_along, against, tuple(names), tuple(sides), batch), state.key("macs_along"), SLOPES[against])
    with right:
        picture(_drawn(memory_along, against, tuple(names), tuple(sides), batch), state.key("memory_along"), LINES)
    st.caption(HOW)
    return sides


Drawing = Callable[[str, Sequence[Curve]], go.Figure]


@lru_cache(maxsize=64)
def _drawn(draw: Drawing, against: str, names: tuple[str, ...], sides: tuple[int, ...], batch: int) -> go.Figure:
    """A chart of the networks' curves, kept: the page's script runs at every touch."""
    letters = zip(ascii_uppercase, names, sides, strict=False)
    return draw(against, [curve(letter, name, against, side, batch) for letter, name, side in letters])


def _against() -> str:
    """The axis of the curves."""
    chosen = st.segmented_control(
        "Drawn against",
        list(AGAINST),
        format_func=lambda axis: AGAINST[axis],
        required=True,
        default=state.get("against"),
        key=state.key("against"),
    )
    return str(chosen)


DOUBLED = "Twice the batch is twice the multiply-adds and twice the maps, whatever the network; the weights stay as they are."
SLOPES = {
    "side": "Both scales are logarithmic: at a slope of two, twice the side is four times the work.",
    "batch": "Both scales are logarithmic: at a slope of one, twice the batch is twice the work.",
}
LINES = "Solid: training with Adam. Dashed: only answering. Dotted: the weights alone."
HOW = (
    "Counted at each mark by sending shapes through the network; the lines only join the marks. In 32-bit numbers. Training "
    "keeps the images and every layer's output, weights, gradients and Adam's two averages. Only answering keeps the weights "
    "and, at its fullest moment, the maps that something has yet to read. What software computes in place, or holds for longer, "
    "is not in it."
)


def _sliders(names: Sequence[str]) -> tuple[list[int], int]:
    """The side at which each network is looked at, and the examples in a batch."""
    left, right = st.columns(2)
    resizable = [set(zoo.costs(name)) for name in names if zoo.card(name).smallest]
    common = sorted(set.intersection(*resizable)) if resizable else []
    asked = state.get("side")
    if resizable and asked and asked not in common:
        st.warning(f"{why_not(names, asked)}; this is the paper's own size.", icon=":material/crop:")
        state.put("side", 0)
    if common:
        left.select_slider(
            "Side of the input, pixels",
            [0, *common],
            state.get("side"),
            format_func=lambda side: _side_text(side, names),
            key=state.key("side"),
        )
    place = right if common else left
    batch = int(place.select_slider("Examples in a batch", state.BATCHES, state.get("batch"), key=state.key("batch")))
    for name in names:
        if not zoo.card(name).smallest:
            st.caption(takes_one_size(zoo.card(name), zoo.table(name)))
    return [_side(name) for name in names], batch


def why_not(names: Sequence[str], side: int) -> str:
    """Why networks are not looked at at a side: one of them does not take it, or nothing was counted there."""
    small = [zoo.card(name) for name in names if zoo.card(name).smallest > side]
    if small:
        return f"{small[0].title} takes images of at least {small[0].smallest} × {small[0].smallest}"
    return f"Nothing was counted at {side} × {side} here"


def _side(name: str) -> int:
    """The side that is asked for, where the network takes it, else its paper's."""
    asked = int(state.get("side"))
    return asked if asked in zoo.costs(name) and zoo.card(name).smallest else zoo.card(name).input_shape[-1]


def _side_text(side: int, names: Sequence[str]) -> str:
    own = {zoo.card(name).input_shape[-1] for name in names}
    return str(side) if side else f"the paper’s, {own.pop()}" if len(own) == 1 else "each paper’s own"


def budget_of(name: str, side: int, batch: int) -> Budget:
    """What a batch of a network takes at a side that was counted."""
    return budget(zoo.totals(name).params, zoo.costs(name)[side], batch)


def told(cost: Budget, side: int, batch: int) -> str:
    """A batch's cost in sentences."""
    more, less = ("maps", "weights") if cost.maps > cost.state else ("weights", "maps")
    examples = "1 example" if batch == 1 else f"{batch:,} examples"
    return (
        f"{examples} of {side} × {side}: **{cost_text(cost.macs)}** multiply-adds in a forward pass. Training with Adam takes "
        f"**{bytes_text(cost.training)}**: {bytes_text(cost.state)} for weights, their gradients and two averages, and "
        f"{bytes_text(cost.maps)} for all maps, kept for the backward pass; the {more} need more than the {less}. Only answering "
        f"takes **{bytes_text(cost.inference)}**: {bytes_text(cost.weights)} of weights and at most {bytes_text(cost.alive)} of "
        "maps at once."
    )


def side_by_side(names: Sequence[str], sides: Sequence[int], batch: int) -> list[tuple[str, ...]]:
    """Two networks' costs as rows of texts."""
    costs = [budget_of(name, side, batch) for name, side in zip(names, sides, strict=True)]
    lines = {
        "Side of the input": [f"{side} × {side}" for side in sides],
        "Multiply-adds of a forward pass": [cost_text(cost.macs) for cost in costs],
        "Training with Adam": [bytes_text(cost.training) for cost in costs],
        "of it all maps": [bytes_text(cost.maps) for cost in costs],
        "Only answering": [bytes_text(cost.inference) for cost in costs],
        "of it maps at once": [bytes_text(cost.alive) for cost in costs],
    }
    head = (f"{batch:,} examples" if batch > 1 else "One example", *(zoo.card(name).title for name in names))
    return [head, *((what, *texts) for what, texts in lines.items())]


def curve(letter: str, name: str, against: str, side: int, batch: int) -> Curve:
    """A network's costs along an axis, the other slider where it is."""
    if against == "side":
        return Curve(letter, zoo.card(name).title, {each: budget_of(name, each, batch) for each in zoo.costs(name)}, side)
    return Curve(letter, zoo.card(name).title, {each: budget_of(name, side, each) for each in state.BATCHES}, batch)


def growth(name: str, batch: int) -> str:
    """How much more the largest counted side takes than the smallest."""
    first, last = min(zoo.costs(name)), max(zoo.costs(name))
    low, high = (budget_of(name, side, batch) for side in (first, last))
    return (
        f"From {first} to {last} pixels, {times_of(last / first)} the side, {zoo.card(name).title} takes "
        f"{times_of(high.macs / low.macs)} the multiply-adds and {times_of(high.maps / low.maps)} the maps, "
        "with the same weights."
    )


def bytes_text(number: int) -> str:
    """ "1.2 GB"."""
    return f"{number:,} B" if number < 10_000 else f"{cost_text(number)}B"
