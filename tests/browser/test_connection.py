"""What breaks between a page and its server while a network learns: nothing that was measured is lost on screen."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from panels import Panel
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

pytestmark = pytest.mark.browser

LIVE = re.compile("/cnnviz/live")
LOST = "Connection lost; trying again …"
BLOCKED = "Live connection is blocked here; updates arrive more slowly."
GONE = "The server no longer has this run: it was restarted, most likely. Press Train to run it again."


class Cable:
    """What a page's live channel runs through. cut: both ends are told; mute: nobody is, and nothing arrives any more."""

    def __init__(self, page: Page) -> None:
        self.ends: list[WebSocketRoute] = []
        self.muted: set[WebSocketRoute] = set()
        page.route_web_socket(LIVE, self._joined)

    def _joined(self, browser: WebSocketRoute) -> None:
        server = browser.connect_to_server()
        browser.on_message(lambda text: None if browser in self.muted else server.send(text))
        server.on_message(lambda text: None if browser in self.muted else browser.send(text))
        self.ends.append(browser)

    def cut(self) -> None:
        self.ends[-1].close()

    def mute(self) -> None:
        self.muted.add(self.ends[-1])


def begin(panel: Panel) -> None:
    panel.root.evaluate("root => delete root.dataset.firstFrameMs")
    panel.press("Train")
    panel.has_drawn_the_run()


def pause(panel: Panel) -> None:
    panel.press("Pause")
    panel.is_in("paused")


def at_rest(panel: Panel) -> list[object]:
    """What the charts show once they have caught up."""
    before, shown = None, panel.drawn()
    while shown != before:
        panel.page.wait_for_timeout(500)
        before, shown = shown, panel.drawn()
    return shown


def holds_all_of(live: list[Any], stored: list[Any]) -> bool:
    """Whether charts show the same, but for steps that only the live ones have."""
    titles, traces = ([[chart[place] for chart in charts] for charts in (live, stored)] for place in (0, 1))
    pairs = [pair for both in zip(*traces, strict=True) for pair in zip(*both, strict=True)]
    return titles[0] == titles[1] and all(_within(more, less) for more, less in pairs)


def _within(more: list[Any], less: list[Any]) -> bool:
    x, y, z = less
    kept = [more[0].index(place) for place in x]
    if z is not None and len(z[0]) == len(x):
        return y == more[1] and z == [[row[place] for place in kept] for row in more[2]]
    return y == [more[1][place] for place in kept] and z == more[2]


def test_a_connection_that_is_cut_comes_back_and_the_recording_is_whole(
    open_panel: Callable[..., Panel], page: Page, browser: Browser
) -> None:
    cable = Cable(page)
    panel = open_panel("?depth=5&steps=300&seed=11")
    panel.root.get_by_label("Speed").select_option("100")  # steps a second, so that it can be paused on its way
    begin(panel)
    pause(panel)
    cable.cut()
    expect(panel.notes).to_contain_text(LOST)
    expect(panel.notes).not_to_contain_text(LOST)
    panel.press("Resume")
    panel.is_in("running")
    cable.cut()
    panel.is_in("done")
    expect(panel.root).to_have_attribute("data-step", "300")
    other = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    other.goto(page.url)
    stored = Panel(other)
    stored.has_drawn()
    stored.is_in("stored")
    other.wait_for_function("document.querySelectorAll('.cnnviz-chart.js-plotly-plot').length === 4")
    assert holds_all_of(at_rest(panel), at_rest(stored))  # where it was paused a step more was measured
    other.context.close()


def test_a_connection_that_dies_without_a_word_is_noticed(open_panel: Callable[..., Panel], page: Page) -> None:
    cable = Cable(page)
    page.clock.install()
    panel = open_panel("?steps=20000")
    begin(panel)
    pause(panel)
    cable.mute()
    page.clock.fast_forward(6_000)
    expect(panel.notes).not_to_contain_text(LOST)
    page.clock.fast_forward(6_000)
    expect(panel.notes).to_contain_text(LOST)
    page.clock.fast_forward(1_000)
    expect(panel.notes).not_to_contain_text(LOST)
    assert len(cable.ends) == 2
    panel.press("Resume")
    panel.is_in("running")
    panel.press("Stop")
    panel.is_in("cancelled")


