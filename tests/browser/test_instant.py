"""A panel that measures by itself: it follows the controls, keeps its picture until the next is there, and leaves the focus."""

import re

import pytest
from playwright.sync_api import FloatRect, Page, Route, expect

pytestmark = pytest.mark.browser

MEASURED = re.compile(r"^Measured on fresh weights, before any update")
REST = """() => new Promise(done => {
  const app = document.querySelector('[data-testid="stApp"]')
  let since = performance.now()
  const look = () => {
    if (app.dataset.testScriptState !== 'notRunning') since = performance.now()
    if (performance.now() - since > 1_500) done()
    else setTimeout(look, 20)
  }
  look()
})"""


def opened(server: str, page: Page, query: str) -> None:
    page.goto(f"{server}/initialisation{query}")
    expect(page.locator(".cnnviz-instant")).to_have_attribute("data-frames", re.compile(r"\d"))


def layers_drawn(page: Page) -> int:
    found: int = page.evaluate("document.querySelector('.cnnviz-instant .cnnviz-chart').data[0].y.length")
    return found


def is_at_rest(page: Page) -> None:
    """Wait until no script has run for a while in which the page would have been told of what is measured."""
    page.evaluate(REST)


def held(page: Page) -> FloatRect:
    """Presses the middle of the slider Depth and waits for the picture of about fifty layers; where the slider is."""
    slider = page.locator(".stSlider", has_text="Depth").locator("input[type=range]")
    track = slider.locator("xpath=ancestor::*[@role='group'][1]")
    track.scroll_into_view_if_needed()
    box = track.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_function("document.querySelector('.cnnviz-instant .cnnviz-chart').data[0].y.length > 40")
    return box


def test_it_draws_what_is_stored_without_a_run_and_has_nothing_to_press(server: str, page: Page) -> None:
    opened(server, page, "")
    panel = page.locator(".cnnviz-instant")
    expect(panel.locator(".cnnviz-line")).to_have_text(MEASURED)
    expect(panel).to_have_attribute("data-state", "stored")
    expect(panel.get_by_role("toolbar", name="Training")).to_be_hidden()
    expect(panel.get_by_role("slider", name="Step shown")).to_be_hidden()


def test_it_runs_by_itself_where_nothing_is_stored(server: str, page: Page) -> None:
    opened(server, page, "?preset=tanh&depth=9&width=20")
    expect(page.locator(".cnnviz-instant .cnnviz-line")).to_have_text(MEASURED)
    page.wait_for_function("document.querySelector('.cnnviz-instant .cnnviz-chart').data[0].y.length === 9")


def test_a_changed_setting_is_measured_in_the_same_chart_and_the_focus_stays(server: str, page: Page) -> None:
    opened(server, page, "?preset=tanh&depth=9&width=20")
    expect(page.locator(".cnnviz-instant .cnnviz-line")).to_have_text(MEASURED)
    page.evaluate("""() => {
      window.first = document.querySelector('.cnnviz-instant .cnnviz-chart')
      window.shown = []
      const note = () => window.shown.push(window.first.data?.[0].y.length)
      new MutationObserver(note).observe(window.first, { childList: true, subtree: true })
    }""")
    depth = page.locator(".stSlider", has_text="Depth").locator("input[type=range]")
    depth.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.cnnviz-instant .cnnviz-chart').data[0].y.length === 10")
    assert page.evaluate("window.first.isConnected")
    assert page.evaluate("window.shown.every(layers => layers === 9 || layers === 10)"), "the picture went blank in between"
    assert depth.evaluate("input => input === document.activeElement")
    dashed = page.evaluate("window.first.data.filter(trace => trace.line.dash === 'dash').map(trace => trace.y.length)")
    assert dashed == [10, 10]


def test_it_follows_a_slider_that_is_still_held(server: str, page: Page) -> None:
    opened(server, page, "?preset=tanh&depth=9&width=20")
    expect(page.locator(".cnnviz-instant .cnnviz-line")).to_have_text(MEASURED)
    box = held(page)
    assert "depth=9" in page.url, "the page was told, though the slider was not let go"
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2, steps=5)
    page.wait_for_function("document.querySelector('.cnnviz-instant .cnnviz-chart').data[0].y.length < 35")
    page.mouse.up()
    expect(page.locator(".cnnviz-instant .cnnviz-line")).to_have_text(MEASURED)
    wanted = int(page.locator(".stSlider", has_text="Depth").locator("input[type=range]").input_value())
    page.wait_for_url(f"**depth={wanted}**")
    drawn = "wanted => document.querySelector('.cnnviz-instant .cnnviz-chart').data[0].y.length === wanted"
    page.wait_for_function(drawn, arg=wanted)


