"""A lesson's question comes before its answer, a guess stays, and both hold in a browser that keeps nothing."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from panels import SLOW, Panel
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

GUESS = "1,000 to a million"
DENIED = """for (const name of ['localStorage', 'sessionStorage'])
  Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError') } })"""
RANGES = """() => [...document.querySelectorAll('.cnnviz-chart')].flatMap(chart => (chart.data ?? [])
  .filter(trace => trace.type === 'heatmap' && chart.layout['y' + 'axis' + (trace.yaxis ?? 'y').slice(1)].scaleanchor)
  .map(trace => ['x', 'y'].map(name => chart._fullLayout[name + 'axis' + (trace[name + 'axis'] ?? name).slice(1)].range)
    .concat([[trace.z[0].length, trace.z.length]])))"""


@pytest.fixture
def newcomer(browser: Browser) -> Iterator[Callable[..., Page]]:
    """newcomer(script): a page of somebody who has not been here before."""
    contexts = []

    def opened(script: str = "") -> Page:
        new_context: Any = browser.new_context
        context = new_context(guesses=False, viewport={"width": 1280, "height": 720})
        context.set_default_timeout(SLOW)
        if script:
            context.add_init_script(script)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def charts(page: Page) -> list[int]:
    return page.locator(".cnnviz-chart").evaluate_all("all => all.map(chart => chart.data?.[0].x?.length ?? 0)")


def test_nothing_is_given_away_before_the_question_is_answered_and_a_guess_stays(
    server: str, newcomer: Callable[..., Page]
) -> None:
    page = newcomer()
    page.goto(f"{server}/vanishing_gradients")
    panel = Panel(page)
    expect(panel.line).to_contain_text("Answer the question above")
    panel.has_drawn()
    assert charts(page) == [0] * 4
    assert "and the run" not in page.locator("body").inner_text()
    page.get_by_role("radio", name=GUESS).click()
    expect(page.get_by_text("and the run agrees")).to_be_visible()
    panel.is_in("stored")
    expect(panel.root).to_have_attribute("data-step", "600")
    page.reload()
    expect(page.get_by_text(f"You said {GUESS}")).to_be_visible()


def test_where_only_the_end_would_tell_the_networks_before_their_first_update_are_shown(
    server: str, newcomer: Callable[..., Page]
) -> None:
    page = newcomer()
    page.goto(f"{server}/augmentation")
    panel = Panel(page)
    panel.is_in("stored")
    expect(panel.root).to_have_attribute("data-step", "0")
    expect(panel.root.get_by_role("slider", name="Step shown")).to_be_disabled()


def test_a_browser_that_keeps_nothing_shows_the_recording_too(server: str, newcomer: Callable[..., Page]) -> None:
    page = newcomer(DENIED)
    page.goto(f"{server}/vanishing_gradients")
    page.get_by_role("radio", name=GUESS).click()
    panel = Panel(page)
    panel.is_in("stored")
    expect(panel.root).to_have_attribute("data-step", "600")
    page.goto(f"{server}/vanishing_gradients?preset=glorot")
    panel.is_in("stored")


def test_at_1280_by_720_a_lesson_needs_no_scrolling(server: str, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{server}/vanishing_gradients")
    panel = Panel(page)
    panel.is_in("stored")
    expect(page.get_by_text("You did not guess")).to_be_visible()
    parts = [
        page.locator(".st-key-opening"),
        page.locator(".st-key-prediction"),
        panel.button("Train"),
        panel.root.locator(".cnnviz-card").nth(0),
        panel.root.locator(".cnnviz-card").nth(1),
        page.locator(".st-key-findings p").first,
    ]
    for part in parts:
        expect(part).to_be_in_viewport(ratio=1)
    panel.root.get_by_role("button", name="Enlarge this chart").first.click()
    expect(panel.root.locator(".cnnviz-card:visible")).to_have_count(1)
    panel.root.get_by_role("button", name="Show all charts").click()
    expect(panel.root.locator(".cnnviz-card:visible")).to_have_count(4)


def test_images_are_shown_whole_and_the_right_way_up_however_one_comes_to_them(server: str, page: Page) -> None:
    page.goto(f"{server}/pretraining?preset=watch")
    panel = Panel(page)
    panel.is_in("stored")
    sides = [[-0.5, 34.5], [34.5, -0.5], [35, 35]]
    page.wait_for_function(f"JSON.stringify(({RANGES})()) === '{str([sides] * 4).replace(' ', '')}'")
    panel.root.get_by_role("tab", name="Learning").click()
    panel.root.get_by_role("tab", name="Filters").click()
    page.wait_for_function(f"JSON.stringify(({RANGES})()) === '{str([sides] * 4).replace(' ', '')}'")


def test_a_sweep_counts_its_runs_and_offers_no_rate(server: str, page: Page) -> None:
    page.goto(f"{server}/norm_family")
    panel = Panel(page)
    expect(panel.line).to_have_text(re.compile(r"^Recorded earlier · 18 runs · press Train to run it now$"))
    for name in ("Learning rate", "Step shown"):
        expect(panel.root.get_by_role("slider", name=name)).to_have_count(1 if name == "Step shown" else 0)
    panel.press("Train")
    expect(panel.line).to_have_text(re.compile(r"^Running · run \d+ of 18"))
    panel.press("Stop")
    panel.is_in("cancelled")
