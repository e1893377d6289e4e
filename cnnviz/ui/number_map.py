"""Small maps with or without their numbers, side by side, in as many rows as the page is wide for."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image, ImageColor
from plotly.colors import sample_colorscale, unlabel_rgb

from cnnviz.plots.numbers import number_text
from cnnviz.plots.theme import MAGNITUDE_SCALE, VARIANT_COLOURS

SHADES = 64
FRAME = 2  # pixels wide
STYLE = f"""<style>
.cnnviz-maps {{ display: flex; flex-wrap: wrap; gap: 1rem 1.4rem; align-items: flex-end; }}
.cnnviz-maps figure {{ margin: 0; }}
.cnnviz-maps figcaption {{ font-size: 0.875rem; line-height: 1.3; margin-bottom: 0.3rem; max-width: 16rem; }}
.cnnviz-maps figcaption small {{ opacity: 0.75; }}
.cnnviz-maps div {{ display: grid; gap: 1px; width: max-content; }}
.cnnviz-maps img {{ display: block; }}
.cnnviz-maps span {{ forced-color-adjust: none; font-size: 0.72rem; line-height: 1; display: grid; place-items: center; }}
.cnnviz-maps .lit {{ outline: 3px solid {VARIANT_COLOURS[0]}; outline-offset: -3px; }}
</style>"""


@dataclass(frozen=True)
class NumberMap:
    """values: (H, W), at least 0. title, note: above it, the note quietly. cell: a square's side in pixels.

    numbers: written into the squares. lit: the place, row by row, with a frame around it; frame: the first row and column of a
    frame and its side, where there are no numbers. top: what has the brightest colour, None for what the others have.
    """

    title: str
    values: NDArray[np.float64]
    note: str = ""
    cell: int = 38
    numbers: bool = True
    lit: int | None = None
    frame: tuple[int, int, int] | None = None
    top: float | None = None


def number_maps(maps: Sequence[NumberMap], top: float) -> None:
    """Draw them, on a scale of colours from 0 to `top`."""
    st.html(f'{STYLE}<div class="cnnviz-maps" style="display: flex">{"".join(_drawn(each, top) for each in maps)}</div>')


def _drawn(each: NumberMap, top: float) -> str:
    share = each.values / max(top if each.top is None else each.top, 1e-12)
    shades = np.rint(np.clip(share, 0, 1) * (SHADES - 1)).astype(int)
    title, note = escape(each.title), f" <small>{escape(each.note)}</small>" if each.note else ""
    inside = _squares(each, shades) if each.numbers else _picture(each, shades)
    return f"<figure><figcaption><b>{title}</b>{note}</figcaption>{inside}</figure>"


def _squares(each: NumberMap, shades: NDArray[np.int64]) -> str:
    cells = []
    for place, (shade, value) in enumerate(zip(shades.ravel().tolist(), each.values.ravel().tolist(), strict=True)):
        (red, green, blue), ink = _colours()[shade]
        frame = " class=lit" if place == each.lit else ""
        style = f"background:rgb({red},{green},{blue});color:{ink};height:{each.cell}px"
        cells.append(f'<span{frame} style="{style}">{number_text(round(value, 2))}</span>')
    return f'<div style="grid-template-columns:repeat({shades.shape[1]},{each.cell}px)">{"".join(cells)}</div>'


def _picture(each: NumberMap, shades: NDArray[np.int64]) -> str:
    pixels = np.array([colour for colour, _ink in _colours()], np.uint8)[shades].repeat(each.cell, 0).repeat(each.cell, 1)
    if each.frame:
        top, left, side = (each.cell * number for number in each.frame)
        inside = np.zeros(pixels.shape[:2], bool)
        inside[top : top + side, left : left + side] = True
        inside[top + FRAME : top + side - FRAME, left + FRAME : left + side - FRAME] = False
        pixels[inside] = ImageColor.getrgb(VARIANT_COLOURS[0])
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    source = base64.b64encode(file.getvalue()).decode()
    return (
        f'<img alt="{escape(each.title)}" width={pixels.shape[1]} height={pixels.shape[0]} src="data:image/png;base64,{source}">'
    )


@cache
def _colours() -> list[tuple[tuple[int, int, int], str]]:
    """Each shade's red, green and blue, and the ink in which a number can be read on it."""
    found = []
    for colour in sample_colorscale(MAGNITUDE_SCALE, [number / (SHADES - 1) for number in range(SHADES)]):
        red, green, blue = (round(part) for part in unlabel_rgb(colour))
        found.append(((red, green, blue), "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 128 else "#FFFFFF"))
    return found
