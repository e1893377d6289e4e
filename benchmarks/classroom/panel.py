"""A live panel as panel.js has it, without its charts: the same messages both ways, and every number counted."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from benchmarks.classroom.figures import Figures

TELL_PAGE_AFTER = 0.3
BACK_AFTER = 0.4
LIVE = ("queued", "running", "paused")
LARGEST_MESSAGE = 50 * 2**20


def is_panel(data: Mapping[str, Any]) -> bool:
    """Whether a component's data are a live panel's."""
    return "offer" in data


async def fetch(address: str, path: str) -> bytes:
    """A file of the server's as browsers ask for it, which is zipped. Raises OSError that names it."""

    def got() -> bytes:
        asked = urllib.request.Request(f"{address}/cnnviz/{path}", headers={"Accept-Encoding": "gzip"})
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                body: bytes = answer.read()
                return body
        except OSError as problem:
            raise OSError(f"{path}: {problem}") from None

    return await asyncio.to_thread(got)


@dataclass
class Seen:
    """What has arrived of one variant's recording: its steps, and of each column the snapshots that it was measured at."""

    steps: list[int] = field(default_factory=list)
    rows: dict[str, list[int]] = field(default_factory=dict)
    ended: bool = False

    def extend(self, delta: Mapping[str, Any]) -> bool:
        """Add a delta; False where it does not begin where this ends, so that something is missing or doubled."""
        if delta["from"] == 0 and "layers" in delta:
            self.steps, self.rows, self.ended = [], {}, False
        fits = delta["from"] == len(self.steps)
        self.steps += delta["steps"]
        for name, column in delta["columns"].items():
            self.rows.setdefault(name, []).extend(column["rows"])
        self.ended |= "ending" in delta
        return fits


@dataclass
class Watched:
    """A run that a panel shows. n: of its last frame. current: what it was sent has caught up with the run."""

    id: str
    token: str
    view: str
    digest: str
    n: int | None = None
    state: str = "queued"
    seen: dict[str, Seen] = field(default_factory=dict)
    current: bool = False
    broken: str = ""

    @property
    def count(self) -> int:
        """The number that its last frame must have: variants begun, snapshots, endings."""
        return len(self.seen) + sum(len(it.steps) + it.ended for it in self.seen.values())


