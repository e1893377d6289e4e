"""News: what happened in a worker since its last message, and the outbox that gathers it so that training never waits."""

from __future__ import annotations

import json
import os
import pickle
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.runners.control import Control

BATCH_SECONDS = 0.02
PROGRESS_SECONDS = 0.1
NOTHING_TOLD = -1


@dataclass
class News:
    """One message from a worker about one run.

    step: updates made. begun: layers and about of each variant's recording. made: when the newest of its snapshots was, by
    `time.monotonic`, which a machine's processes share. state: "paused" or "running" where it changed. altered: learning rates
    that were set by hand, each with the first step that it was used for.
    over: how the run ended: "finished" (each variant's ending says how), "cancelled", or "failed" with a sentence for the
    page and a trace for the log.
    """

    run: str
    step: int = 0
    begun: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = field(default_factory=dict)
    snapshots: dict[str, list[Snapshot]] = field(default_factory=dict)
    made: float = 0.0
    endings: dict[str, Ending] = field(default_factory=dict)
    state: str = ""
    altered: list[tuple[int, float]] = field(default_factory=list)
    over: str = ""
    sentence: str = ""
    trace: str = ""

    @property
    def empty(self) -> bool:
        return not (self.begun or self.snapshots or self.endings or self.state or self.altered or self.over)


class Outbox:
    """Sends a run's news from a thread of its own: at once after a quiet time, then what came within 20 ms together.

    However slowly the other side reads, the training thread only adds to what is waiting. The step goes out ten times a
    second where it changed, and at once when a run begins: so the parent knows that it is in good hands.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._changed = threading.Condition()
        self._news = News("")
        self._control: Control | None = None
        self._told_step = 0
        self._first_ones = 0
        self._awake = False
        self._urgent = False
        threading.Thread(target=self._send_forever, name="outbox", daemon=True).start()

    def begin(self, run: str, control: Control, variants: int) -> None:
        """From now on the news is of this run of so many variants, and its step is the control's."""
        with self._changed:
            self._news = News(run)
            self._control = control
            self._told_step = NOTHING_TOLD
            self._first_ones = variants
            self._awake = True
            self._changed.notify()

    def begun(self, variant: str, recording: Recording) -> None:
        """A variant's empty recording. It leaves with the first snapshot."""
        plain = json.loads(json.dumps(recording.about))  # torch's version is a class of torch's: unpickled, it would import it
        with self._changed:
            self._news.begun[variant] = (tuple(recording.layers), plain)

    def measured(self, variant: str, snapshot: Snapshot) -> None:
        """A snapshot. The variants' first ones leave together, without delay."""
        with self._changed:
            self._news.snapshots.setdefault(variant, []).append(replace(snapshot, values=dict(snapshot.values)))
            self._news.made = time.monotonic()
            self._first_ones -= 1
            if self._first_ones == 0:
                self._hurry()
            elif self._first_ones < 0:
                self._awake = True
                self._changed.notify()

    def closed(self, variant: str, ending: Ending) -> None:
        """How a variant ended."""
        with self._changed:
            self._news.endings[variant] = ending

    def state(self, state: str) -> None:
        """The run was paused, or goes on."""
        with self._changed:
            self._news.state = state
            self._hurry()

    def altered(self, step: int, lr: float) -> None:
        """Another learning rate, set by hand, and the first step that it is used for."""
        with self._changed:
            self._news.altered.append((step, lr))

    def over(self, how: str, sentence: str = "", trace: str = "") -> None:
        """The run's last news."""
        with self._changed:
            self._news.over, self._news.sentence, self._news.trace = how, sentence, trace
            self._hurry()

    def _hurry(self) -> None:
        self._awake = self._urgent = True
        self._changed.notify()

    def _send_forever(self) -> None:
        while True:
            news = self._next()
            if news:
                send(self._stream, news)
                with self._changed:
                    self._changed.wait_for(lambda: self._urgent, BATCH_SECONDS)

    def _next(self) -> News | None:
        with self._changed:
            self._changed.wait_for(lambda: self._awake, PROGRESS_SECONDS if self._control else None)
            self._awake = self._urgent = False
            news, step = self._news, self._control.step if self._control else 0
            if news.empty and step == self._told_step:
                return None
            self._news, self._told_step = News(news.run), step
            if news.over:
                self._control = None
            news.step = step
            return news


def send(stream: BinaryIO, message: Any) -> None:
    """Write one message to the parent, pickled. A parent that is gone ends this process."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    try:
        stream.write(data)
        stream.flush()
    except OSError:
        os._exit(0)
