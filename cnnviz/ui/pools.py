"""Pooling seen on one picture, without training: what each pool makes of a map, draws of a region, and what is rebuilt."""

from __future__ import annotations

from functools import cache

import numpy as np
import streamlit as st

from cnnviz.engine import data
from cnnviz.engine import pool_by_hand as hand
from cnnviz.engine.pool_by_hand import Numbers
from cnnviz.lessons import Lesson
from cnnviz.plots.draws import drawn_against_expected, told
from cnnviz.plots.numbers import number_text, percent_text
from cnnviz.ui.number_map import NumberMap, number_maps

MARGIN = 2  # pixels around a picture, so that its side, 32, can be halved again and again
WINDOW = 8  # rows and columns of the map whose numbers are written
PLAIN = {"displaylogo": False, "displayModeBar": False}


@cache
def pictures() -> dict[str, Numbers]:
    """A photograph of each kind of clothing, (32, 32) from 0 to 1, by its name."""
    found = data.load("fashion_mnist", 10, 10, 0)
    images = found.test_inputs[:, 0] * found.std[0] + found.mean[0]
    framed = np.pad(images / 255, ((0, 0), (MARGIN,) * 2, (MARGIN,) * 2)).astype(float)
    return {found.classes[label]: image for label, image in zip(found.test_labels.tolist(), framed, strict=True)}


def _picture_and_filter(lesson: Lesson, part: str, first: str) -> tuple[Numbers, str]:
    """Two controls; the map that they ask for, over its largest number, and the filter."""
    name = str(st.selectbox("Picture", sorted(pictures()), sorted(pictures()).index(first), key=f"{lesson.slug}.{part}.picture"))
    filters = [*hand.FILTERS, "none: the picture itself"]
    kernel = str(st.selectbox("Filter, then ReLU", filters, key=f"{lesson.slug}.{part}.filter"))
    picture = pictures()[name]
    maps = hand.rectified(picture, np.array(hand.FILTERS[kernel], float)) if kernel in hand.FILTERS else picture
    return maps / maps.max(), kernel


@st.fragment
def pooled_maps(lesson: Lesson) -> None:
    """One map under every pool, in numbers; p takes the Lp pool from the average to the maximum."""
    left, right = st.columns([1, 3], gap="medium")
    with left:
        maps, _kernel = _picture_and_filter(lesson, "pooled", "Sneaker")
        steps = [1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0]
        p = float(st.select_slider("p of the Lp pool", steps, 2.0, format_func=number_text, key=f"{lesson.slug}.pooled.p"))
        row = int(st.slider("First row", 1, 32 - WINDOW + 1, 18, key=f"{lesson.slug}.pooled.row")) - 1
        column = int(st.slider("First column", 1, 32 - WINDOW + 1, 19, key=f"{lesson.slug}.pooled.column")) - 1
        seed_key = f"{lesson.slug}.pooled.seed"
        seed = int(st.session_state.setdefault(seed_key, 0))
        st.button(
            "Draw again", on_click=_next, args=(seed_key,), icon=":material/casino:", help="For stochastic pooling in training."
        )
    part = maps[row : row + WINDOW, column : column + WINDOW]
    made = {
        "Max": (hand.largest(part), ""),
        f"Lp, p = {number_text(p)}": (hand.power_mean(part, p), ""),
        "Average": (hand.average(part), ""),
        "Stochastic, training": (hand.drawn(part, seed), f"draw {seed + 1}"),
        "Stochastic, test": (hand.weighted(part), "Σ pᵢaᵢ"),
        "Strided": (hand.every_second(part), "top left of each"),
        "Blur": (hand.blurred(part), "max, then filter"),
    }
    whole = NumberMap("Map", maps, "all 32 × 32", cell=7, numbers=False, frame=(row, column, WINDOW))
    window = NumberMap("Its window", part, f"rows {row + 1}–{row + WINDOW}, columns {column + 1}–{column + WINDOW}", cell=30)
    pooled = [NumberMap(title, values, note) for title, (values, note) in made.items()]
    with right:
        gap = float(np.abs(made["Max"][0] - hand.power_mean(part, p)).mean() / max(made["Max"][0].mean(), 1e-12))
        st.markdown(f"**At p = {number_text(p)} the Lp pool lies {percent_text(gap)} below the maxima, on average.**")
        number_maps([whole, window, *pooled], float(maps.max()))
        st.caption("All on one scale of colours; each 4 × 4 map is the window pooled over 2 × 2 places.")