class Panel:
    """One panel of a page. tell: makes its state known to the page's script; memory: of its runs, for when the tab comes back.

    compare: asks, when a run has ended, for the whole of it once more, and compares.
    """

    def __init__(
        self,
        address: str,
        figures: Figures,
        tell: Callable[[Mapping[str, Any]], Awaitable[float]],
        memory: dict[str, tuple[str, str]],
        compare: Callable[[], bool],
    ) -> None:
        self.run: Watched | None = None
        self.data: Mapping[str, Any] = {}
        self._address, self._figures, self._tell, self._memory, self._compare = address, figures, tell, memory, compare
        self._socket: ClientConnection | None = None
        self._waiting: list[dict[str, Any]] = []
        self._state: dict[str, Any] = {}
        self._asked = ""
        self._known = 0
        self._told = ""
        self._queued_at: float | None = None
        self._pressed_at: float | None = None
        self._comparing = False
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    # What the page says

    def update(self, data: Mapping[str, Any]) -> None:
        """New data from the page's script."""
        self._known = data["number"]
        if not self.data or data["number"] >= self.data["number"]:
            self._show(data)
        if data["instant"]:
            self._tell_run()

    def _show(self, data: Mapping[str, Any]) -> None:
        earlier, self.data = self.data, data
        if not earlier:
            self._begin()
        elif (data["offer"], data["stored"]) != (earlier["offer"], earlier["stored"]):
            self._settle()

    def _begin(self) -> None:
        self._later(self._converse())
        known = self._memory.get(self.data["page"])
        if known and not self.data["instant"]:
            self._send(op="watch", run=known[0], token=known[1])
        else:
            self._settle()

    def _settle(self) -> None:
        stored = self.data["stored"]
        if self.data["instant"]:
            if self._asked == self.digest:
                return
            self._asked = self.digest
            if not stored and (self.run is None or self.run.digest != self.digest):
                self.start()
        if stored and not self.active:
            for key in stored.values():
                self._later(fetch(self._address, f"recording/{key}"))

    @property
    def digest(self) -> str:
        return str(self.data["offer"]).partition(".")[2]

    @property
    def active(self) -> bool:
        return self.run is not None and self.run.state in LIVE

    # What a learner does

    def start(self, step: bool = False) -> None:
        """Press Train, or Step."""
        self._queued_at = self._pressed_at = None if self.data["instant"] else time.perf_counter()
        self._send(op="start", offer=self.data["offer"], step=step)

    def control(self, op: str, **value: float) -> None:
        """Press another button, while a run is on."""
        if self.active:
            self._send(op=op, **value)

    def look(self, name: str, value: float) -> None:
        """A slider that an instant panel follows is at this place on its way."""
        self._send(op="look", offer=self.data["offer"], name=name, value=value)

    def rest(self) -> None:
        """The sliders that it follows have come to rest: the page's script is to run with their places."""
        self._tell_page(moved=self._state.get("moved", 0) + 1)

    async def until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Wait until it is true of the panel, at most so long; whether it is."""
        async with self._changed:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait_for(true), seconds)
        return true()

    async def cut(self) -> None:
        """Lose the connection, as a phone does that changes its network. It comes back by itself."""
        socket, self._socket = self._socket, None
        if socket is not None:
            self._figures.cuts += 1
            await socket.close()

    async def close(self) -> None:
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._socket is not None:
            await self._socket.close()

    # The connection

    async def _converse(self) -> None:
        """Connect, and again after a loss, until the panel is closed."""
        url = f"{self._address.replace('http', 'ws', 1)}/cnnviz/live"
        while not self._closed:
            try:
                self._socket = await connect(url, origin=self._address, max_size=LARGEST_MESSAGE, compression=None, proxy=None)
                await self._opened()
                async for text in self._socket:
                    await self._hear(text)
            except (OSError, WebSocketException) as problem:
                self._figures.errors.append(f"The live channel failed: {problem}")
            self._socket = None
            await asyncio.sleep(BACK_AFTER)

    async def _opened(self) -> None:
        if self.data["instant"]:
            self._send(op="attend", offer=self.data["offer"])
        if self.run is not None:
            self.run.current = False
            self._send(op="watch", run=self.run.id, token=self.run.token or self.run.view, since=self.run.n)
        if self._comparing:
            self._send(op="resync", since=None)
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            self._send(**message)

    def _send(self, **message: Any) -> None:
        if self._socket is None:
            self._waiting.append(message)
        else:
            self._later(self._sent(self._socket, orjson.dumps(message).decode()))

    async def _sent(self, socket: ClientConnection, text: str) -> None:
        with suppress(ConnectionClosed):
            await socket.send(text)

    def _later(self, work: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and not self._closed and (problem := task.exception()) is not None:
            self._figures.errors.append(f"The panel of {self.data.get('page')}: {problem!r}")

    # What the server says

    async def _hear(self, text: str | bytes) -> None:
        arrived = time.monotonic()
        message = orjson.loads(text)
        kind = message.pop("type")
        if kind == "page":
            self._announced(message["data"], message["run"])
        elif kind == "run":
            self._began(message)
        elif kind in ("refused", "error"):
            self._refused(kind, message["op"], message["sentence"])
        elif self.run is not None:
            if kind == "delta":
                self._delta(self.run, arrived, **message)
            elif kind == "recording":
                self._whole(self.run, **message)
            else:
                self._status(self.run, message)
        async with self._changed:
            self._changed.notify_all()

    def _announced(self, data: Mapping[str, Any], run: bool) -> None:
        if self.data["number"] < data["number"]:
            self._asked = data["offer"].partition(".")[2] if run else self._asked
            self._show(data)

    def _began(self, message: Mapping[str, Any]) -> None:
        if self.run is not None and self.run.id == message["run"]:
            return
        self._comparing = False
        self.run = Watched(message["run"], message["token"], message["view"], message["offer"])
        self._figures.begun += 1
        if not self.data["instant"]:
            self._memory[self.data["page"]] = (self.run.id, self.run.token)
            self._tell_run()

    def _delta(self, run: Watched, arrived: float, after: int, n: int, made: float | None, variants: Mapping[str, Any]) -> None:
        if after == run.n:
            self._take(run, n, variants)
            if run.current and made is not None and any(delta["steps"] for delta in variants.values()):
                self._figures.ages.append(arrived - made)
        elif run.n is None or n > run.n:
            self._figures.resyncs += 1
            run.current = False
            self._send(op="resync", since=run.n)

    def _whole(self, run: Watched, n: int, variants: Mapping[str, Any]) -> None:
        if self._comparing:
            self._compared(run, n, variants)
            return
        run.seen = {}
        self._take(run, n, variants)

    def _take(self, run: Watched, n: int, variants: Mapping[str, Any]) -> None:
        run.n = n
        for variant, delta in variants.items():
            if not run.seen.setdefault(variant, Seen()).extend(delta):
                run.broken = f"variant {variant} goes on at snapshot {delta['from']}"
        if run.count != n:
            run.broken = f"frame {n} leads to {run.count}"
        if self._pressed_at is not None and any(it.steps for it in run.seen.values()):
            self._figures.first_frames.append(time.perf_counter() - self._pressed_at)
            self._pressed_at = None

    def _status(self, run: Watched, status: Mapping[str, Any]) -> None:
        run.current = True
        self._figures.steps[run.id] = max(status["step"], self._figures.steps.get(run.id, 0))
        if run.state == "queued":
            self._figures.places.append(status["place"])
        if self._queued_at is not None and status["state"] != "queued":
            self._figures.queued.append(time.perf_counter() - self._queued_at)
            self._queued_at = None
        was, run.state = run.state, status["state"]
        if was in LIVE and run.state not in LIVE:
            self._ended(run, status["sentence"])

    def _ended(self, run: Watched, sentence: str) -> None:
        self._figures.ended[run.state] = self._figures.ended.get(run.state, 0) + 1
        if run.state == "failed":
            self._figures.errors.append(f"A run of {self.data['page']} failed: {sentence}")
        if run.broken:
            self._figures.lost.append(f"{self.data['page']}: {run.broken}")
        elif self._compare():
            self._comparing = True
            self._send(op="resync", since=None)
        self._tell_run()
        if not self.data["instant"]:
            self._tell_page(finished=run.id)

    def _compared(self, run: Watched, n: int, variants: Mapping[str, Any]) -> None:
        """The whole recording once more, beside what was put together."""
        self._comparing = False
        whole = {variant: Seen() for variant in variants}
        for variant, delta in variants.items():
            whole[variant].extend(delta)
        self._figures.compared += 1
        if (n, whole) != (run.n, run.seen):
            self._figures.lost.append(f"{self.data['page']}: frame {run.n} differs from the recording {n}")

    def _refused(self, kind: str, op: str, sentence: str) -> None:
        if op == "watch":
            self._memory.pop(self.data["page"], None)
            self.run = None
            self._settle()
        elif kind == "refused":
            self._figures.refused.append(sentence)
        elif self.active:
            self._figures.errors.append(f"The panel of {self.data['page']} was told: {sentence}")
        self._queued_at = self._pressed_at = None

    def _tell_run(self) -> None:
        """An instant run is told when it has ended, and when the page's script knows what the panel shows."""
        if self.run is None or self._told == self.run.id:
            return
        if self.data["instant"] and (self.active or self.data["number"] != self._known):
            return
        self._told = self.run.id
        self._tell_page(run=self.run.id)

    def _tell_page(self, **state: str | int) -> None:
        self._state |= state
        self._later(self._tell_soon())

    async def _tell_soon(self) -> None:
        await asyncio.sleep(TELL_PAGE_AFTER)
        with suppress(ConnectionError, ConnectionClosed):
            await self._tell(self._state)
