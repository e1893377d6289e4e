"""The panel of an open page, as a learner uses it."""

import re

from playwright.sync_api import Locator, Page, expect

LESSON = "vanishing_gradients"
SLOW = 180_000  # ms; what takes longer will not happen any more


class Panel:
    """The panel of an open page, as a learner uses it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.locator(".cnnviz-panel:not(.cnnviz-replay)")
        self.line = page.locator(".cnnviz-line")
        self.notes = page.locator(".cnnviz-notes")

    def press(self, name: str) -> None:
        self.button(name).click()

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)

    def is_in(self, *states: str) -> None:
        expect(self.root).to_have_attribute("data-state", re.compile(f"^({'|'.join(states)})$"))

    def has_drawn(self) -> None:
        expect(self.root).to_have_attribute("data-frames", re.compile(r"\d"))

    def has_drawn_the_run(self) -> None:
        expect(self.root).to_have_attribute("data-first-frame-ms", re.compile(r"\d"))

    def zoom(self) -> list[float]:
        found: list[float] = self.page.evaluate("document.querySelectorAll('.cnnviz-chart')[3].layout.xaxis.range")
        return found

    def drawn(self) -> list[object]:
        """What every chart in view shows: its headline, and its traces' numbers."""
        found: list[object] = self.page.evaluate(
            """() => [...document.querySelectorAll('.cnnviz-card')].map(card => [
              card.querySelector('.cnnviz-headline').textContent,
              card.querySelector('.cnnviz-chart').data.map(trace => [trace.x, trace.y, trace.z ?? null])])"""
        )
        return found
