"""Every place and limit that whoever runs cnnviz may set, each an environment variable CNNVIZ_<NAME>."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from cnnviz import limits, machine

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"
# With 0 of these nobody could train or watch.
ABOVE_ZERO = ("runs_per_learner", "silence_seconds", "message_bytes", "frames_per_second")


@dataclass(frozen=True)
class Settings:
    """Read once at start. An unusable value is an error that names the variable, the value and what it should be."""

    device: str = "auto"  # auto, cpu, cuda, cuda:1, mps
    workers: int = 0  # training processes; 0: one a core, at most 8
    threads: int = 0  # torch threads in a worker; 0: cores // workers
    fashion_mnist: str = ""  # a folder with the four full IDX files (.gz or not); "": the subset in assets/
    cache: str = str(ROOT / ".cnnviz" / "recordings")  # where finished recordings are kept
    cache_mb: int = limits.CACHE_MB  # the folder's size at most
    runs_per_learner: int = limits.RUNS_PER_LEARNER  # running or queued at once, over all of a learner's pages
    queue: int = limits.QUEUE  # runs waiting at most, all learners together
    grace_seconds: float = limits.GRACE_SECONDS  # a run that nobody watches ends after this
    pause_seconds: float = limits.PAUSE_SECONDS  # a paused run gives its worker back after this
    timing_mb: int = limits.TIMING_MB  # weights and maps of a timed forward pass at most, in MB
    timing_gigamacs: int = limits.TIMING_GIGAMACS  # multiply-adds of a timing at most, in 10⁹
    silence_seconds: float = limits.SILENCE_SECONDS  # a run that reports nothing for so long is ended
    run_memory_mb: int = limits.RUN_MEMORY_MB  # that a run may need; 0: a training process's share of the machine's memory
    message_bytes: int = limits.MESSAGE_BYTES  # a websocket message from a browser at most
    frames_per_second: float = limits.FRAMES_PER_SECOND  # deltas a second to a browser at most

    @classmethod
    def from_environment(cls) -> Settings:
        """The settings with each CNNVIZ_<NAME> that is set put in place of its default."""
        given: dict[str, Any] = {}
        for part in fields(cls):
            variable = f"CNNVIZ_{part.name.upper()}"
            text = os.environ.get(variable)
            if text is None:
                continue
            kind: Any = type(part.default)
            try:
                given[part.name] = _usable(kind(text), part.name in ABOVE_ZERO)
            except ValueError:
                what = f"a {'whole ' if kind is int else ''}number {'above 0' if part.name in ABOVE_ZERO else 'of 0 or above'}"
                raise SystemExit(f"{variable} (={text[:40]!r}) must be {what}.") from None
        return cls(**given)

    @property
    def worker_count(self) -> int:
        return self.workers or min(8, os.cpu_count() or 1)

    @property
    def thread_count(self) -> int:
        return self.threads or max(1, (os.cpu_count() or 1) // self.worker_count)

    @property
    def run_memory(self) -> int:
        """Bytes that a run may need. Of what the server leaves, each worker and the spare have an equal share."""
        share = (machine.memory() / 2**20 - limits.SERVER_MEMORY_MB) / (self.worker_count + 1) - limits.WORKER_MEMORY_MB
        return int(self.run_memory_mb or max(share, limits.LEAST_RUN_MEMORY_MB)) * 2**20


def _usable(value: Any, above_zero: bool) -> Any:
    """The value itself. Raises ValueError for a number that is no limit."""
    if not isinstance(value, str) and not (0 < value < math.inf or (value == 0 and not above_zero)):
        raise ValueError(value)
    return value


settings = Settings.from_environment()
