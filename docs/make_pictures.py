"""Photographs the running course for the README: `python -m docs.make_pictures ADDRESS`, say http://localhost:8501."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


def trained(page: Page, address: str) -> None:
    """Lesson 210 after a run of its first preset."""
    page.goto(f"{address}/vanishing_gradients")
    page.wait_for_selector(".cnnviz-panel[data-frames]", timeout=60_000)
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_selector(".cnnviz-panel[data-state=done]", timeout=120_000)
    page.wait_for_timeout(1_500)


def bordered(page: Page, address: str) -> None:
    """Lesson 410 with the recording of its first preset."""
    page.goto(f"{address}/overfitting")
    page.wait_for_selector(".cnnviz-panel .main-svg", timeout=60_000)
    page.wait_for_timeout(3_000)


def explored(page: Page, address: str) -> None:
    """The architecture explorer on a residual network."""
    page.goto(f"{address}/architectures")
    page.wait_for_selector(".main-svg", timeout=60_000)
    page.wait_for_timeout(3_000)


PICTURES = {"lesson-210": trained, "lesson-410": bordered, "explorer-510": explored}


def main(address: str) -> None:
    """Write the pictures into docs/."""
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=list(FLAGS))
        for name, arrive in PICTURES.items():
            page = browser.new_page(viewport={"width": 1360, "height": 1180})
            arrive(page, address)
            page.screenshot(path=HERE / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
