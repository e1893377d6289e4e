"""What every runner promises: a Run that can be watched and controlled, and a Runner that takes experiments.

A Run is told what happened by its runner, from any thread; whoever watches asks it for what is new, or waits for a call.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from typing import Any, Literal, Protocol

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Ending, Recording, Snapshot

State = Literal["queued", "running", "paused", "done", "diverged", "failed", "cancelled"]
ENDED: frozenset[State] = frozenset({"done", "diverged", "failed", "cancelled"})


class RefusedError(Exception):
    """A run that can't be taken, in one sentence with the way out."""


@dataclass(frozen=True)
class Status:
    """Where a run stands. place: 1 is next in the queue, 0 is not waiting. sentence: set where words are needed.

    seconds_left and steps_per_second are None until they can be told; `lr` is the rate in force, where it was changed; `altered`
    has the rates that were set by hand, each with the first step that it was used for.
    """

    state: State = "queued"
    place: int = 0
    step: int = 0
    steps: int = 0
    examples: int = 0
    steps_per_second: float | None = None
    seconds_left: float | None = None
    device: str = ""
    seed: int = 0
    lr: float | None = None
    altered: tuple[tuple[int, float], ...] = ()
    sentence: str = ""


class Controls(Protocol):
    """How a runner is told what a run's watcher wants."""

    def control(self, run: Run, operation: str, value: float | None = None) -> None:
        """operation: "pause", "resume", "step", "cancel", "lr" (value: the new rate), "speed" (value: steps a second at most,
        0 for no limit) or "stop_at" (value: a step). Returns at once; raises ValueError for unknown ones, and for those that mean
        nothing to this kind of run."""
        ...


@dataclass(eq=False)
class Run:
    """One submitted comparison: its variants, their growing recordings, its status. Safe from any thread.

    id names it; token lets its bearer control it; view lets its bearer watch it. Both tokens are unguessable.
    made: when its newest snapshot was made, by `time.monotonic`; None before the first.
    """

    variants: Mapping[str, Experiment]
    learner: str
    page: str
    controls: Controls
    id: str = field(default_factory=lambda: secrets.token_urlsafe(8))
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    view: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    created: float = field(default_factory=time.monotonic)
    made: float | None = None

    def __post_init__(self) -> None:
        first = next(iter(self.variants.values()))
        self._lock = threading.RLock()
        self._recordings: dict[str, Recording] = {}
        self._status = Status(steps=first.total_steps, seed=first.seed)
        self._listeners: set[Callable[[], None]] = set()

    @property
    def status(self) -> Status:
        with self._lock:
            return self._status

    @property
    def ended(self) -> bool:
        return self.status.state in ENDED

    @property
    def watchers(self) -> int:
        with self._lock:
            return len(self._listeners)

    def recordings(self) -> dict[str, Recording]:
        """The recordings so far, by variant. They grow; read them through `deltas` while the run goes on."""
        with self._lock:
            return dict(self._recordings)

    def deltas(self, since: Mapping[str, int]) -> tuple[dict[str, dict[str, Any]], dict[str, int], Status]:
        """What each variant's recording gained since the given counts, the new counts, and the status at that moment."""
        with self._lock:
            now = {name: len(recording) for name, recording in self._recordings.items()}
            new = {name: self._recordings[name].delta(since.get(name, 0)) for name in now}
            return new, now, self._status

    def listen(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call `call` (from any thread, briefly) whenever something changed; returns the function that stops it."""
        with self._lock:
            self._listeners.add(call)

        def stop() -> None:
            with self._lock:
                self._listeners.discard(call)

        return stop

    def began(self, variant: str, recording: Recording) -> None:
        """For the runner: a variant's empty recording, with its layers and what it says about itself."""
        with self._lock:
            self._recordings[variant] = recording

    def measured(self, variant: str, snapshots: list[Snapshot], made: float) -> None:
        """For the runner: new snapshots of a variant, and when the newest of them was made."""
        with self._lock:
            self._recordings[variant].extend(snapshots)
            self.made = made
        self._tell()

    def closed(self, variant: str, ending: Ending) -> None:
        """For the runner: how a variant ended."""
        with self._lock:
            if variant in self._recordings:
                self._recordings[variant].ending = ending

    def alter(self, rates: Sequence[tuple[int, float]]) -> None:
        """For the runner: the learning rates that were set by hand so far, each with the first step that it was used for."""
        with self._lock:
            for recording in self._recordings.values():
                recording.about = {**recording.about, "altered": [list(rate) for rate in rates]}
        self.update(altered=tuple(rates))

    def update(self, **fields: Any) -> None:
        """For the runner: change the status. A run that has ended stays ended."""
        with self._lock:
            if self._status.state in ENDED:
                return
            self._status = changed(self._status, **fields)
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for call in listeners:
            call()


class Runner(Protocol):
    """Takes experiments, gives Runs. `runners/local.py` is the default."""

    def submit(self, variants: Mapping[str, Experiment], learner: str, page: str, first: Sequence[str] = ()) -> Run:
        """Queue a comparison. A newer run of the same learner and page cancels the older one. Raises RefusedError.

        first: operations without a value that it gets before it makes a step.
        """
        ...

    def find(self, run_id: str) -> Run | None:
        """A run by id, ended ones included while they are remembered."""
        ...

    def close(self) -> None:
        """End every run and worker."""
        ...
