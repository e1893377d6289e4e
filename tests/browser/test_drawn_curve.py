"""The learner's own curve: drawn by mouse, by finger and by keys, seen in the chart at once, kept by the link."""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from panels import SLOW, Panel
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

LINK = "activations?v=1&preset=fit&curve=drawn"
RAMP = [-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1]
SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"
TRACES = """() => {
  const traces = document.querySelector('.cnnviz-chart').data
  const thin = trace => trace.y.filter((_, place) => place % 20 === 0).map(value => Math.round(value * 100) / 100 + 0)
  const next = traces.find(trace => trace.name === 'target of the next run')
  return { recorded: thin(traces[0]), next: next.visible === false ? null : thin(next) }
}"""


class Drawing:
    """The curve of an open page, and the first chart's targets."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.panel = Panel(page)
        self.pad = page.locator(".cnnviz-curve-pad")
        self.points = page.get_by_role("slider", name=re.compile("^Height at x = "))
        self.panel.has_drawn()
        expect(self.points).to_have_count(9)
        page.wait_for_function("document.querySelector('.cnnviz-chart').data")

    def pixel(self, x: float, height: float) -> tuple[float, float]:
        """Where this point of the curve is: the drawing is 228 by 182, its plot area begins at (22, 20) and is 194 by 124."""
        box = self.pad.bounding_box()
        assert box
        return box["x"] + box["width"] * (22 + 97 * (x + 1)) / 228, box["y"] + box["height"] * (20 + 62 * (1 - height)) / 182

    def stroke(self, *stops: tuple[float, float], lifts: bool = True) -> None:
        """By mouse, with no event between the stops."""
        self.page.mouse.move(*self.pixel(*stops[0]))
        self.page.mouse.down()
        for stop in stops[1:]:
            self.page.mouse.move(*self.pixel(*stop))
        if lifts:
            self.page.mouse.up()

    def heights(self) -> list[float]:
        return [float(point.get_attribute("aria-valuenow") or "nan") for point in self.points.all()]

    def shows(self, next_target: list[float] | None) -> None:
        self.page.wait_for_function(f"wanted => JSON.stringify(({TRACES})().next) === JSON.stringify(wanted)", arg=next_target)

    def recorded(self) -> list[float]:
        found: list[float] = self.page.evaluate(TRACES)["recorded"]
        return found

    def linked(self) -> list[float]:
        found = parse_qs(urlsplit(self.page.url).query).get("heights", ["0,0,0,0,0,0,0,0,0"])
        return [float(height) for height in found[0].split(",")]

    def link_says(self, heights: list[float]) -> None:
        said = "%2C".join(f"{height:g}" for height in heights)
        expect(self.page).to_have_url(re.compile(re.escape(f"heights={said}") + "(&|$)"))


@pytest.fixture
def drawing(server: str, page: Page) -> Drawing:
    page.goto(f"{server}/{LINK}")
    return Drawing(page)


def test_a_fast_stroke_of_the_mouse_skips_no_point_and_the_chart_moves_before_the_page_is_told(drawing: Drawing) -> None:
    drawing.stroke((-1, -1), (1, 1), lifts=False)
    assert (drawing.heights(), drawing.linked()) == (RAMP, [0] * 9)
    drawing.shows(RAMP)
    drawing.page.mouse.up()
    drawing.link_says(RAMP)
    drawing.stroke((0, 0), (0, -0.9))
    pit = [*RAMP[:4], -0.9, *RAMP[5:]]
    drawing.link_says(pit)
    drawing.page.reload()
    again = Drawing(drawing.page)
    assert again.heights() == pit
    drawing.page.wait_for_function(f"wanted => JSON.stringify(({TRACES})().recorded) === JSON.stringify(wanted)", arg=pit)
    again.shows(None)  # of the fresh networks that are shown it is the target already


def test_keys_go_from_point_to_point_and_raise_and_lower_one(drawing: Drawing) -> None:
    first, second, last = drawing.points.nth(0), drawing.points.nth(1), drawing.points.nth(8)
    first.focus()
    for key in ("ArrowUp", "PageUp", "ArrowDown", "ArrowDown", "ArrowUp", "Tab", "PageDown", "ArrowRight", "End"):
        drawing.page.keyboard.press(key)
    expect(drawing.points.nth(2)).to_be_focused()
    shape = [0.25, -0.25, 1, 0, 0, 0, 0, 0, 0]
    assert drawing.heights() == shape
    drawing.shows(shape)
    drawing.link_says(shape)
    expect(second).to_have_attribute("aria-label", "Height at x = −0.75")
    expect(second).to_have_attribute("aria-valuetext", "−0.25")
    last.focus()
    for key in ("ArrowRight", "Home", "ArrowDown"):
        drawing.page.keyboard.press(key)
    assert drawing.heights() == [*shape[:8], -1]
    expect(last).to_be_focused()
    assert last.evaluate("it => getComputedStyle(it).outlineStyle") == "solid"
    drawing.link_says([*shape[:8], -1])


def test_the_recorded_target_stays_until_the_new_run_begins(drawing: Drawing) -> None:
    drawing.stroke((-1, -1), (1, 1))
    drawing.link_says(RAMP)
    drawing.panel.press("Train")
    drawing.panel.is_in("done")
    drawing.shows(None)
    assert drawing.recorded() == RAMP
    drawing.stroke((-1, 1), (1, -1))
    drawing.shows(RAMP[::-1])
    drawing.link_says(RAMP[::-1])
    assert drawing.recorded() == RAMP
    expect(drawing.page.locator(".cnnviz-chart .legend2")).to_contain_text("target of the next run")
    drawing.panel.press("Train")
    drawing.shows(None)
    assert drawing.recorded() == RAMP[::-1]


def test_reset_and_back_are_news_even_where_the_same_curve_is_drawn_again(drawing: Drawing) -> None:
    target = drawing.page.get_by_role("combobox", name="Target curve")
    for _ in range(2):
        drawing.stroke((-1, -1), (1, 1))
        drawing.link_says(RAMP)
        drawing.page.get_by_role("button", name="Reset", exact=True).click()
        expect(drawing.pad).to_have_count(0)
        target.click()
        drawing.page.get_by_role("option", name="drawn by hand").click()
        expect(drawing.points).to_have_count(9)
        assert drawing.heights() == [0] * 9


def test_a_finger_draws_on_a_phone_and_the_page_stays_where_it_is(server: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.set_default_timeout(SLOW)
    page = context.new_page()
    page.goto(f"{server}/{LINK}")
    drawing = Drawing(page)
    drawing.pad.scroll_into_view_if_needed()
    before = page.evaluate(SCROLLED)
    finger = context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [dict(zip("xy", drawing.pixel(*place), strict=True)) for place in places]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (-1, -1))
    touch("touchMove", (-0.5, -0.5))
    touch("touchMove", (1, 1))
    drawing.shows(RAMP)
    assert page.evaluate(SCROLLED) == before  # later a recording of this curve may show, and what it says above takes room
    touch("touchEnd")
    drawing.link_says(RAMP)
    boxes: list[Any] = [point.bounding_box() for point in drawing.points.all()]
    assert all(min(box["width"], box["height"]) >= 24 for box in boxes)
    assert all(right["x"] - left["x"] >= 24 for left, right in pairwise(boxes))
    context.close()


@pytest.fixture(scope="module")
def stroke(browser: Browser, server: str) -> Callable[..., list[float]]:
    """stroke(*[place, height]): what it leaves of a flat curve of five points."""
    page = browser.new_page()
    page.goto(f"{server}/cnnviz/panel/stroke.js")
    page.evaluate("async () => { window.Stroke = (await import('/cnnviz/panel/stroke.js')).Stroke }")

    def left(*stops: tuple[float, float]) -> list[float]:
        found: list[float] = page.evaluate(
            """stops => {
              const stroke = new Stroke()
              const after = stops.reduce((heights, [place, height]) => stroke.to(heights, { place, height }), [0, 0, 0, 0, 0])
              return after.map(height => Math.round(height * 1000) / 1000)
            }""",
            [list(stop) for stop in stops],
        )
        return found

    return left


@pytest.mark.parametrize(
    ("stops", "heights"),
    [
        ([(1.4, 0.5)], [0, 0.5, 0, 0, 0]),
        ([(1.4, 0.5), (1.4, -0.5)], [0, -0.5, 0, 0, 0]),
        ([(0, 0), (4, 1)], [0, 0.25, 0.5, 0.75, 1]),
        ([(4, 1), (0, 0)], [0, 0.25, 0.5, 0.75, 1]),
        ([(0, 1), (0.4, 0.6), (0.7, 0.3), (1.5, 0.3)], [1, 0.3, 0, 0, 0]),
        ([(0.5, 1), (2.5, 1), (0.5, -1)], [0, -0.5, 0.5, 0, 0]),
    ],
    ids=["a tap", "up and down", "to the right", "to the left", "slowly away", "there and back"],
)
def test_a_stroke_leaves_the_curve_where_it_was_drawn(
    stroke: Callable[..., list[float]], stops: list[tuple[float, float]], heights: list[float]
) -> None:
    assert stroke(*stops) == heights
