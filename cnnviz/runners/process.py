"""A worker process as its parent sees it: started, spoken to, listened to by a thread of its own, killed."""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import fields
from typing import Any

from cnnviz.settings import ROOT, Settings

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "cnnviz.runners.worker")
_LOW_PRIORITY = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)  # Windows; elsewhere the worker nices itself


class Worker:
    """One child process. `heard` and `exited` are called from its reader thread, `exited` once and last, with the exit code.

    ready: it is warm; killed: by us; job: what it works on; late_at: when it is late to leave an abandoned job.
    These belong to whoever owns the worker.
    """

    def __init__(
        self,
        settings: Settings,
        heard: Callable[[Worker, Any], None],
        exited: Callable[[Worker, int], None],
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.ready = False
        self.killed = False
        self.job: Any = None
        self.late_at: float | None = None
        self.started = time.monotonic()
        self._writing = threading.Lock()
        self._heard = heard
        self._exited = exited
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(settings),
            creationflags=_LOW_PRIORITY,
        )
        assert self._process.stdin
        if hasattr(os, "set_blocking"):  # not on Windows before Python 3.12
            os.set_blocking(self._process.stdin.fileno(), False)
        self._reader = threading.Thread(target=self._read, name=f"worker {self.pid}", daemon=True)

    def listen(self) -> None:
        """Begin to call `heard` and `exited`."""
        self._reader.start()

    @property
    def idle(self) -> bool:
        return self.ready and not self.killed and self.job is None and self.late_at is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, *message: Any) -> None:
        """Write one message. A process that is gone is told by `exited`, not here; one that has long read nothing is killed: who
        waited for it would hold up all others."""
        assert self._process.stdin
        data = pickle.dumps(message)
        try:
            with self._writing:
                written = os.write(self._process.stdin.fileno(), data)
        except BlockingIOError:
            written = 0
        except (OSError, ValueError):
            return
        if written < len(data):
            self.kill()

    def kill(self) -> None:
        """End the process at once. `exited` follows."""
        self.killed = True
        self._process.kill()

    def join(self, seconds: float) -> None:
        """Wait until the process is gone and its reader has ended."""
        self._reader.join(seconds)

    def _read(self) -> None:
        stdout, stdin = self._process.stdout, self._process.stdin
        assert stdout
        assert stdin
        try:
            while True:
                self._heard(self, pickle.load(stdout))
        except (EOFError, OSError, pickle.UnpicklingError):
            pass
        except Exception:
            log.exception("A message of worker %s could not be handled.", self.pid)
        self._process.kill()
        code = self._process.wait()
        with self._writing:  # whoever writes must not meet another file under the same number
            for pipe in (stdout, stdin):
                with suppress(OSError):
                    pipe.close()
        self._exited(self, code)


def environment(settings: Settings) -> dict[str, str]:
    """A worker's environment: these settings, the thread count before torch is loaded, and where cnnviz is found."""
    chosen = {f"CNNVIZ_{part.name.upper()}": str(getattr(settings, part.name)) for part in fields(settings)}
    threads = str(settings.thread_count)
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, **chosen, "CNNVIZ_THREADS": threads, "OMP_NUM_THREADS": threads, "PYTHONPATH": path}


def exit_words(code: int) -> str:
    """How a process ended, in words: "signal 9" or "exit code 1"."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"