def _next(key: str) -> None:
    st.session_state[key] += 1


REGIONS = {
    "the lecture's: 1.6 and 2.4": hand.LECTURE,
    "four numbers": np.array([[1.0, 2.0], [3.0, 4.0]]),
    "one large, eight small": np.array([[0.5, 0.5, 0.5], [0.5, 4.0, 0.5], [0.5, 0.5, 0.5]]),
    "all zeros": np.zeros((3, 3)),
}


@st.fragment
def region_draws(lesson: Lesson) -> None:
    """Draw from one region, once or often; its probabilities, and what a test would use."""
    count_key, seed_key = f"{lesson.slug}.draws.count", f"{lesson.slug}.draws.seed"
    st.session_state.setdefault(count_key, 20)
    left, right = st.columns([1, 3], gap="medium")
    with left:
        name = str(
            st.selectbox("Region", list(REGIONS), key=f"{lesson.slug}.draws.region", on_change=_restart, args=(count_key,))
        )
        for label, more in (("Draw once", 1), ("Draw 10 times", 10), ("Draw 1,000 times", 1_000)):
            st.button(label, on_click=_more, args=(count_key, more), width="stretch", key=f"{lesson.slug}.draws.{more}")
        st.number_input("Seed", 0, 1_000, key=seed_key, on_change=_restart, args=(count_key,))
        st.button("Start again", on_click=_restart, args=(count_key,), icon=":material/restart_alt:")
    region, count, seed = REGIONS[name], int(st.session_state[count_key]), int(st.session_state[seed_key])
    chances = hand.probabilities(region.ravel()).reshape(region.shape)
    last = hand.last_draw(region, count, seed)
    value = "–" if last is None else number_text(float(region.ravel()[last]))
    with right:
        st.markdown(f"**{told(region, count, seed)}**")
        number_maps(
            [
                NumberMap("Activations aᵢ", region, lit=last),
                NumberMap("Probabilities pᵢ", chances, "aᵢ / Σ aₖ", lit=last, top=1.0),
            ],
            float(region.max()),
        )
        st.markdown(
            f"Drawn last, in training: **{value}** · in a test, Σ pᵢaᵢ: **{number_text(float((chances * region).sum()))}** · "
            f"max: {number_text(float(region.max()))} · average: {number_text(float(region.mean()))}"
        )
        chart = drawn_against_expected(region, count, seed)
        alt = f"How often each place was drawn, beside what was expected. {told(region, count, seed)}"
        st.plotly_chart(chart, theme=None, key=f"{lesson.slug}.draws.chart", width="stretch", config=PLAIN, alt=alt)


def _more(key: str, count: int) -> None:
    st.session_state[key] = min(st.session_state[key] + count, 100_000)


def _restart(key: str) -> None:
    st.session_state[key] = 0


WAYS = {"switches": "With switches", "corner": "Top left corner", "spread": "All of the window"}


@st.fragment
def rebuilt_picture(lesson: Lesson) -> None:
    """A map max-pooled and brought back in three ways, with the error of each."""
    left, right = st.columns([1, 3], gap="medium")
    with left:
        maps, kernel = _picture_and_filter(lesson, "rebuilt", "Ankle boot")
        times = int(st.select_slider("Max-pooled", (1, 2, 3), 1, key=f"{lesson.slug}.rebuilt.times", format_func=_times))
    back = hand.unpooled(maps, times)
    errors = {way: hand.lost(maps, found) for way, found in back.items()}
    size = maps.shape[0] // 2**times
    with right:
        st.markdown(
            f"**Of {maps.size:,} numbers {size**2} are left. Lost of the map: {percent_text(errors['switches'])} with switches, "
            f"{percent_text(errors['corner'])} in the corner, {percent_text(errors['spread'])} over the window.**"
        )
        number_maps(
            [
                NumberMap("The map" if kernel in hand.FILTERS else "The picture", maps, cell=8, numbers=False),
                *(
                    NumberMap(WAYS[way], found, f"lost {percent_text(errors[way])}", cell=8, numbers=False)
                    for way, found in back.items()
                ),
            ],
            float(maps.max()),
        )
        st.caption(
            "Lost: ‖x − x̂‖² / ‖x‖². Switches say where each maximum stood: it goes back there, and its neighbours become 0."
        )


def _times(number: int) -> str:
    return {1: "once", 2: "twice", 3: "three times"}[number]