def test_its_picture_stays_for_as_long_as_the_slider_is_held(server: str, page: Page) -> None:
    opened(server, page, "?preset=tanh&depth=9&width=20")
    expect(page.locator(".cnnviz-instant .cnnviz-line")).to_have_text(MEASURED)
    held(page)
    page.wait_for_timeout(3_000)  # a page that was told of the run would have asked for the slider's old place by now
    assert layers_drawn(page) > 40
    page.mouse.up()


def test_it_is_no_training_run_for_the_page(server: str, page: Page) -> None:
    opened(server, page, "?preset=tanh&depth=9&width=20")
    expect(page.locator(".cnnviz-instant .cnnviz-line")).to_have_text(MEASURED)
    training = page.locator(".cnnviz-panel:not(.cnnviz-instant)")
    expect(training).to_have_attribute("data-state", "empty")


def test_the_charts_change_before_the_page_is_told_and_theory_together_with_measurement(server: str, page: Page) -> None:
    opened(server, page, "?preset=tanh&depth=9&width=20")
    expect(page.locator(".cnnviz-instant .cnnviz-line")).to_have_text(MEASURED)
    page.evaluate("""() => {
      window.lengths = []
      const chart = document.querySelector('.cnnviz-instant .cnnviz-chart')
      chart.on('plotly_afterplot', () => window.lengths.push(chart.data.map(trace => trace.y.length).join()))
    }""")
    page.locator(".stSlider", has_text="Depth").locator("input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("window.lengths.at(-1) === '10,10,10,10'")
    assert set(page.evaluate("window.lengths")) <= {"9,9,9,9", "10,10,10,10"}


def test_the_pages_script_runs_once_and_only_when_the_picture_stands(server: str, page: Page) -> None:
    page.add_init_script("""
      const send = WebSocket.prototype.send
      WebSocket.prototype.send = function (...given) {
        if (this.url.includes('_stcore/stream')) window.happened?.push('script')
        return send.apply(this, given)
      }
    """)
    opened(server, page, "?preset=tanh&depth=9&width=20")
    expect(page.locator(".cnnviz-instant .cnnviz-line")).to_have_text(MEASURED)
    is_at_rest(page)
    page.evaluate("""() => {
      window.happened = []
      const chart = document.querySelector('.cnnviz-instant .cnnviz-chart')
      chart.on('plotly_afterplot', () => window.happened.push(`${chart.data[0].y.length} layers`))
    }""")
    page.locator(".stSlider", has_text="Depth").locator("input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**depth=10**")
    is_at_rest(page)
    assert page.evaluate("window.happened") == ["10 layers", "script"]


def test_a_slider_that_was_moved_before_there_was_a_panel_is_told_to_the_page(server: str, page: Page) -> None:
    late: list[Route] = []
    page.route("**/cnnviz/panel/panel.js", lambda route: late.append(route))
    with page.expect_request("**/cnnviz/panel/panel.js"):
        page.goto(f"{server}/initialisation?preset=tanh&depth=9&width=20")
    page.locator(".stSlider", has_text="Depth").locator("input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    for route in late:
        route.continue_()
    page.wait_for_url("**depth=10**")
    page.wait_for_function("document.querySelector('.cnnviz-instant .cnnviz-chart')?.data?.[0].y.length === 10")


def test_where_websockets_are_blocked_its_sliders_still_move_the_page(server: str, page: Page) -> None:
    page.route_web_socket(re.compile("/cnnviz/live"), lambda socket: socket.close())
    opened(server, page, "?preset=tanh&depth=9&width=20")
    page.locator(".stSlider", has_text="Depth").locator("input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**depth=10**")
    page.wait_for_function("document.querySelector('.cnnviz-instant .cnnviz-chart').data[0].y.length === 10")


def test_a_hand_on_anything_else_has_the_page_told_at_once(server: str, page: Page) -> None:
    opened(server, page, "?preset=tanh&depth=9&width=20")
    expect(page.locator(".cnnviz-instant .cnnviz-line")).to_have_text(MEASURED)
    is_at_rest(page)
    page.evaluate("""() => {
      const later = window.setTimeout
      const rest = wait => [120, 400].includes(wait)  // which never comes
      window.setTimeout = (call, wait, ...given) => rest(wait) ? 0 : later(call, wait, ...given)
    }""")
    page.locator(".stSlider", has_text="Depth").locator("input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.cnnviz-instant .cnnviz-chart').data[0].y.length === 10")
    assert "depth=9" in page.url
    page.get_by_role("heading", level=1).click()
    page.wait_for_url("**depth=10**")
