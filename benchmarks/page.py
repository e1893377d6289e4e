"""Speed of the page as a learner meets it: the real server and a real browser; the first lesson, and an instant panel."""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from playwright.sync_api import Error, Locator, Page, sync_playwright

from cnnviz import lessons
from cnnviz.settings import ROOT

PRESSES = 10
RERUNS = 10
CHANGES = 10
INSTANT = "initialisation?preset=tanh"  # each change asks for two fresh nets of some twenty layers
WATCHED_SECONDS = 3.0
SETTLED_MS = 1_500  # the page reruns once more when a measurement has come in
PATIENCE_MS = 120_000
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip

# Streamlit says on its root element whether the script runs. Resolves with the milliseconds from the call to its end.
RERUN_MS = """
() => new Promise(resolve => {
  const app = document.querySelector('[data-testid="stApp"]')
  const began = performance.now()
  let ran = false
  new MutationObserver((changes, observer) => {
    const running = app.dataset.testScriptState === 'running'
    ran ||= running || changes.some(change => change.oldValue === 'running')
    if (!ran || running) return
    observer.disconnect()
    resolve(performance.now() - began)
  }).observe(app, { attributes: true, attributeOldValue: true, attributeFilter: ['data-test-script-state'] })
})
"""

# Resolves with the milliseconds from the key that moves the slider to the first chart that has drawn other layers than before.
PICTURE_MS = """
() => new Promise(resolve => {
  const chart = document.querySelector('.cnnviz-instant .cnnviz-chart')
  const layers = () => chart.data[0].y.length
  const before = layers()
  let moved
  document.activeElement.addEventListener('keydown', () => (moved = performance.now()), { once: true })
  chart.on('plotly_afterplot', () => layers() !== before && resolve(performance.now() - moved))
})
"""


@contextmanager
def served() -> Iterator[str]:
    """The address of a server that has just been started: it may not answer yet."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "cnnviz", "serve", "--port", str(port)]
    with tempfile.TemporaryDirectory() as cache:  # nothing is there that an earlier run has stored
        server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env={**os.environ, "CNNVIZ_CACHE": cache})
        try:
            yield f"http://localhost:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def opened(page: Page, address: str) -> Locator:
    """The panel with its first plot drawn, however long the server takes to answer."""
    end = time.monotonic() + PATIENCE_MS / 1_000
    while True:
        try:
            page.goto(address)
            break
        except Error:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
    page.locator(".cnnviz-panel .main-svg").first.wait_for(timeout=PATIENCE_MS)
    return page.locator(".cnnviz-panel")


def first_frame(panel: Locator) -> float:
    """Milliseconds from the press of Train to the first picture of the new run, as the panel itself marks it."""
    panel.evaluate("root => delete root.dataset.firstFrameMs")
    panel.get_by_role("button", name="Train", exact=True).click()
    handle = panel.element_handle()
    panel.page.wait_for_function("root => root.dataset.firstFrameMs", arg=handle, timeout=PATIENCE_MS)
    return float(panel.get_attribute("data-first-frame-ms") or "nan")


def updates_a_second(panel: Locator) -> float:
    """Pictures a second while a run goes on at full speed, over the first seconds of it."""
    first, began = frames(panel), time.perf_counter()
    while time.perf_counter() - began < WATCHED_SECONDS and panel.get_attribute("data-state") == "running":
        time.sleep(0.05)
    return (frames(panel) - first) / (time.perf_counter() - began)


def frames(panel: Locator) -> int:
    return int(panel.get_attribute("data-frames") or 0)


def stop(panel: Locator) -> None:
    """End the run, if it has not ended by itself."""
    button = panel.get_by_role("button", name="Stop", exact=True)
    if button.is_enabled():
        button.click()
    panel.get_by_role("button", name="Train", exact=True).wait_for(timeout=PATIENCE_MS)


def rerun(page: Page, turn: int) -> float:
    """Milliseconds from the move of a slider to the end of the page's script."""
    slider = page.locator('[data-testid="stSlider"] [role="slider"], [data-testid="stSlider"] input[type="range"]').first
    slider.focus()
    done = page.evaluate_handle(f"() => ({{ promise: ({RERUN_MS})() }})")
    page.keyboard.press("ArrowRight" if turn % 2 == 0 else "ArrowLeft")
    return float(done.evaluate("given => given.promise"))


def new_picture(page: Page) -> float:
    """Milliseconds from a step of the slider Depth to the instant panel's new picture."""
    page.locator(".stSlider", has_text="Depth").locator("input[type=range]").focus()
    done = page.evaluate_handle(f"() => ({{ promise: ({PICTURE_MS})() }})")
    page.keyboard.press("ArrowRight")
    took = float(done.evaluate("given => given.promise"))
    page.wait_for_timeout(SETTLED_MS)
    return took


def told(name: str, figures: Sequence[float], unit: str) -> None:
    """One line of the table: median, lowest and highest."""
    spread = f"({min(figures):,.0f} to {max(figures):,.0f}, {len(figures)} times)" if len(figures) > 1 else ""
    print(f"  {name:<40} {statistics.median(figures):>8,.0f} {unit} {spread}".rstrip())


def main() -> None:
    lesson = next(iter(lessons.all_lessons()))
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        began = time.perf_counter()
        with served() as address:
            panel = opened(page, f"{address}/{lesson}")
            cold = (time.perf_counter() - began) * 1_000
            opening = time.perf_counter()
            panel = opened(page, f"{address}/{lesson}")
            warm = (time.perf_counter() - opening) * 1_000
            pressed, updates = [], []
            for _press in range(PRESSES):
                pressed.append(first_frame(panel))
                updates.append(updates_a_second(panel))
                stop(panel)
            reruns = [rerun(page, turn) for turn in range(RERUNS)]
            opened(page, f"{address}/{INSTANT}")
            page.wait_for_timeout(SETTLED_MS)
            pictures = [new_picture(page) for _change in range(CHANGES)]
        browser.close()
    print(f"\nThe page of {lesson}, {os.cpu_count()} cores: server, workers and browser on one machine")
    told("server's start to the first plot", [cold], "ms")
    told("page's opening to the first plot", [warm], "ms")
    told("press of Train to the first live picture", pressed, "ms")
    told("pictures a second while it trains", updates, "/s")
    told("move of a slider to the script's end", reruns, "ms")
    told("move of a slider to the instant picture", pictures, "ms")


if __name__ == "__main__":
    main()
