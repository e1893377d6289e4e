"""The routes on a real server: who may open the live channel, and what is served beside it."""

import contextlib
import gzip
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from typing import Any

import numpy as np
import pytest
import uvicorn
from by_hand import LAYERS, VARIANTS, HandRunner, begin, measure
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from cnnviz import limits
from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.live import conversation as protocol
from cnnviz.live.channel import Channels
from cnnviz.live.routes import FOREIGN, PANEL, own_origin, routes
from cnnviz.runners.base import Run
from cnnviz.settings import Settings
from cnnviz.store import Store

ORIGINS = [
    ("http://course.example", "course.example", "9.9.9.9", True),
    ("http://course.example:8501", "course.example:8501", "9.9.9.9", True),
    ("https://course.example", "course.example:443", "9.9.9.9", True),
    ("http://Course.Example", "course.example", "9.9.9.9", True),
    ("http://[::1]:8501", "[::1]:8501", "::1", True),
    ("http://evil.example", "course.example", "9.9.9.9", False),
    ("http://course.example.evil.example", "course.example", "9.9.9.9", False),
    ("http://course.example:8502", "course.example:8501", "127.0.0.1", False),
    ("null", "course.example", "127.0.0.1", False),
    ("file://", "course.example", "127.0.0.1", False),
    ("http://course.example:port", "course.example", "9.9.9.9", False),
    ("http://course.example", None, "9.9.9.9", False),
    (None, "course.example", "9.9.9.9", False),
    (None, "course.example", None, False),
    (None, "localhost:8501", "127.0.0.1", True),
    (None, "localhost:8501", "::1", True),
]


@pytest.mark.parametrize(("origin", "host", "client", "own"), ORIGINS)
def test_only_this_server_s_pages_may_open_the_channel(
    origin: str | None, host: str | None, client: str | None, own: bool
) -> None:
    assert own_origin(origin, host, client) is own


@pytest.fixture(scope="module")
def runner() -> HandRunner:
    return HandRunner()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("recordings")
    store = Store(folder / "assets", folder / "cache", 10)
    store.put(recording())
    return store


def recording() -> Recording:
    values = {"loss": np.float32(0.1), "grad_norm": np.array([np.nan, 2], np.float32)}
    done = Recording(VARIANTS["A"], LAYERS, {"device": "cpu"}, Ending("done", "Done.", 5))
    return done.extend([Snapshot(0, values), Snapshot(5, {"loss": np.float32(np.inf)})])


@pytest.fixture(scope="module")
def server(runner: HandRunner, store: Store) -> Iterator[str]:
    """A server's host and port."""
    app = Starlette(routes=routes(runner, store, Channels(1e3), Settings(message_bytes=1_000)))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="error", ws="websockets-sansio", ws_max_size=limits.PAGE_MESSAGE_MB * 10**6)
        serving = uvicorn.Server(config)
        thread = threading.Thread(target=serving.run, args=([listening],))
        thread.start()
        while not serving.started:
            time.sleep(0.01)
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        serving.should_exit = True
        thread.join()


@pytest.fixture
def run(runner: HandRunner) -> Run:
    return runner.submit(VARIANTS, "learner", "page")


