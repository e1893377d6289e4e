"""Speed of the page as a learner meets it: the real server and a real browser; the first lesson, and an instant panel."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence

from playwright.sync_api import Error, Locator, Page, sync_playwright

from benchmarks.server import launched
from cnnviz import console, lessons

PRESSES = 10
RERUNS = 10
CHANGES = 10
INSTANT = "initialisation?preset=tanh"  # each change asks for two fresh nets of some twenty layers
WATCHED_SECONDS = 3.0
SETTLED_MS = 1_500  # the page reruns once more when a measurement has come in
MOVES, MOVE_MS, MOVE_PIXELS = 10, 30, 2  # of a drag: some five layers up or down
REST_MS = 150
PATIENCE_MS = 120_000
ANSWER_MS = 20_000
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip

# Streamlit says on its root element whether the script runs. Resolves with the milliseconds from the call to its end. A busy
# browser may hear of its beginning and of its end at once, and say neither: then the link tells that it has run.
RERUN_MS = """
resolve => {
  const app = document.querySelector('[data-testid="stApp"]')
  const began = performance.now()
  const link = location.search
  let ran = false
  const runs = () => app.dataset.testScriptState === 'running'
  const end = at => {
    observer.disconnect()
    clearInterval(watch)
    resolve(at - began)
  }
  const observer = new MutationObserver(changes => {
    ran ||= runs() || changes.some(change => change.oldValue === 'running')
    if (ran && !runs()) end(performance.now())
  })
  observer.observe(app, { attributes: true, attributeOldValue: true, attributeFilter: ['data-test-script-state'] })
  let rests = null
  const watch = setInterval(() => {
    rests = ran || runs() || location.search === link ? null : rests ?? performance.now()
    if (rests && performance.now() - rests > 500) end(rests)
  }, 20)
}
"""

# Resolves with the milliseconds from the key, or the mouse's release, that leaves the slider Depth at a new place, to the first
# chart with as many layers; 0 where that was drawn before the release.
PICTURE_MS = """
resolve => {
  const chart = document.querySelector('.cnnviz-instant .cnnviz-chart')
  const slider = document.querySelector('.st-key-initialisation-depth input[type=range]')
  const before = slider.value
  const drawn = {}
  let left
  const look = () => {
    if (left && slider.value !== before && drawn[slider.value]) resolve(Math.max(0, drawn[slider.value] - left))
  }
  const leave = () => { left = performance.now(); setTimeout(look) }
  slider.addEventListener('keydown', leave, { once: true })
  window.addEventListener('pointerup', leave, { once: true, capture: true })
  chart.on('plotly_afterplot', () => { drawn[chart.data[0].y.length] ??= performance.now(); look() })
}
"""
THUMB = """input => {
  const { x, y, width, height } = input.parentElement.parentElement.getBoundingClientRect()
  return [x + width / 2, y + height / 2]
}"""


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
    button.evaluate("button => button.disabled || button.click()")  # in one go: it may end by itself between a look and a click
    panel.get_by_role("button", name="Train", exact=True).wait_for(timeout=PATIENCE_MS)


def rerun(page: Page, turn: int) -> float:
    """Milliseconds from the move of a slider to the end of the page's script."""
    slider = page.locator('[data-testid="stSlider"] input[type="range"]:enabled').first
    slider.focus()
    done = promised(page, RERUN_MS, "the end of the page's script")
    page.keyboard.press("ArrowRight" if turn % 2 == 0 else "ArrowLeft")
    return done()


def stepped(page: Page) -> float:
    """Milliseconds from a step of the slider Depth by key to the instant panel's new picture."""
    depth(page).focus()
    done = promised(page, PICTURE_MS, "the picture of a step by key")
    page.keyboard.press("ArrowRight")
    took = done()
    page.wait_for_timeout(SETTLED_MS)
    return took


def dragged(page: Page, turn: int, rest_ms: int) -> float:
    """Milliseconds from the slider Depth's release to the picture of its last place.

    rest_ms: from its last move to its release.
    """
    x, y = depth(page).evaluate(THUMB)
    done = promised(page, PICTURE_MS, "the picture of a slider that was dragged")
    page.mouse.move(x, y)
    page.mouse.down()
    for move in range(1, MOVES + 1):
        page.wait_for_timeout(MOVE_MS)
        page.mouse.move(x + (MOVE_PIXELS if turn % 2 == 0 else -MOVE_PIXELS) * move, y)
    if rest_ms:
        page.wait_for_timeout(rest_ms)
    page.mouse.up()
    took = done()
    page.wait_for_timeout(SETTLED_MS)
    return took


def depth(page: Page) -> Locator:
    return page.locator(".st-key-initialisation-depth input[type=range]")


def promised(page: Page, script: str, what: str) -> Callable[[], float]:
    """Asks the page for milliseconds that it will know later; the function that waits for them.

    script: takes the function that it is to call with them. what: is waited for, in words; where it does not come the function
    raises an error that names it.
    """
    asked = page.evaluate_handle(
        f"""([what, limit]) => ({{ promise: new Promise((resolve, reject) => {{
          setTimeout(() => reject(new Error(`Nothing came within ${{limit / 1000}} s: ${{what}}.`)), limit)
          ;({script})(resolve)
        }}) }})""",
        [what, ANSWER_MS],
    )
    return lambda: float(asked.evaluate("given => given.promise"))


def told(name: str, figures: Sequence[float], unit: str) -> None:
    """One line of the table: median, lowest and highest."""
    spread = f"({min(figures):,.0f} to {max(figures):,.0f}, {len(figures)} times)" if len(figures) > 1 else ""
    print(f"  {name:<44} {statistics.median(figures):>8,.0f} {unit} {spread}".rstrip())


def main() -> None:
    lesson = next(iter(lessons.all_lessons()))
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        began = time.perf_counter()
        with launched(subprocess.DEVNULL) as (address, _):
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
            steps = [stepped(page) for _change in range(CHANGES)]
            at_once, rested = ([dragged(page, turn, rest) for turn in range(CHANGES)] for rest in (0, REST_MS))
        browser.close()
    print(f"\nThe page of {lesson}, {os.cpu_count()} cores: server, workers and browser on one machine")
    told("server's start to the first plot", [cold], "ms")
    told("page's opening to the first plot", [warm], "ms")
    told("press of Train to the first live picture", pressed, "ms")
    told("pictures a second while it trains", updates, "/s")
    told("move of a slider to the script's end", reruns, "ms")
    told("step of a slider by key to its picture", steps, "ms")
    told("release of a dragged slider to its picture", at_once, "ms")
    told(f"the same, {REST_MS} ms after its last move", rested, "ms")


if __name__ == "__main__":
    console.print_utf8()
    main()
