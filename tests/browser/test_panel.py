"""The live panel in a real browser, with the real training behind it."""

import re
from collections.abc import Callable

import pytest
from panels import Panel
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

pytestmark = pytest.mark.browser


def test_a_lesson_opens_with_a_recorded_run_on_its_charts(open_panel: Callable[..., Panel]) -> None:
    panel = open_panel()
    panel.is_in("stored")
    expect(panel.line).to_have_text(re.compile(r"^Recorded earlier · [\d,]+ steps · press Train to run it now$"))
    expect(panel.root.locator(".cnnviz-headline").first).to_have_text(re.compile(r"A\s.+, B\s.+"))


def test_train_fills_the_same_charts_and_zoom_survives_run_and_rerun(open_panel: Callable[..., Panel]) -> None:
    panel = open_panel("?steps=200")
    expect(panel.root.locator(".cnnviz-chart.js-plotly-plot")).to_have_count(4)
    panel.page.evaluate("""() => {
      window.first = document.querySelector('.cnnviz-chart')
      return Plotly.relayout(document.querySelectorAll('.cnnviz-chart')[3], { 'xaxis.range': [20, 90] })
    }""")
    panel.press("Train")
    panel.has_drawn_the_run()
    panel.is_in("done")
    expect(panel.line).to_have_text(re.compile(r"^Done · step 200 of 200 · 1\.3 epochs · \w+ · seed 0$"))
    panel.page.locator(".st-key-findings").get_by_text("holds").first.wait_for()
    assert panel.page.evaluate("window.first.isConnected")
    assert panel.zoom() == [20, 90]


def test_pause_step_and_scrub_by_keyboard(open_panel: Callable[..., Panel]) -> None:
    panel = open_panel("?steps=20000")
    panel.press("Step")
    panel.is_in("paused")
    expect(panel.line).to_have_text(re.compile("step 1 of 20,000"))
    panel.press("Step")
    expect(panel.line).to_have_text(re.compile("step 2 of 20,000"))
    panel.root.focus()
    panel.page.keyboard.press("Space")
    panel.is_in("running")
    panel.page.keyboard.press("Space")
    panel.is_in("paused")
    seen = int(panel.root.get_attribute("data-step") or 0)
    panel.page.keyboard.press("ArrowLeft")
    expect(panel.button("Follow live")).to_be_visible()
    assert int(panel.root.get_attribute("data-step") or 0) < seen
    panel.press("Follow live")
    expect(panel.root).to_have_attribute("data-step", str(seen))
    panel.press("Stop")
    panel.is_in("cancelled")


def test_a_reload_finds_its_run_again(open_panel: Callable[..., Panel]) -> None:
    panel = open_panel("?steps=20000")
    panel.press("Train")
    panel.has_drawn_the_run()
    panel.press("Pause")
    panel.is_in("paused")
    line = panel.line.inner_text()
    panel.page.reload()
    panel.has_drawn()
    panel.is_in("paused")
    assert panel.line.inner_text() == line
    panel.press("Stop")


def test_a_follow_link_shows_the_run_to_others_without_control(open_panel: Callable[..., Panel], browser: Browser) -> None:
    panel = open_panel("?steps=20000")
    panel.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel.press("Train")
    panel.has_drawn_the_run()
    panel.press("Pause")
    panel.is_in("paused")
    panel.press("Copy follow link")
    expect(panel.notes).to_contain_text("The follow link is copied")
    link = panel.page.evaluate("navigator.clipboard.readText()")
    other = browser.new_page()
    other.goto(link)
    follower = Panel(other)
    follower.has_drawn()
    follower.is_in("paused")
    expect(follower.line).to_have_text(re.compile("^Following the instructor’s run · Paused · step"))
    expect(other.get_by_role("toolbar", name="Training")).to_be_hidden()
    panel.press("Stop")
    follower.is_in("cancelled")
    other.close()


def test_tabs_follow_the_arrow_keys_and_charts_have_words(open_panel: Callable[..., Panel]) -> None:
    panel = open_panel()
    tabs = panel.root.get_by_role("tab")
    tabs.first.focus()
    panel.page.keyboard.press("ArrowRight")
    expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
    expect(tabs.nth(1)).to_be_focused()
    charts = panel.root.locator(".cnnviz-chart")
    assert 1 <= charts.count() <= 4
    for card in panel.root.locator(".cnnviz-card").all():
        finding = card.locator(".cnnviz-headline").inner_text()
        how = card.locator(".cnnviz-explain").inner_text()
        expect(card.get_by_role("img", name=f"{finding}. {how}")).to_have_count(1)


def test_a_picked_layer_tells_its_numbers(open_panel: Callable[..., Panel]) -> None:
    panel = open_panel()
    chip = panel.root.locator(".cnnviz-chip").nth(2)
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    expect(panel.root.locator(".cnnviz-detail").first).to_have_text(
        re.compile(r"A, fc3: gradient norm [\d.].*B, fc3: gradient norm [\d.]")
    )


def test_where_websockets_are_blocked_the_page_carries_the_run_and_says_so(open_panel: Callable[..., Panel], page: Page) -> None:
    page.route_web_socket(re.compile("/cnnviz/live"), closed)
    panel = open_panel("?steps=200")
    expect(panel.notes).to_contain_text("Live connection is blocked here; updates arrive more slowly.")
    panel.press("Train")
    panel.has_drawn_the_run()
    panel.is_in("done")
    expect(panel.line).to_contain_text("Done · step 200 of 200")


def closed(socket: WebSocketRoute) -> None:
    socket.close()


def test_the_panel_fits_a_phone(open_panel: Callable[..., Panel], page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    panel = open_panel()
    box = panel.root.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
