"""The course at other addresses than its own: under a path, and behind a real nginx."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import App, answers, free_port
from panels import LESSON, Panel
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
needs_nginx = pytest.mark.skipif(
    NGINX is None, reason="nginx is not installed; on Debian and Ubuntu: apt-get install nginx-light"
)
CONFIGURATION = """
daemon off; pid {folder}/pid; error_log {folder}/errors; events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
  server {{
    listen 127.0.0.1:{port};
    location {location} {{
      proxy_pass {target};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header Host $http_host;
      proxy_read_timeout 1d;
    }}
  }}
}}
"""


@contextmanager
def nginx(folder: Path, location: str, target: str) -> Iterator[str]:
    """A proxy that hands what is asked for below `location` on to `target`; its address up to there."""
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, port=port, location=location, target=target))
    process = subprocess.Popen([str(NGINX), "-c", str(configuration), "-e", str(folder / "errors")])
    address = f"http://127.0.0.1:{port}{location}".rstrip("/")
    try:
        assert answers(f"{address}/_stcore/health", process), (folder / "errors").read_text()
        yield address
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def prefixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The course under a path of its own server."""
    course = App(tmp_path_factory.mktemp("prefixed"), "/course")
    yield course
    course.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def trains_and_gives_its_code(page: Page, address: str) -> None:
    """What a lesson must do wherever it is: train over a websocket, give files, lead to the next page and survive a reload."""
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto(f"{address}/{LESSON}?steps=100&seed=7")
    panel = Panel(page)
    panel.press("Train")
    panel.is_in("done")
    panel.has_drawn_the_run()
    expect(panel.notes).not_to_contain_text("blocked")
    live = f"{address.replace('http', 'ws', 1)}/cnnviz/live"
    assert live in sockets
    page.get_by_role("tab", name="Code").click()
    page.get_by_text("The same experiment as plain PyTorch").click()
    with page.expect_download() as loaded:
        page.get_by_role("button", name="Script (.py)").click()
    assert "torch" in Path(loaded.value.path()).read_text()
    page.get_by_role("link", name="220 Activations").first.click()
    expect(page).to_have_url(f"{address}/activations")
    page.reload()
    panel.has_drawn()


def test_under_a_path_of_its_own_server(prefixed: App, page: Page) -> None:
    trains_and_gives_its_code(page, prefixed.address)


@needs_nginx
def test_behind_a_proxy_that_keeps_the_path(prefixed: App, page: Page, tmp_path: Path) -> None:
    with nginx(tmp_path, "/course/", f"http://127.0.0.1:{prefixed.port}") as address:
        trains_and_gives_its_code(page, address)


@needs_nginx
def test_behind_a_proxy_that_strips_the_path_as_that_of_jupyterhub_does(app: App, page: Page, tmp_path: Path) -> None:
    with nginx(tmp_path, "/user/ada/proxy/8501/", f"http://127.0.0.1:{app.port}/") as address:
        trains_and_gives_its_code(page, address)
