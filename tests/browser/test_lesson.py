"""Lesson 210 in a real browser: what a learner does with it from first look to shared link."""

import os
import re
import signal
from collections.abc import Callable
from typing import Any

import pytest
from panels import LESSON, Panel
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser


def test_train_pause_change_the_rate_scrub_and_reload(open_panel: Callable[..., Panel]) -> None:
    panel = open_panel("?steps=20000")
    panel.press("Train")
    panel.has_drawn_the_run()
    panel.press("Pause")
    panel.is_in("paused")
    rate = panel.root.get_by_role("slider", name="Learning rate")
    rate.focus()
    rate.press("ArrowRight")
    expect(panel.line).to_contain_text("learning rate 0.112")
    newest = panel.root.get_attribute("data-step")
    scrubber = panel.root.get_by_role("slider", name="Step shown")
    scrubber.focus()
    scrubber.press("Home")
    expect(panel.root).to_have_attribute("data-step", "0")
    panel.page.reload()
    panel.has_drawn()
    panel.is_in("paused")
    expect(panel.root).to_have_attribute("data-step", str(newest))
    expect(panel.line).to_contain_text("learning rate 0.112")
    panel.press("Stop")
    panel.is_in("cancelled")


def test_a_link_shows_a_second_browser_the_same_picture(open_panel: Callable[..., Panel], browser: Browser) -> None:
    panel = open_panel("?depth=5&steps=100&seed=3&v=1")
    expect(panel.line).to_have_text("Ready")
    panel.press("Train")
    panel.is_in("done")
    panel.page.wait_for_function("document.querySelectorAll('.cnnviz-chart')[3].data[0].x.length > 90")
    other = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    other.goto(panel.page.url)
    second = Panel(other)
    second.has_drawn()
    second.is_in("stored")
    other.wait_for_function("document.querySelectorAll('.cnnviz-chart.js-plotly-plot').length === 4")
    assert second.drawn() == panel.drawn()
    other.context.close()


def test_findings_answer_the_prediction_with_the_numbers_of_the_run(open_panel: Callable[..., Panel]) -> None:
    panel = open_panel()
    panel.page.get_by_role("radio", name="1,000 to a million").click()
    expect(panel.page.get_by_text("and the run agrees")).to_be_visible()
    expect(panel.page.get_by_text("Before the first update, fc1 of A gets")).to_be_visible()


def test_moving_a_slider_puts_it_into_the_link_while_a_run_goes_on(open_panel: Callable[..., Panel]) -> None:
    panel = open_panel("?steps=20000")
    panel.press("Train")
    panel.has_drawn_the_run()
    depth = panel.page.get_by_role("slider", name="Depth, layers")
    depth.focus()
    depth.press("ArrowRight")
    panel.page.wait_for_url(re.compile("depth=9"))
    expect(panel.notes).to_contain_text("Settings changed: press Restart to run them.")
    panel.is_in("running")
    panel.press("Stop")


def test_a_killed_training_process_costs_one_run_and_one_sentence(app: Any, open_panel: Callable[..., Panel]) -> None:
    panel = open_panel("?steps=20000")
    panel.press("Train")
    panel.has_drawn_the_run()
    for pid in app.workers():
        os.kill(pid, signal.SIGKILL)
    panel.is_in("failed")
    expect(panel.notes).to_contain_text("The training process stopped unexpectedly")
    panel.press("Train")
    panel.is_in("running")
    panel.press("Stop")
    panel.is_in("cancelled")


def test_a_hostile_link_opens_the_page_with_one_line_and_no_trace(server: str, page: Page) -> None:
    page.goto(f"{server}/{LESSON}?depth=-1e99&activation=<img src=x onerror=alert(1)>&lr={'9' * 3000}&zzz=1&v=1")
    Panel(page).has_drawn()
    warning = page.get_by_text("The link was opened without:")
    expect(warning).to_have_count(1)
    expect(warning).to_contain_text("depth (=-1e+99) must be between 2 and 100 layers")
    assert page.locator("[data-testid=stException]").count() == 0
    assert page.locator("img[src=x]").count() == 0


def test_a_starting_point_opens_the_tab_that_it_speaks_of_once(open_panel: Callable[..., Panel], page: Page) -> None:
    panel = open_panel("?v=1&preset=glorot")
    selected = panel.root.locator("[role=tab][aria-selected=true]")
    expect(selected).to_have_text("Distributions")
    panel.root.get_by_role("tab", name="Gradient").click()
    page.get_by_text("More settings").click()
    expect(selected).to_have_text("Gradient")
    starts = page.get_by_role("combobox", name="Start from")
    cut = starts.evaluate("field => [getComputedStyle(field).textOverflow, field.scrollWidth > field.clientWidth]")
    assert cut == ["ellipsis", True]  # the name is longer than the field, and says so
    starts.scroll_into_view_if_needed()
    page.wait_for_timeout(500)  # a list closes when what is around it scrolls
    starts.click()
    page.get_by_role("option", name="Weights that drift to zero").click()
    expect(selected).to_have_text("Learning")


def test_home_plays_by_itself_and_stands_still_for_who_asks_for_less_motion(server: str, browser: Browser) -> None:
    for motion, moves in (("no-preference", True), ("reduce", False)):
        context = browser.new_context(reduced_motion=motion)
        page = context.new_page()
        page.goto(server)
        replay = page.locator(".cnnviz-replay")
        expect(replay.locator(".cnnviz-line")).to_have_text(re.compile(r"step [\d,]+ of 600"))
        expect(replay.locator(".cnnviz-variant")).to_have_text(["A — sigmoid, standard, ±1/√fan_in", "B — ReLU, He normal"])
        first = replay.get_attribute("data-step") or ""
        if moves:
            expect(replay).not_to_have_attribute("data-step", first)
        else:
            page.wait_for_timeout(1_500)
            expect(replay).to_have_attribute("data-step", first)
        expect(replay.get_by_role("button", name="Pause" if moves else "Play")).to_be_visible()
        context.close()
