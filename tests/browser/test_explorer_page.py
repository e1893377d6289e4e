"""The architecture explorer in a real browser: its drawing by keyboard, and forward passes timed by a worker."""

import re

import pytest
from panels import Panel
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_arrows_go_from_block_to_block_and_enter_shows_its_row_and_formula(server: str, page: Page) -> None:
    page.goto(f"{server}/architectures?v=1&network=alexnet")
    reached = page.locator(".cnnviz-block[tabindex='0']")
    focused = page.locator(".cnnviz-block:focus")
    expect(reached).to_have_count(1)
    expect(reached).to_have_attribute("aria-label", re.compile("^input, 3×227×227"))
    reached.focus()
    page.keyboard.press("ArrowDown")
    expect(focused).to_have_attribute("aria-label", re.compile("^conv1, conv"))
    page.keyboard.press("End")
    expect(focused).to_have_attribute("aria-label", re.compile("^fc8, fc, 1000"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("block="))
    expect(page.get_by_text("4,097,000 parameters, 4,096,000 multiply-adds for one example.")).to_be_visible()
    expect(page.locator(".cnnviz-block[aria-pressed='true']")).to_have_attribute("aria-label", re.compile("^fc8"))
    expect(focused).to_have_attribute("aria-label", re.compile("^fc8"))
    page.keyboard.press("ArrowUp")
    expect(focused).to_have_attribute("aria-label", re.compile("^fc7"))


def test_a_link_to_a_layer_leads_to_its_bar_and_the_list_does_so_within_the_picture(server: str, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{server}/architectures?v=1&network=vgg16&block=38")
    bar = page.locator(".cnnviz-block[aria-pressed='true']")
    expect(bar).to_be_in_viewport(ratio=1)
    page.wait_for_timeout(3_500)
    expect(bar).to_be_in_viewport(ratio=1)
    page.get_by_role("combobox", name="Part").click()
    page.keyboard.type("input")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("block=0"))
    expect(bar).to_have_attribute("aria-label", re.compile("^input"))
    expect(bar).to_be_in_viewport(ratio=0.5)


def test_forward_passes_are_timed_when_asked_for_and_can_be_stopped(server: str, page: Page) -> None:
    page.goto(f"{server}/architectures?v=1&view=two&network=lenet&other=cifar_resnet20&passes=5")
    panel = Panel(page)
    expect(panel.line).to_have_text("Ready")
    panel.press("Time it")
    panel.is_in("done")
    expect(panel.line).to_contain_text("step 5 of 5")
    expect(panel.line).not_to_contain_text("epoch")
    expect(page.get_by_text("The networks took turns, pass by pass.")).to_be_visible()
    assert (
        page.evaluate("document.querySelector('.cnnviz-panel .cnnviz-chart').data.filter(t => t.mode === 'markers').length") == 4
    )
    page.goto(f"{server}/architectures?v=1&network=mobilenet_v2&passes=100")
    expect(panel.line).to_have_text("Ready")  # the tab remembers another run than the link asks for
    panel.press("Time it")
    panel.has_drawn_the_run()
    panel.press("Stop")
    panel.is_in("cancelled")