def test_train_that_is_pressed_while_the_connection_is_lost_begins_when_it_is_back(
    open_panel: Callable[..., Panel], page: Page
) -> None:
    cable = Cable(page)
    page.clock.install()
    panel = open_panel("?steps=20000")
    begin(panel)
    panel.press("Stop")
    panel.is_in("cancelled")
    before = page.evaluate("sessionStorage.getItem('cnnviz.run.vanishing_gradients')")
    cable.mute()
    panel.root.evaluate("root => delete root.dataset.firstFrameMs")
    panel.press("Train")
    page.clock.fast_forward(12_000)
    expect(panel.notes).to_contain_text(LOST)
    page.clock.fast_forward(1_000)
    panel.has_drawn_the_run()
    assert page.evaluate("sessionStorage.getItem('cnnviz.run.vanishing_gradients')") != before
    panel.press("Stop")
    panel.is_in("cancelled")


def test_a_restarted_server_is_told_the_charts_stay_and_train_runs_it_again(
    app: Any, open_panel: Callable[..., Panel], browser: Browser
) -> None:
    panel = open_panel("?steps=20000")
    begin(panel)
    pause(panel)
    elsewhere = browser.new_context(viewport={"width": 1280, "height": 900})
    elsewhere.route_web_socket(LIVE, lambda socket: socket.close())
    blocked = open_panel("?steps=20000", on=elsewhere.new_page())
    expect(blocked.notes).to_have_text(BLOCKED)
    begin(blocked)
    pause(blocked)
    shown = [at_rest(each) for each in (panel, blocked)]
    instant = panel.page.context.new_page()
    instant.goto(f"{app.address}/initialisation?preset=tanh&depth=9&width=20")
    expect(instant.locator(".cnnviz-instant .cnnviz-line")).to_contain_text("Measured on fresh weights")
    app.kill()
    expect(panel.notes).to_contain_text(LOST)
    app.start()
    expect(panel.notes).to_have_text(GONE)
    expect(blocked.notes.locator("p")).to_have_text([GONE, BLOCKED])
    assert [each.drawn() for each in (panel, blocked)] == shown
    for each in (panel, blocked):
        each.is_in("failed")
        each.press("Train")
        each.is_in("running")
        each.has_drawn_the_run()
        each.press("Stop")
        each.is_in("cancelled")
    elsewhere.close()
    instant.locator(".stSlider", has_text="Depth").locator("input[type=range]").focus()
    instant.keyboard.press("ArrowRight")
    instant.wait_for_function("document.querySelector('.cnnviz-instant .cnnviz-chart').data[0].y.length === 10")


def test_two_tabs_share_one_run_and_each_does_without_the_other(open_panel: Callable[..., Panel]) -> None:
    first = open_panel("?steps=20000")
    begin(first)
    with first.page.expect_popup() as opened:
        first.page.evaluate("window.open(location.href)")
    second = Panel(opened.value)
    second.has_drawn()
    pause(second)
    first.is_in("paused")
    remembered = "sessionStorage.getItem('cnnviz.run.vanishing_gradients')"
    assert first.page.evaluate(remembered) == second.page.evaluate(remembered)
    step = str(first.root.get_attribute("data-step"))
    expect(second.root).to_have_attribute("data-step", step)
    first.page.close()
    second.press("Resume")
    second.is_in("running")
    expect(second.root).not_to_have_attribute("data-step", step)
    with second.page.expect_popup() as opened:
        second.page.evaluate("window.open(location.href)")
    third = Panel(opened.value)
    third.is_in("running")
    third.press("Stop")
    second.is_in("cancelled")
    begin(second)
    third.is_in("cancelled")
    second.press("Stop")
