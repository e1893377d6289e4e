"""A page's own panel shows the networks of changed settings before any update, and Train trains them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from panels import SLOW, Panel
from playwright.sync_api import Browser, FloatRect, Page, expect

pytestmark = pytest.mark.browser

FRESH = "Fresh networks at step 0, before any update · press Train to train them"
LAYERS = "document.querySelector('.cnnviz-chart')?.data?.[0].y?.length"
REMEMBERED = "sessionStorage.getItem('cnnviz.run.vanishing_gradients')"


def moved(panel: Panel, key: str = "ArrowRight") -> None:
    """One stop further with the slider Depth."""
    depth = panel.page.get_by_role("slider", name="Depth, layers")
    depth.focus()
    depth.press(key)


def has_layers(panel: Panel, number: int) -> None:
    panel.page.wait_for_function(f"{LAYERS} === {number}")


def is_fresh(panel: Panel) -> None:
    panel.is_in("fresh")
    expect(panel.line).to_have_text(FRESH)
    expect(panel.notes).to_have_text("")
    expect(panel.root).to_have_attribute("data-step", "0")


def test_a_moved_slider_shows_the_new_networks_at_step_0_and_train_then_trains_them(open_panel: Callable[..., Panel]) -> None:
    panel = open_panel()
    panel.is_in("stored")
    has_layers(panel, 8)
    for layers in (9, 10):
        moved(panel)
        has_layers(panel, layers)
        is_fresh(panel)
    panel.page.wait_for_url("**depth=10**")
    expect(panel.root.get_by_role("slider", name="Step shown")).to_be_disabled()
    expect(panel.button("Copy follow link")).to_be_hidden()
    expect(panel.page.locator(".st-key-findings")).to_contain_text("Train starts one")
    assert panel.page.evaluate(REMEMBERED) is None
    panel.press("Train")
    panel.has_drawn_the_run()
    assert panel.page.evaluate(REMEMBERED) is not None
    panel.is_in("done")
    expect(panel.line).to_contain_text("Done · step 600 of 600")
    has_layers(panel, 10)
    expect(panel.page.locator(".st-key-findings")).to_contain_text("holds")


def test_a_finished_run_gives_way_and_comes_back_with_its_settings(open_panel: Callable[..., Panel]) -> None:
    panel = open_panel("?steps=200&seed=7")
    is_fresh(panel)
    panel.press("Train")
    panel.is_in("done")
    expect(panel.page.locator(".st-key-findings")).to_contain_text("holds")
    moved(panel)
    has_layers(panel, 9)
    is_fresh(panel)
    expect(panel.page.locator(".st-key-findings")).to_contain_text("Train starts one")
    moved(panel, "ArrowLeft")
    panel.is_in("stored")
    expect(panel.root).to_have_attribute("data-step", "200")


def test_a_run_that_goes_on_is_left_alone(open_panel: Callable[..., Panel]) -> None:
    panel = open_panel("?steps=20000")
    panel.press("Train")
    panel.has_drawn_the_run()
    kept = panel.page.evaluate(REMEMBERED)
    moved(panel)
    panel.page.wait_for_url("**depth=9**")
    expect(panel.notes).to_contain_text("Settings changed: press Restart to run them.")
    before = int(panel.root.get_attribute("data-step") or 0)
    panel.page.wait_for_function(f"document.querySelector('.cnnviz-panel').dataset.step > {before + 10}")
    panel.is_in("running")
    has_layers(panel, 8)
    panel.press("Stop")
    panel.is_in("cancelled")
    assert panel.page.evaluate(REMEMBERED) == kept
    moved(panel)
    has_layers(panel, 10)
    is_fresh(panel)


def test_it_follows_a_slider_that_is_still_held(open_panel: Callable[..., Panel]) -> None:
    panel = open_panel()
    has_layers(panel, 8)
    track = panel.page.get_by_role("slider", name="Depth, layers").locator("xpath=ancestor::*[@role='group'][1]")
    box: FloatRect | None = track.bounding_box()
    assert box is not None
    panel.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    panel.page.mouse.down()
    panel.page.wait_for_function(f"{LAYERS} > 20")
    assert "depth" not in panel.page.url, "the page was told, though the slider was not let go"
    panel.page.mouse.up()
    panel.page.wait_for_url("**depth=**")
    has_layers(panel, int(panel.page.get_by_role("slider", name="Depth, layers").input_value()))
    is_fresh(panel)


def test_a_choice_shows_its_networks_too(open_panel: Callable[..., Panel]) -> None:
    panel = open_panel()
    has_layers(panel, 8)
    panel.page.get_by_role("combobox", name=re.compile("^Initialisation")).click()
    panel.page.get_by_role("option", name="orthogonal").click()
    is_fresh(panel)


def test_where_websockets_are_blocked_the_page_carries_them(open_panel: Callable[..., Panel], page: Page) -> None:
    page.route_web_socket(re.compile("/cnnviz/live"), lambda socket: socket.close())
    panel = open_panel("?seed=6")
    panel.is_in("fresh")
    moved(panel)
    has_layers(panel, 9)
    panel.is_in("fresh")
    expect(panel.line).to_have_text(FRESH)


def test_until_the_question_is_answered_they_are_kept_back(server: str, browser: Browser) -> None:
    new_context: Any = browser.new_context
    context = new_context(guesses=False, viewport={"width": 1280, "height": 720})
    context.set_default_timeout(SLOW)
    page = context.new_page()
    page.goto(f"{server}/vanishing_gradients")
    panel = Panel(page)
    expect(panel.line).to_contain_text("Answer the question above")
    moved(panel)
    page.wait_for_url("**depth=9**")
    page.wait_for_timeout(1_500)
    panel.is_in("empty")
    assert not page.evaluate(LAYERS)
    page.get_by_role("radio", name="1,000 to a million").click()
    has_layers(panel, 9)
    is_fresh(panel)
    context.close()
