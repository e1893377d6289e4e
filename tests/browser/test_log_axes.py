"""Every log axis reads as numbers, whatever its range, in Plotly itself: after a zoom it chooses its ticks anew."""

from collections.abc import Iterator
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import plotly
import pytest
from playwright.sync_api import Browser, Page

from cnnviz.plots import theme

pytestmark = pytest.mark.browser

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
SPANS = (0.05, 0.3, 0.7, 0.95, 1.0, 1.1, 1.4, 1.6, 2.2, 3.0, 3.7, 5.0, 8.0, 12.0, 20.0)  # decades
STARTS = (-30.3, -8.0, -5.4, -1.9, 0.0, 0.65, 3.3, 8.2)
RANGES = [[low, low + span] for span in SPANS for low in STARTS]
COUNTED = [[low, low + span] for low in STARTS for span in SPANS if low >= 0 and low + span < 14]
THOUSANDS = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}

# Each label that is drawn on the axis with its middle and its ends across the screen, for each range in turn.
READ = r"""async ([letter, ranges]) => {
  const found = []
  for (const range of ranges) {
    await Plotly.relayout('chart', { [`${letter}axis.range`]: range })
    const marks = [...document.querySelectorAll(`#chart .${letter}tick text`)].filter(mark => mark.textContent.trim())
    found.push(marks.map(mark => {
      const box = mark.getBoundingClientRect()
      const [low, high] = letter === 'x' ? [box.left, box.right] : [box.top, box.bottom]
      const turned = /rotate\((?!0)/.test(mark.getAttribute('transform'))
      return { text: mark.dataset.unformatted, value: mark.__data__.x, low, high, turned }
    }))
  }
  return found
}"""


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 700, "height": 420})
    page.set_content('<div id="chart" style="width: 620px; height: 330px"></div>')
    page.add_script_tag(path=PLOTLY)
    yield page
    page.close()


def labels(page: Page, letter: str, counted: bool) -> list[tuple[list[float], list[dict[str, Any]]]]:
    """Each range with its labels, on an axis of this letter."""
    ranges = COUNTED if counted else RANGES
    axes = {"x": theme.linear_axis("x"), "y": theme.linear_axis("y")} | {letter: theme.log_axis("Loss", counted)}
    figure = theme.figure("log", **axes).add_scatter(x=[1, 2], y=[1, 2]).to_plotly_json()
    page.evaluate("figure => Plotly.newPlot('chart', figure.data, figure.layout)", figure)
    return list(zip(ranges, page.evaluate(READ, [letter, ranges]), strict=True))


def number(text: str) -> float:
    """What a reader takes a label for."""
    plain = text.replace(",", "").replace("−", "-")
    if plain[-1] in THOUSANDS:
        return float(plain[:-1]) * THOUSANDS[plain[-1]]
    mantissa, _, power = plain.removesuffix("</sup>").rpartition("10<sup>")
    return float(mantissa.removesuffix("×") or 1) * 10.0 ** int(power) if "<sup>" in plain else float(plain)


@pytest.mark.parametrize("letter", ["x", "y"])
@pytest.mark.parametrize("counted", [False, True])
def test_each_label_is_the_whole_number_at_its_tick_and_none_lies_upon_another(blank: Page, letter: str, counted: bool) -> None:
    for limits, marks in labels(blank, letter, counted):
        assert len(marks) >= 2, limits
        told = {mark["text"]: mark["value"] for mark in marks}
        read = {text: pytest.approx(10.0**value, rel=2e-3) for text, value in told.items()}
        assert {text: number(text) for text in told} == read, limits
        level = sorted((mark for mark in marks if not mark["turned"]), key=itemgetter("low"))
        assert all(one["high"] <= two["low"] + 1 for one, two in pairwise(level)), (limits, told)
