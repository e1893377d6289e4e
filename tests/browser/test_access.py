"""Every page for whoever has a keyboard only, a screen reader, a phone, or colours of their own."""

import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from panels import SLOW, Panel
from playwright.sync_api import Browser, Page, expect

from cnnviz.lessons import all_lessons, all_pages

pytestmark = pytest.mark.browser

EXPLORER = ["architectures", *(f"architectures?v=1&view={view}" for view in ("two", "all", "lecture"))]
DRAWN = "activations?v=1&preset=fit&curve=drawn"
PATHS = ["", *(slug for slug in all_pages() if slug != "architectures"), *EXPLORER, DRAWN]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
RULES = {"target-size": {"enabled": True}}  # 24 pixels, or as much room around: axe leaves it out unless asked
MOST_PRESSES = 90
TWO_FRAMES = "new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
SEEN = 12  # pixels that what wears the ring is wide and high at least: a slider's knob

# What the keyboard is on: its name, the rings on it or on what is drawn for it, how large that is, whether the header covers it.
FOCUS = """() => {
  const it = document.activeElement
  const near = [it, it.parentElement, it.parentElement?.parentElement, it.parentElement?.parentElement?.parentElement]
  const size = node => Math.min(node.getBoundingClientRect().width, node.getBoundingClientRect().height)
  const rings = near.filter(Boolean).filter(node => getComputedStyle(node).outlineStyle !== 'none')
    .filter(node => parseFloat(getComputedStyle(node).outlineWidth) >= 2 && !node.closest('[style*="clip-path"]'))
  rings.sort((one, other) => size(other) - size(one))
  const box = (rings[0] ?? it).getBoundingClientRect()
  const header = document.querySelector('[data-testid=stHeader]').getBoundingClientRect().bottom
  const name = it.getAttribute('aria-label') || it.closest('label')?.innerText || it.innerText || it.value || ''
  return {
    name: name.trim(), kind: it.type || it.getAttribute('role') || it.tagName, rings: rings.length,
    size: Math.round(Math.min(box.width, box.height)),
    covered: !!it.closest('.stMainBlockContainer') && box.top < header && box.height < innerHeight - header,
  }
}"""


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[Page]:
    """One page for all of these tests: what a page costs is its first visit."""
    context = browser.new_context(viewport=DESK, color_scheme="light")
    context.set_default_timeout(SLOW)
    yield context.new_page()
    context.close()


@pytest.fixture
def visit(server: str, visitor: Page) -> Callable[[str], Page]:
    def visited(path: str) -> Page:
        visitor.set_viewport_size(DESK)
        visitor.emulate_media(color_scheme="light", forced_colors="none", reduced_motion="no-preference")
        visitor.goto(f"{server}/{path}")
        visitor.get_by_role("heading", level=1).wait_for()
        is_still(visitor)
        return visitor

    return visited


def is_still(page: Page) -> None:
    """Wait until the page has heard of its width, the script has run, charts are drawn, and the page has been looked after."""
    page.evaluate(TWO_FRAMES)
    page.wait_for_function(
        """() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
          && [...document.querySelectorAll('.cnnviz-chart, .stPlotlyChart')].every(chart => chart.querySelector('.main-svg'))
          && document.documentElement.dataset.access === 'done'"""
    )


