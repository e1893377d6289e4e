"""A real server and a real browser, each started once."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from panels import LESSON, SLOW, Panel
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, expect, sync_playwright

from cnnviz.lessons import all_lessons
from cnnviz.ui.guesses import SHOW_ME

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 300
GRACE_SECONDS = "120"  # on a busy machine a page takes its time to come back

expect.set_options(timeout=SLOW)


class App:
    """The course itself, on a free port. base_path: where on it."""

    def __init__(self, folder: Path, base_path: str = "") -> None:
        self._folder = folder
        self._base_path = base_path
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}{base_path}"
        self.start()

    def start(self) -> None:
        """Returns once it answers; on the port of before, where it ran already."""
        place = ["--server.port", str(self.port), "--server.address", "127.0.0.1", "--server.baseUrlPath", self._base_path]
        command = [sys.executable, "-m", "streamlit", "run", "app.py", *place]
        settings = {"CNNVIZ_CACHE": str(self._folder / "recordings"), "CNNVIZ_GRACE_SECONDS": GRACE_SECONDS}
        with open(self._folder / "log", "a") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **settings}, stdout=log, stderr=subprocess.STDOUT
            )
        if not answers(f"{self.address}/_stcore/health", self.process):
            pytest.fail(f"The server did not start:\n{(self._folder / 'log').read_text()[-2000:]}")

    def kill(self) -> None:
        """As a power cut does."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """As its owner does."""
        self.process.terminate()
        self.process.wait(120)

    def workers(self) -> list[int]:
        """The process ids of its training processes."""
        listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
        rows = [line.split(None, 2) for line in listed.splitlines()]
        return [int(pid) for pid, parent, args in rows if int(parent) == self.process.pid and "cnnviz.runners.worker" in args]


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The running course."""
    course = App(tmp_path_factory.mktemp("server"))
    yield course
    course.stop()


@pytest.fixture(scope="session")
def server(app: App) -> str:
    """The course's address."""
    return app.address


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(address: str, process: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=1):
                return True
        except OSError:
            time.sleep(0.1)
    return False


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: the one that CHROMIUM names, one on the PATH, else Playwright's own."""
    with sync_playwright() as playwright:
        chromium = launched(playwright)
        chromium.new_context = partial(passed_over, chromium.new_context)  # type: ignore[method-assign]  # for every test at once
        yield chromium
        chromium.close()


def passed_over(new_context: Callable[..., BrowserContext], guesses: bool = True, **options: Any) -> BrowserContext:
    """A visitor who has passed over every lesson's question before, unless `guesses` is False, and is shown no replay of what was
    recorded: a test that is not about predictions finds the recording at its end."""
    context = new_context(**{"reduced_motion": "reduce", **options})
    if guesses:
        kept = {f"{slug}.guess": SHOW_ME for slug in all_lessons()}
        text = json.dumps(json.dumps(kept))
        context.add_init_script(f"localStorage.getItem('cnnviz.guesses') ?? localStorage.setItem('cnnviz.guesses', {text})")
    return context


def launched(playwright: Playwright) -> Browser:
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    try:
        return playwright.chromium.launch(executable_path=path, args=FLAGS)
    except Error as problem:
        reason = str(problem).splitlines()[0]
        pytest.fail(f"The browser tests need Chromium: install it, or `playwright install chromium` ({reason}).", pytrace=False)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own browser context, so that nothing is remembered from another test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(SLOW)
    yield context.new_page()
    context.close()


@pytest.fixture
def open_panel(server: str, page: Page) -> Callable[..., Panel]:
    def opened(query: str = "", on: Page = page) -> Panel:
        on.goto(f"{server}/{LESSON}{query}")
        panel = Panel(on)
        panel.has_drawn()
        return panel

    return opened
