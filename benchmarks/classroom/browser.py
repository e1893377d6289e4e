"""A real browser that learns beside the class: `python -m benchmarks.classroom.browser ADDRESS SEED`, until it is ended.

In a process of its own, at the lowest priority: a class's browsers run on other machines than its server. After each
lesson it prints what it has done and seen so far, as a line of JSON.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from playwright.sync_api import Error, Page, sync_playwright

from benchmarks.page import FLAGS, PATIENCE_MS, frames, rerun
from cnnviz import console, lessons

WATCHED_MS = 8_000
READ_MS = 3_000


@dataclass
class Tally:
    """What the browser did and saw. reruns: from a slider's move to the end of the page's script, in seconds."""

    pages: int = 0
    pressed: int = 0
    frames: int = 0
    reruns: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def learn(page: Page, address: str, tally: Tally, chance: random.Random) -> None:
    """One lesson: open it, move a slider both ways, train, watch."""
    slug = chance.choice(list(lessons.all_lessons()))
    page.goto(f"{address}/{slug}", timeout=PATIENCE_MS)
    page.locator(".cnnviz-panel .main-svg").first.wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(READ_MS)
    tally.pages += 1
    for turn in range(2):
        tally.reruns.append(rerun(page, turn) / 1_000)
        page.wait_for_timeout(READ_MS)
    button = page.locator(".cnnviz-panel:not(.cnnviz-instant)").get_by_role("button", name="Train", exact=True)
    if button.count() and button.first.is_enabled():  # not where its last run still waits for a worker
        panel = page.locator(".cnnviz-panel:not(.cnnviz-instant)").first
        before = frames(panel)
        button.first.click(timeout=PATIENCE_MS)
        page.wait_for_timeout(WATCHED_MS)
        tally.pressed += 1
        tally.frames += frames(panel) - before
    tally.errors += [f"A browser shows on {slug}: {text}" for text in page.locator("[data-testid=stException]").all_inner_texts()]


def main(arguments: Sequence[str]) -> None:
    address, seed = arguments[0], int(arguments[1])
    os.nice(19)
    tally, chance = Tally(), random.Random(seed)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("pageerror", lambda problem: tally.errors.append(f"A browser's script failed: {problem}"))
        while True:
            try:
                learn(page, address, tally, chance)
            except Error as problem:
                tally.errors.append(f"A browser on {page.url}: {problem.message.splitlines()[0]}")
            print(json.dumps(asdict(tally)), flush=True)


if __name__ == "__main__":
    console.print_utf8()
    main(sys.argv[1:])
