"""Run for every visit: page settings, navigation by chapter, version and licence. Pages are found by their file names."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image, ImageColor

import cnnviz
from cnnviz.lessons import CHAPTERS, all_pages
from cnnviz.plots.theme import VARIANT_COLOURS
from cnnviz.settings import ROOT
from cnnviz.ui import memory
from cnnviz.ui.access import access
from cnnviz.ui.lesson import page_file

HOME = ROOT / "pages" / "000_home.py"
SIDEBAR_PIXELS = 250
STYLE = (Path(__file__).parent / "site.css").read_text(encoding="utf-8")


@cache
def icon() -> Image.Image:
    """A 3×3 kernel that finds vertical edges, in the colours of two variants: nothing is fetched for it."""
    row = [ImageColor.getrgb(colour) for colour in (VARIANT_COLOURS[0], "#FFFFFF", VARIANT_COLOURS[1])]
    pixels = np.array([row] * 3, dtype=np.uint8)
    return Image.fromarray(pixels.repeat(16, axis=0).repeat(16, axis=1))


def pages() -> dict[str, list[st.Page]]:
    """The home page, then every lesson under its chapter."""
    groups: dict[str, list[st.Page]] = {"": [st.Page(HOME, title="Home", icon=":material/home:", default=True)]}
    for each in all_pages().values():
        chapter = f"{each.number // 100} · {CHAPTERS[each.number // 100]}"
        page = st.Page(page_file(each), title=f"{each.number} {each.title}", url_path=each.slug)
        groups.setdefault(chapter, []).append(page)
    return groups


def main() -> None:
    """One visit."""
    st.set_page_config(page_title="cnnviz", page_icon=icon(), layout="wide", initial_sidebar_state=SIDEBAR_PIXELS)
    st.html(f"<style>{STYLE}</style>")
    access()
    page = st.navigation(pages(), expanded=True)
    with st.sidebar:
        st.caption(f"cnnviz {cnnviz.__version__} · MIT licence")
    try:
        with memory.script_run():
            page.run()
    except Exception:  # Streamlit's own control flow is not an Exception, so what arrives here is a fault of ours
        logging.getLogger(__name__).exception("the page '%s' failed", page.title)
        st.error("Something went wrong while this page was drawn; your settings are kept in the link. Reload the page to go on.")


main()
