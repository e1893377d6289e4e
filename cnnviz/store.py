"""Recordings by experiment key: precomputed ones that come with cnnviz, and new ones in a bounded cache folder."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from cnnviz import limits
from cnnviz.engine.records import Recording
from cnnviz.settings import ASSETS, settings
from cnnviz.syntax import again

log = logging.getLogger(__name__)

LEFTOVER_SECONDS = 3_600
STAMP_NS = 1_000_000  # between the times of two uses, where the clock stands still or was put back
_KEY = re.compile(r"[0-9a-f]{16}")


class Store:
    """Finished recordings, found by `Experiment.key()`. Safe from any thread; a bad disk is logged, never raised.

    assets_dir: the folder with precomputed <key>.npz, only read. cache_dir: the folder for new ones, made when needed and kept
    below limit_mb (2²⁰ bytes each) by removing those that were not used for longest. Recordings that were loaded are shared:
    treat them as read-only.
    clock: seconds that only rise. Nothing depends on the time of day: it may be put forward or back.
    """

    def __init__(
        self,
        assets_dir: str | os.PathLike[str],
        cache_dir: str | os.PathLike[str],
        limit_mb: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._assets = Path(assets_dir)
        self._cache = Path(cache_dir)
        self._limit = int(limit_mb * 2**20)
        self._lock = threading.Lock()
        self._loaded: OrderedDict[str, tuple[Recording, int]] = OrderedDict()
        self._damaged: set[Path] = set()
        self._complained = False
        self._clock = clock
        self._leftovers: dict[Path, float] = {}  # writes that may have been cut off, and when they were seen first
        self._stamp = 0  # the latest time of use that a file has, in ns

    def has(self, key: str) -> bool:
        """Whether a recording is stored under this key."""
        with self._lock:
            if key in self._loaded:
                return True
        return any(self._paths(key))

    def get(self, key: str) -> Recording | None:
        """The recording of the experiment with this key, None where there is none that can be read."""
        with self._lock:
            loaded = self._loaded.get(key)
            if loaded is not None:
                self._loaded.move_to_end(key)
        for path in self._paths(key):
            if path.parent == self._cache:
                self._touch(path)
            recording = loaded[0] if loaded is not None else self._read(path, key)
            if recording is not None:
                return recording
        return loaded[0] if loaded is not None else None

    def put(self, recording: Recording) -> None:
        """Keep a finished recording. Raises ValueError for one that has not ended as "done" or "diverged"."""
        if recording.ending is None or recording.ending.state not in ("done", "diverged"):
            state = recording.ending.state if recording.ending else "unfinished"
            raise ValueError(f"recording (={state}) must be done or diverged to be stored.")
        key = recording.experiment.key()
        if self._usable(self._assets / f"{key}.npz"):
            return
        self._remember(key, recording)
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            path = recording.save(self._cache / f"{key}.npz")
            self._damaged.discard(path)
            self._touch(path)
            self._trim()
            self._complained = False
        except OSError as problem:
            self._complain(problem)

    def _paths(self, key: str) -> Iterator[Path]:
        """The files that may hold it: one that proves damaged leaves the next."""
        if _KEY.fullmatch(key):
            paths = (folder / f"{key}.npz" for folder in (self._assets, self._cache))
            yield from (path for path in paths if self._usable(path))

    def _usable(self, path: Path) -> bool:
        return path not in self._damaged and path.is_file()

    def _read(self, path: Path, key: str) -> Recording | None:
        try:
            recording = _load(path)
            if recording.experiment.key() != key:
                raise ValueError(f"it holds the experiment {recording.experiment.key()}")
        except Exception as problem:  # a damaged file can fail in zlib, zipfile, NumPy or json, each with errors of its own
            if path.exists():
                self._drop(path, problem)
            return None
        self._remember(key, recording)
        return recording

    def _drop(self, path: Path, problem: Exception) -> None:
        log.warning("The stored recording %s is damaged and is ignored: %s", path, problem)
        self._damaged.add(path)
        if path.parent == self._cache:
            try:
                path.unlink(missing_ok=True)
            except OSError as why:
                self._complain(why)

    def _remember(self, key: str, recording: Recording) -> None:
        with self._lock:
            self._loaded[key] = (recording, recording.nbytes)
            self._loaded.move_to_end(key)
            while len(self._loaded) > 1 and sum(size for _, size in self._loaded.values()) > limits.STORE_MEMORY_MB * 2**20:
                self._loaded.popitem(last=False)

    def _touch(self, path: Path) -> None:
        """Mark as used last. `_trim` goes by the files' times, which outlive this process; they only rise, whatever the clock
        does, or what is new would be removed at once after it was put back."""
        try:
            with self._lock:
                if not self._stamp:
                    self._stamp = max((file.stat().st_mtime_ns for file in self._cache.glob("*.npz")), default=0)
                self._stamp = max(time.time_ns(), self._stamp + STAMP_NS)
                os.utime(path, ns=(self._stamp, self._stamp))
        except OSError as problem:
            self._complain(problem)

    def _clear_leftovers(self) -> None:
        """Remove writes that were cut off: those that are still there long after they were seen first."""
        now = self._clock()
        self._leftovers = {path: self._leftovers.get(path, now) for path in self._cache.glob("*.part")}
        for path, seen in self._leftovers.items():
            if now - seen > LEFTOVER_SECONDS:
                path.unlink(missing_ok=True)

    def _trim(self) -> None:
        with self._lock:
            self._clear_leftovers()
            files = sorted(((path.stat(), path) for path in self._cache.glob("*.npz")), key=lambda file: file[0].st_mtime_ns)
            excess = sum(stat.st_size for stat, _ in files) - self._limit
            for stat, path in files:
                if excess <= 0:
                    break
                path.unlink(missing_ok=True)
                excess -= stat.st_size

    def _complain(self, problem: OSError) -> None:
        """One line for a disk that stays full or read-only, not one a run."""
        if not self._complained:
            log.warning("The recordings' folder %s can't be written; recordings are kept in memory: %s", self._cache, problem)
        self._complained = True


@again
def _load(path: Path) -> Recording:
    return Recording.load(path)


@cache
def shared() -> Store:
    """The process-wide store, as the settings say."""
    return Store(ASSETS / "recordings", settings.cache, settings.cache_mb)
