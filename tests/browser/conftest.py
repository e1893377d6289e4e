"""A real server and a real browser, each started once."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from panels import LESSON, SLOW, Panel
from playwright.sync_api import Browser, Error, Page, Playwright, expect, sync_playwright

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


@dataclass(frozen=True)
class App:
    """The running course."""

    address: str
    process: "subprocess.Popen[bytes]"

    def workers(self) -> list[int]:
        """The process ids of its training processes."""
        listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
        rows = [line.split(None, 2) for line in listed.splitlines()]
        return [int(pid) for pid, parent, args in rows if int(parent) == self.process.pid and "cnnviz.runners.worker" in args]


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The course itself, on a free port."""
    folder = tmp_path_factory.mktemp("server")
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.address", "127.0.0.1"]
    environment = {**os.environ, "CNNVIZ_CACHE": str(folder / "recordings"), "CNNVIZ_GRACE_SECONDS": GRACE_SECONDS}
    with open(folder / "log", "w+") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            address = f"http://127.0.0.1:{port}"
            if not answers(f"{address}/_stcore/health", process):
                log.seek(0)
                pytest.fail(f"The server did not start:\n{log.read()[-2000:]}")
            yield App(address, process)
        finally:
            process.terminate()
            process.wait(120)


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
        yield chromium
        chromium.close()


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
