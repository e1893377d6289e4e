"""The lecture's tables beside what our models count, and its misprints."""

from __future__ import annotations

import streamlit as st

from cnnviz import ui, zoo
from cnnviz.ui.zoo import state
from cnnviz.zoo.printed import MISPRINTS, RESNEXT_TABLE_1, SENET_TABLE_2, SENET_TABLE_8, STAGES, Compared, Stages, stage_input

NONE = "–"


def lecture() -> None:
    """Draw them."""
    st.subheader("Squeeze-and-excitation added to known networks", anchor=False)
    ui.table(squeezed())
    st.caption(
        "SENet's Table 2, single crops of 224 × 224. Errors as printed; what the paper calls GFLOPs are thousand millions of "
        "multiply-adds, and “counted” is what our networks need, at their own papers' input. Where both are far apart, ours "
        "follows the paper and not later code: its card tells how."
    )
    st.subheader("The best single networks of 2017", anchor=False)
    ui.table(best())
    st.caption("SENet's Table 8: errors as printed, top-1 / top-5. † tested on larger crops still. Counts are of our networks.")
    st.subheader("ResNet-50 and ResNeXt-50", anchor=False)
    ui.table(cardinality())
    st.caption("ResNeXt's Table 1, as printed and counted.")
    _stages()
    st.subheader("What is misprinted", anchor=False)
    for told in MISPRINTS:
        st.markdown(f"- {told}")


def squeezed() -> list[tuple[str, ...]]:
    """SENet's Table 2 as rows of texts, with the multiply-adds that were counted."""
    heads = ("Network", "paper's own", "trained again", "GFLOPs", "counted", "with SE", "better by", "GFLOPs", "counted")
    return [heads, *(_compared(line) for line in SENET_TABLE_2)]


def _compared(line: Compared) -> tuple[str, ...]:
    gain = f"{line.again[0] - line.se[0]:.2f} / {line.again[1] - line.se[1]:.2f}"
    return (line.title, _pair(*line.original), _pair(*line.again), f"{line.gflops:.2f}", _gigas(line.network),
            _pair(*line.se), gain, f"{line.se_gflops:.2f}", _gigas(line.with_se))  # fmt: skip


def _pair(one: float | None, five: float | None) -> str:
    return " / ".join(NONE if percent is None else f"{percent:g}" for percent in (one, five))


def _gigas(name: str) -> str:
    return f"{zoo.totals(name).macs / 1e9:.2f}"


def best() -> list[tuple[str, ...]]:
    """SENet's Table 8 as rows of texts, with the parameters that were counted."""
    heads = ("Network", "224 × 224", "320 × 320 or 299 × 299", "parameters, counted")
    lines = [(title, _pair(*errors[:2]), _pair(*errors[2:]), _millions(name)) for title, name, *errors in SENET_TABLE_8]
    return [heads, *lines]


def _millions(name: str) -> str:
    return f"{zoo.totals(name).params / 1e6:.1f} M"


def cardinality() -> list[tuple[str, ...]]:
    """ResNeXt's Table 1 as rows of texts."""
    rows: list[tuple[str, ...]] = [("Network", "parameters, printed", "counted", "multiply-adds, printed", "counted")]
    for title, name, params, macs in RESNEXT_TABLE_1:
        sums = zoo.totals(name)
        rows.append((title, params.text, f"{sums.params:,}", macs.text, f"{sums.macs:,}"))
    return rows


def _stages() -> None:
    """The papers' tables of stages."""
    tables = {each.title: each for each in STAGES}
    st.subheader("Stage by stage", anchor=False)
    chosen = tables[str(st.selectbox("Network's table", list(tables), key=state.key("stages")))]
    ui.table(staged(chosen))
    st.caption(f"{chosen.source}. Printed is what the lecture shows; counted is what our network feeds that stage with.")


def staged(table: Stages) -> list[tuple[str, ...]]:
    """A paper's table of stages as rows of texts, with the inputs that were counted."""
    rows = zoo.table(table.network)
    lines = [(part, what, _map(channels, side), _map(*stage_input(rows, part))) for part, what, channels, side in table.lines]
    return [("Here", "in the table", "input, printed", "input, counted"), *lines]


def _map(channels: int | None, side: int) -> str:
    return f"{side}×{side}" + ("" if channels is None else f"×{channels}")