def findings(page: Page, *rules: str) -> list[str]:
    """What axe finds against the page that is more than a blemish: impact, rule, and the element. rules: these only."""
    options = {"rules": RULES, "resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)  # half a megabyte
    found = page.evaluate("async options => (await axe.run(options)).violations", options)
    grave = [each for each in found if each["impact"] != "minor"]
    return [f"{each['impact']}, {each['id']}: {node['html'][:160]}" for each in grave for node in each["nodes"]]


def turn_dark(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === 'dark'")
    is_still(page)


@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing_in_light_or_dark_and_a_phone_never_scrolls_sideways(visit: Callable[[str], Page], path: str) -> None:
    page = visit(path)
    if path in all_lessons():
        page.get_by_text("You did not guess").first.wait_for()
        is_still(page)
    assert findings(page) == []
    turn_dark(page)
    assert findings(page, "color-contrast") == []
    page.set_viewport_size(PHONE)
    page.wait_for_function("document.querySelector('[data-testid=stMain]').clientWidth === 390")
    page.evaluate("document.fonts.ready")
    is_still(page)
    assert findings(page, "target-size", "scrollable-region-focusable") == []
    below = (
        page.locator("[data-testid=stHeader]").bounding_box(),
        page.locator(".stMainBlockContainer p, h1").first.bounding_box(),
    )
    assert below[0]["y"] + below[0]["height"] <= below[1]["y"], "the page begins under the header"
    widths = "[document.scrollingElement, document.querySelector('[data-testid=stMain]')].map(it => it.scrollWidth)"
    assert page.evaluate(widths) == [PHONE["width"]] * 2


def test_what_no_longer_fits_beside_the_open_sidebar_can_be_scrolled_by_keys(visit: Callable[[str], Page]) -> None:
    page = visit("label_smoothing")
    page.set_viewport_size({"width": 800, "height": 900})
    is_still(page)
    scrolling = page.locator(".katex-display[data-scrolls][tabindex='0']")
    expect(scrolling).not_to_have_count(0)
    is_still(page)
    beside = scrolling.count()
    page.get_by_test_id("stSidebar").hover()
    page.get_by_test_id("stSidebarCollapseButton").locator("button").click()
    expect(scrolling).not_to_have_count(beside)
    is_still(page)
    assert scrolling.count() < beside
    page.get_by_test_id("stExpandSidebarButton").click()
    expect(scrolling).to_have_count(beside)


def test_after_training_axe_finds_nothing_either(visit: Callable[[str], Page]) -> None:
    page = visit("vanishing_gradients?steps=100")
    panel = Panel(page)
    panel.press("Train")
    panel.is_in("done")
    panel.root.get_by_role("button", name="A — ").click()
    panel.root.locator(".cnnviz-chip").first.click()
    page.get_by_text("You did not guess").wait_for()
    is_still(page)
    assert findings(page) == []
    turn_dark(page)
    assert findings(page, "color-contrast") == []


class Keys:
    """A person who has only a keyboard. Each stop of the Tab key is noted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.stops: list[dict[str, object]] = []

    def press(self, key: str) -> dict[str, object]:
        self.page.keyboard.press(key)
        found: dict[str, object] = self.page.evaluate(FOCUS)
        self.stops.append(found)
        return found

    def go_to(self, name: str, kind: str = "", key: str = "Tab") -> None:
        for _press in range(MOST_PRESSES):
            stop = self.press(key)
            if str(stop["name"]).startswith(name) and (not kind or stop["kind"] == kind):
                return
        pytest.fail(f"{MOST_PRESSES} presses of {key} did not lead to {name!r}: {[stop['name'] for stop in self.stops]}")


def test_a_lesson_is_run_by_keys_alone_with_a_ring_around_each_stop_and_no_trap(visit: Callable[[str], Page]) -> None:
    page = visit("vanishing_gradients?steps=20000")
    panel, keys = Panel(page), Keys(page)
    keys.go_to("Skip to main content", "A")
    keys.page.keyboard.press("Enter")
    keys.go_to("Less than 10")
    page.keyboard.press("Enter")
    expect(page.get_by_text("You said Less than 10")).to_be_visible()
    keys.go_to("Depth, layers", "range")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("depth=9"))
    listen(page)
    keys.go_to("Train")
    page.keyboard.press("Enter")
    panel.has_drawn_the_run()
    panel.is_in("running")
    page.keyboard.press("Enter")
    panel.is_in("paused")
    assert page.evaluate(FOCUS)["name"] == "Resume"
    keys.go_to("Step shown", "range")
    page.keyboard.press("Home")
    expect(panel.root).to_have_attribute("data-step", "0")
    keys.go_to("Stop", "button", key="Shift+Tab")
    page.keyboard.press("Enter")
    panel.is_in("cancelled")
    assert page.evaluate(FOCUS)["name"] == "Train", "what was pressed can be pressed no more, so the focus moves on"
    keys.go_to("Gradient")
    page.keyboard.press("ArrowRight")
    expect(panel.root.get_by_role("tab").nth(1)).to_be_focused()
    keys.go_to("Download plot as a PNG")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(FOCUS)["name"] == "Zoom"
    keys.go_to("Why")
    for _tab in ("Try this", "Code", "Read more"):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Read more")).to_be_focused()
    keys.go_to("Understanding the difficulty")
    stops = [stop for stop in keys.stops if stop["kind"] != "BODY"]  # where Tab is before the first stop
    assert [stop for stop in stops if not stop["rings"] or int(str(stop["size"])) < SEEN] == []
    assert [stop for stop in stops if stop["covered"]] == []
    spoken = page.evaluate("window.spoken")
    states = [words.split(" · ")[0] for words in spoken]
    assert [state for state in states if state != "Starting …"] == ["Running", "Paused", "Stopped"]


def listen(page: Page) -> None:
    """Note from now on what a screen reader says about the run."""
    page.evaluate(
        """() => {
          window.spoken = []
          const region = document.querySelector('.cnnviz-spoken[aria-live=polite]')
          new MutationObserver(() => window.spoken.push(region.textContent)).observe(region, { childList: true })
        }"""
    )


def test_who_asks_for_less_motion_gets_none(visit: Callable[[str], Page]) -> None:
    page = visit("")
    page.emulate_media(reduced_motion="reduce")
    slowest = page.evaluate(
        """() => Math.max(...[...document.querySelectorAll('body *')].flatMap(node => {
          const { transitionDuration, animationDuration } = getComputedStyle(node)
          return [...transitionDuration.split(','), ...animationDuration.split(',')].map(parseFloat)
        }))"""
    )
    assert slowest <= 0.001


def test_with_the_readers_own_colours_variants_keep_theirs_and_what_is_chosen_is_marked(visit: Callable[[str], Page]) -> None:
    page = visit("vanishing_gradients")
    page.locator(".cnnviz-chip").first.click()
    page.emulate_media(forced_colors="active")
    colours = page.locator(".cnnviz-swatch").evaluate_all("all => all.map(it => getComputedStyle(it).backgroundColor)")
    assert colours == ["rgb(213, 94, 0)", "rgb(0, 114, 178)"]
    border = "([it, other]) => [it, other].map(node => getComputedStyle(node).borderTopWidth)"
    chips = page.locator(".cnnviz-chip").evaluate_all(f"all => ({border})(all)")
    assert chips == ["2px", "1px"]
