"""Recordings by experiment key: precomputed ones that come with cnnviz, and new ones in a bounded cache folder."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections import OrderedDict
from functools import cache
from pathlib import Path

from cnnviz import limits
from cnnviz.engine.records import Recording
from cnnviz.settings import ASSETS, settings

log = logging.getLogger(__name__)

LEFTOVER_SECONDS = 3_600
_KEY = re.compile(r"[0-9a-f]{16}")


class Store:
    """Finished recordings, found by `Experiment.key()`. Safe from any thread; a bad disk is logged, never raised.

    assets_dir: the folder with precomputed <key>.npz, only read. cache_dir: the folder for new ones, made when needed and kept
    below limit_mb (2²⁰ bytes each) by removing those that were not used for longest. Recordings that were loaded are shared:
    treat them as read-only.
    """

    def __init__(self, assets_dir: str | os.PathLike[str], cache_dir: str | os.PathLike[str], limit_mb: float) -> None:
        self._assets = Path(assets_dir)
        self._cache = Path(cache_dir)
        self._limit = int(limit_mb * 2**20)
        self._lock = threading.Lock()
        self._loaded: OrderedDict[str, tuple[Recording, int]] = OrderedDict()
        self._damaged: set[Path] = set()
        self._complained = False

    def has(self, key: str) -> bool:
        """Whether a recording is stored under this key."""
        with self._lock:
            if key in self._loaded:
                return True
        return self._path(key) is not None

    def get(self, key: str) -> Recording | None:
        """The recording of the experiment with this key, None where there is none that can be read."""
        path = self._path(key)
        if path is not None and path.parent == self._cache:
            self._touch(path)
        with self._lock:
            if key in self._loaded:
                self._loaded.move_to_end(key)
                return self._loaded[key][0]
        return self._read(path, key) if path is not None else None

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
            self._damaged.discard(recording.save(self._cache / f"{key}.npz"))
            self._trim()
            self._complained = False
        except OSError as problem:
            self._complain(problem)

    def _path(self, key: str) -> Path | None:
        if not _KEY.fullmatch(key):
            return None
        paths = (folder / f"{key}.npz" for folder in (self._assets, self._cache))
        return next((path for path in paths if self._usable(path)), None)

    def _usable(self, path: Path) -> bool:
        return path not in self._damaged and path.is_file()

    def _read(self, path: Path, key: str) -> Recording | None:
        try:
            recording = Recording.load(path)
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
        size = sum(recording.column(name).nbytes for name in recording.names)
        with self._lock:
            self._loaded[key] = (recording, size)
            self._loaded.move_to_end(key)
            while len(self._loaded) > 1 and sum(size for _, size in self._loaded.values()) > limits.STORE_MEMORY_MB * 2**20:
                self._loaded.popitem(last=False)

    def _touch(self, path: Path) -> None:
        """Mark as used just now: `_trim` goes by the file's time, which outlives this process."""
        try:
            os.utime(path)
        except OSError as problem:
            self._complain(problem)

    def _trim(self) -> None:
        with self._lock:
            for leftover in self._cache.glob("*.part"):
                if leftover.stat().st_mtime < time.time() - LEFTOVER_SECONDS:
                    leftover.unlink(missing_ok=True)
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


@cache
def shared() -> Store:
    """The process-wide store, as the settings say."""
    return Store(ASSETS / "recordings", settings.cache, settings.cache_mb)
