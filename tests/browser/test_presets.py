"""Every lesson in a real browser, once through its starting points, with two moves of mixed controls after each."""

import re
from collections.abc import Callable, Iterator
from itertools import cycle

import pytest
from panels import SLOW
from playwright.sync_api import Browser, Locator, Page, TimeoutError, expect

from cnnviz.lessons import all_lessons
from cnnviz.ui import link

pytestmark = pytest.mark.browser

LESSONS = all_lessons()
PATIENCE = 3_000  # ms
RESTS = "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[Page]:
    """One page for all lessons: what a page costs is its first visit."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(SLOW)
    yield context.new_page()
    context.close()


def controls(page: Page, slug: str, kind: str) -> Locator:
    """The experiment's controls of one kind that a learner sees, but the choice of the starting point. Sections have their own,
    which stand in no link."""
    return page.locator(f".st-key-controls [class*='st-key-{slug}-']:not(.st-key-{slug}-preset) {kind}").filter(visible=True)


def exactly(text: str) -> re.Pattern[str]:
    return re.compile(f"^{re.escape(text)}$")


def pick(page: Page, field: Locator, option: dict[str, re.Pattern[str]]) -> None:
    """Choose the first option with, or without, such a text. A script run may close a list, which is then opened again."""
    for _ in range(SLOW // PATIENCE):
        field.click()
        try:
            page.locator("[role=listbox] [role=option]").filter(**option).first.click(timeout=PATIENCE)
        except TimeoutError:
            continue
        return
    raise AssertionError(f"nothing can be chosen in {field}")


def slide(page: Page, slug: str) -> bool:
    """One step of the first slider, up or, at its end, down; it then stands in the link."""
    sliders = controls(page, slug, "input[type=range]:enabled")
    if not sliders.count():
        return False
    slider, address = sliders.first, page.url
    page.wait_for_function(RESTS)
    at_its_end = slider.input_value() == slider.get_attribute("max")
    slider.press("ArrowLeft" if at_its_end else "ArrowRight")
    expect(page).not_to_have_url(address)
    return True


def choose(page: Page, slug: str) -> bool:
    """Another option of the first choice."""
    choices = controls(page, slug, "[data-testid=stSelectbox]")
    if not choices.count():
        return False
    address = page.url
    field = choices.first.locator("input")
    present = field.input_value()
    pick(page, field, {"has_not_text": exactly(present)})
    expect(page).not_to_have_url(address)
    return True


def press(page: Page, slug: str) -> bool:
    """The first pill."""
    pills = controls(page, slug, "[data-testid=stButtonGroup] button")
    if not pills.count():
        return False
    address = page.url
    pills.first.click()
    expect(page).not_to_have_url(address)
    return True


def guess(page: Page, slug: str) -> bool:
    """Another option of the prediction than the one that is chosen."""
    options = page.locator(f".st-key-{slug}-guess button")
    if not options.count():
        return False
    other = options.locator("xpath=self::*[not(@aria-checked='true')]").first
    text = other.inner_text()
    other.click()
    expect(page.get_by_text(f"You said {text}")).to_be_visible()
    return True


MOVES: tuple[Callable[[Page, str], bool], ...] = (slide, guess, choose, slide, press, guess)


@pytest.mark.parametrize("slug", LESSONS)
def test_each_starting_point_bears_moves_of_mixed_controls(server: str, visitor: Page, slug: str) -> None:
    page, lesson, moves = visitor, LESSONS[slug], cycle(MOVES)
    page.goto(f"{server}/{slug}")
    start = page.locator(f".st-key-{slug}-preset input")
    broken = page.locator("[data-testid=stException], [data-testid=stAlertContentError]")
    names = list(lesson.presets)
    for name in [*names[1:], names[0]]:
        pick(page, start, {"has_text": exactly(lesson.presets[name].title)})
        address = rf"{slug}$" if name == link.first(lesson) else rf"[?&]preset={name}(&|$)"
        expect(page).to_have_url(re.compile(address))
        done = 0
        while done < 2:
            done += next(moves)(page, slug)
            page.wait_for_function(RESTS)
            expect(broken).to_have_count(0)
