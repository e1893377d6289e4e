"""One run's messages to all who watch it: each frame is encoded once, kept in a ring, and numbered so that a gap is noticed."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import orjson

from cnnviz.runners.base import Run
from cnnviz.settings import settings

RING = 64
ROUNDING = 1e-6  # seconds
BURST = 4  # frames that may follow each other at once: a run's first numbers are waited for, and an instant run has no more


@dataclass(frozen=True)
class Frame:
    """An encoded delta. It follows frame number `after` and has number `n`."""

    after: int
    n: int
    text: str


@dataclass(frozen=True)
class Place:
    """How far a watcher has come: the number of its last frame (None: nothing yet) and of its last status."""

    n: int | None = None
    status: int = -1


@dataclass(frozen=True)
class Start:
    """What a run was begun from: its variants in words, and its offer's token."""

    labels: Mapping[str, str]
    offer: str = ""


class Channel:
    """A run's frames. Safe from any thread; it makes none of its own.

    Watchers keep their own Place and ask for what came after it, so a slow one holds up nobody and its backlog is the ring's:
    when the frame that it needs has dropped out, it gets the whole recording. A frame's number counts what happened in the run
    (variants begun, snapshots, endings), so that it means the same in every channel of the run. Its `made` says when its newest
    numbers were measured, by which a watcher on the same machine can tell how old they are.
    """

    def __init__(self, run: Run, start: Start, frames_per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.run = run
        self.start = start
        self._rate = frames_per_second
        self._clock = clock
        self._lock = threading.RLock()
        self._wakers: set[Callable[[], None]] = set()
        self._deaf: Callable[[], None] | None = None
        self._changed = True
        self._credit, self._counted = float(BURST), clock()  # frames that may be made now, and when that was
        self._counts: dict[str, int] = {}
        self._ended: frozenset[str] = frozenset()
        self._n = 0
        self._frames: deque[Frame] = deque(maxlen=RING)
        self._status = (0, "")
        self._whole: tuple[int, str] = (-1, "")
        self.encoded = 0  # frames and recordings, for whoever wonders what a watcher costs

    def join(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` (from any thread) when something is new; returns the function that leaves. Who has joined is a watcher."""
        with self._lock:
            self._wakers.add(wake)
            if self._deaf is None:
                self._deaf = self.run.listen(self._hear)

        def leave() -> None:
            with self._lock:
                self._wakers.discard(wake)
                if not self._wakers and self._deaf is not None:
                    self._deaf()
                    self._deaf = None

        return leave

    @property
    def watchers(self) -> int:
        return len(self._wakers)

    def _hear(self) -> None:
        with self._lock:
            if self._changed:  # they were woken already and have not come yet
                return
            self._changed = True
            wakers = list(self._wakers)
        for wake in wakers:
            wake()

    def due_in(self) -> float | None:
        """Seconds until the next frame may be made; None where nothing is new."""
        with self._lock:
            wait = (1 - self._earned()) / self._rate
            return None if not self._changed else wait if wait > ROUNDING else 0.0

    def _earned(self) -> float:
        return min(BURST, self._credit + (self._clock() - self._counted) * self._rate)

    def after(self, place: Place) -> tuple[list[str], Place]:
        """The messages that follow a place, and the place that they lead to."""
        with self._lock:
            self._publish()
            texts, n = self._frames_after(place.n)
            version, status = self._status
            if version != place.status:
                texts.append(status)
            return texts, Place(n, version)

    def _publish(self) -> None:
        if self.due_in() != 0:
            return
        self._credit, self._counted, self._changed = self._earned() - 1, self._clock(), False
        deltas, counts, status = self.run.deltas(self._counts)
        ended = frozenset(variant for variant, delta in deltas.items() if "ending" in delta)
        n = len(counts) + sum(counts.values()) + len(ended)
        if n > self._n:
            told = self._encode(type="delta", after=self._n, n=n, made=self.run.made, variants=deltas)
            self._frames.append(Frame(self._n, n, told))
            self._n, self._counts, self._ended = n, counts, ended
        text = encode({"type": "status", **asdict(status)})
        if text != self._status[1]:
            self._status = (self._status[0] + 1, text)

    def _frames_after(self, n: int | None) -> tuple[list[str], int]:
        if n == self._n:
            return [], n
        missing = [frame for frame in self._frames if n is not None and frame.after >= n]
        if missing and missing[0].after == n:
            return [frame.text for frame in missing], self._n
        return [self._recording()], self._n

    def _recording(self) -> str:
        """Everything up to frame `_n`, encoded once for all who join before the next frame."""
        if self._whole[0] != self._n:
            deltas, _, _ = self.run.deltas({})
            told = {v: _cut(deltas[v], count, v in self._ended) for v, count in self._counts.items()}
            self._whole = (self._n, self._encode(type="recording", n=self._n, variants=told))
        return self._whole[1]

    def _encode(self, **message: Any) -> str:
        self.encoded += 1
        return encode(message)


def _cut(delta: Mapping[str, Any], count: int, ended: bool) -> dict[str, Any]:
    """A whole recording's delta as it was at `count` snapshots, before or after its ending."""
    columns = {}
    for name, column in delta["columns"].items():
        size = bisect_left(column["rows"], count)
        if size:
            columns[name] = {"rows": column["rows"][:size], "values": column["values"][:size]}
    kept = {name: value for name, value in delta.items() if name != "ending" or ended}
    return {**kept, "steps": delta["steps"][:count], "columns": columns}


def encode(message: Any) -> str:
    """JSON with NumPy arrays as lists; numbers that are not finite become null."""
    return orjson.dumps(message, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _plain(value: Any) -> Any:
    """What orjson leaves alone: arrays without an axis, and those that are not contiguous."""
    if isinstance(value, np.ndarray):
        return np.ascontiguousarray(value) if value.ndim else value[()]
    raise TypeError(f"a message can't hold a {type(value).__name__}")


class Channels:
    """The channels of all runs that are being watched. Safe from any thread."""

    def __init__(self, frames_per_second: float) -> None:
        self._frames_per_second = frames_per_second
        self._lock = threading.RLock()
        self._open: dict[str, Channel] = {}
        self._starts: WeakKeyDictionary[Run, Start] = WeakKeyDictionary()

    def begun(self, run: Run, start: Start) -> None:
        """Keep what a run was begun from for as long as the run is remembered."""
        self._starts[run] = start

    def watchers(self, run: Run) -> int:
        """How many watch a run at the moment."""
        with self._lock:
            return self._open[run.id].watchers if run.id in self._open else 0

    def join(self, run: Run, wake: Callable[[], None]) -> tuple[Channel, Callable[[], None]]:
        """The run's channel, and the function that leaves it. The last to leave closes it."""
        with self._lock:
            if run.id not in self._open:
                start = self._starts.get(run) or Start({variant: variant for variant in run.variants})
                self._open[run.id] = Channel(run, start, self._frames_per_second)
            channel = self._open[run.id]
            stop = channel.join(wake)

        def leave() -> None:
            with self._lock:
                stop()
                if not channel.watchers and self._open.get(run.id) is channel:
                    del self._open[run.id]

        return channel, leave


@cache
def shared() -> Channels:
    """The process-wide channels, at the settings' frame rate."""
    return Channels(settings.frames_per_second)
