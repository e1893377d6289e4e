"""The server in a process of its own, with its log, and what it and its workers take of the machine (Linux's /proc)."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server import launched
from cnnviz.settings import Settings

START_SECONDS = 300.0
SETTLED_SECONDS = 3.0
IDLE = 0.2  # of a core: what timers take is counted high on some virtual machines
WORKER = "cnnviz.runners.worker"
SHARE = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
FAULT = re.compile(r"^.*\nTraceback \(most recent call last\):\n(?:[ \n].*\n?)*\S.*", re.MULTILINE)


@dataclass(frozen=True)
class Memory:
    """Proportional set size, MB: of the server, of its workers together; workers: how many there are."""

    server: float
    training: float
    workers: int


@dataclass(frozen=True)
class Server:
    """The running course. log: where it writes."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def workers(self) -> list[int]:
        """The process ids of its training processes."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        pids = [int(pid) for path in children for pid in path.read_text(encoding="utf-8").split()]
        return [pid for pid in pids if WORKER in _command(pid)]

    def memory(self) -> Memory:
        workers = self.workers()
        return Memory(pss(self.process.pid), sum(map(pss, workers)), len(workers))

    def cpu_seconds(self) -> tuple[float, float]:
        """What the server has used so far, and what its workers have."""
        return cpu_seconds(self.process.pid), sum(map(cpu_seconds, self.workers()))

    def faults(self) -> list[str]:
        """The log's tracebacks, each with the line before it."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return [f"The server's log: {found.group().strip()}" for found in FAULT.finditer(text)]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def pss(pid: int) -> float:
    """A process's proportional set size in MB: what it shares with others counts by its part. 0 for one that is gone."""
    try:
        found = SHARE.search(Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return 0.0
    return int(found.group(1)) / 1024 if found else 0.0


def cpu_seconds(pid: int) -> float:
    """User and system time of a process. 0 for one that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(settings: Mapping[str, str], settled: float = SETTLED_SECONDS) -> Iterator[Server]:
    """A server with these variables in its environment and no recording but the presets', all workers there; warm where it is
    given some seconds in which it must have been idle."""
    workers = Settings(workers=int({**os.environ, **settings}.get("CNNVIZ_WORKERS", "0"))).worker_count
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output, launched(output, subprocess.STDOUT, settings) as (address, process):
            server = Server(address, process, log)
            _until_warm(server, workers + 1, settled)
            yield server


def _until_warm(server: Server, workers: int, settled: float) -> None:
    """Wait until it answers and nothing starts any more. Raises SystemExit with the log where it does not come up."""
    end = time.monotonic() + START_SECONDS
    idle_since, used = time.monotonic(), -1.0
    while time.monotonic() < end and server.process.poll() is None:
        now = sum(server.cpu_seconds())
        allowed = IDLE * (time.monotonic() - idle_since) + 0.05
        if (settled and now - used > allowed) or len(server.workers()) < workers or not _answers(server.address):
            idle_since, used = time.monotonic(), now
        elif time.monotonic() - idle_since > settled:
            return
        time.sleep(0.2)
    raise SystemExit(f"The server did not start:\n{server.log.read_text(encoding='utf-8', errors='replace')[-2_000:]}")


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
            return True
    except OSError:
        return False