def hear(live: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(live.recv(timeout=60))
    return message


def wait_until(true: Any) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def get(address: str, **headers: str) -> tuple[int, bytes, Message]:
    request = urllib.request.Request(
        f"http://{address}", headers={name.replace("_", "-"): text for name, text in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code, problem.read(), problem.headers


def test_a_run_is_watched_live_from_first_number_to_last(server: str, run: Run) -> None:
    with connect(f"ws://{server}/cnnviz/live", origin=f"http://{server}") as live:
        live.send(json.dumps({"op": "watch", "run": run.id, "token": run.token}))
        assert [hear(live)["type"] for _ in range(3)] == ["run", "recording", "status"]
        begin(run)
        n, known = 0, []
        for step in range(40):
            measure(run, step)
        run.update(state="done", step=40)
        while (message := hear(live))["type"] != "status" or message["state"] != "done":
            if message["type"] == "delta":
                assert message["after"] == n
                n, known = message["n"], known + message["variants"]["A"]["steps"]
    assert known == list(range(40))
    wait_until(lambda: run.watchers == 0)


def test_a_foreign_page_is_turned_away_with_a_sentence(server: str) -> None:
    with pytest.raises(InvalidStatus) as refusal, connect(f"ws://{server}/cnnviz/live", origin="http://evil.example"):
        pass
    assert (refusal.value.response.status_code, refusal.value.response.body) == (403, FOREIGN.encode())


def test_a_message_too_large_gets_a_sentence_and_the_connection_lives(server: str) -> None:
    with connect(f"ws://{server}/cnnviz/live") as live:
        live.send(json.dumps({"op": "watch", "run": "x" * 2_000, "token": ""}))
        assert hear(live)["sentence"].startswith("A message has at most 1,000 bytes; this one has 2,0")
        live.send(b"\xff\xfe")
        assert hear(live)["sentence"] == "A message must be JSON."


def test_a_flood_gets_a_sentence_and_the_connection_ends(server: str) -> None:
    with connect(f"ws://{server}/cnnviz/live") as live:
        for _ in range(limits.MESSAGES_AT_ONCE + 20):
            live.send('{"op": "pause"}')
        while (message := hear(live))["sentence"] != protocol.FLOOD:
            assert message["sentence"] == protocol.NOTHING_WATCHED
        with pytest.raises(ConnectionClosed) as closed:
            hear(live)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


@pytest.mark.parametrize("message", ["x", b"x"], ids=["text", "binary"])
def test_a_message_beyond_what_the_server_takes_ends_its_own_connection_only(server: str, run: Run, message: Any) -> None:
    with connect(f"ws://{server}/cnnviz/live") as bystander, connect(f"ws://{server}/cnnviz/live") as live:
        bystander.send(json.dumps({"op": "watch", "run": run.id, "token": run.view}))
        assert [hear(bystander)["type"] for _ in range(3)] == ["run", "recording", "status"]
        live.send(message * (limits.PAGE_MESSAGE_MB * 10**6 + 1))
        with pytest.raises(ConnectionClosed) as closed:
            hear(live)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009  # message too big
        begin(run)
        measure(run, 0)
        assert hear(bystander)["type"] == "delta"


def test_a_flood_does_not_keep_others_waiting_for_their_answer(server: str) -> None:
    with connect(f"ws://{server}/cnnviz/live") as bystander, connect(f"ws://{server}/cnnviz/live") as live:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(2_000):
                live.send('{"op": "pause"}')
        with contextlib.suppress(ConnectionClosed):
            while hear(live):
                continue
        bystander.send('{"op": "pause"}')
        assert hear(bystander)["sentence"] == protocol.NOTHING_WATCHED


def test_a_stored_recording_is_served_zipped_and_asked_for_once(server: str) -> None:
    address = f"{server}/cnnviz/recording/{VARIANTS['A'].key()}"
    status, body, headers = get(address, Accept_Encoding="gzip")
    assert (status, headers["Content-Encoding"], headers["Content-Type"]) == (200, "gzip", "application/json")
    assert json.loads(gzip.decompress(body)) == {
        "from": 0,
        "steps": [0, 5],
        "columns": {
            "loss": {"rows": [0, 1], "values": [0.1, None]},
            "grad_norm": {"rows": [0], "values": [[None, 2.0]]},
        },
        "layers": ["fc1", "fc2"],
        "about": {"device": "cpu"},
        "ending": {"state": "done", "sentence": "Done.", "step": 5, "layer": "", "value": None},
    }
    assert get(address)[1] == gzip.decompress(body)
    assert get(address, If_None_Match=headers["ETag"])[:2] == (304, b"")


@pytest.mark.parametrize("key", ["0" * 16, "nothing", "..secret"])
def test_a_key_without_a_recording_is_not_found(server: str, key: str) -> None:
    assert get(f"{server}/cnnviz/recording/{key}")[:2] == (404, b"There is no recording under this key.")


def test_the_panel_s_modules_are_served_and_nothing_else_of_its_folder(server: str) -> None:
    for path in sorted(PANEL.iterdir()):
        status, body, headers = get(f"{server}/cnnviz/panel/{path.name}")
        if path.suffix in (".js", ".css"):
            assert (status, body) == (200, path.read_bytes())
            assert headers["Content-Type"].startswith(("text/javascript", "text/css"))
        else:
            assert status == 404


def test_plotly_is_served_from_the_installed_package_and_kept_by_the_browser(server: str) -> None:
    status, body, headers = get(f"{server}/cnnviz/plotly.min.js", Accept_Encoding="gzip")
    assert (status, headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    assert b"plotly.js v" in gzip.decompress(body)[:200]
