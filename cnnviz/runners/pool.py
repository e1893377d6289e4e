"""The pool: how many training processes there are, when another one starts, and which one is given up."""

from __future__ import annotations

import logging
import os
import time

from cnnviz.runners.process import Worker

log = logging.getLogger(__name__)

LINGER_SECONDS = 2.0  # a worker that does not leave an abandoned run is late after that, and another one is started
LATEST_SECONDS = 60.0  # a late one is ended then, even where no other could be started
START_SECONDS = 120.0  # a worker that is not warm by then is killed
FAILURES = 3  # failed starts in a row after which runs are refused
FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 30.0  # seconds before another start; doubled after each failure


class Pool:
    """Warm workers for so many runs at once, and a spare. The lock of whoever owns it guards it.

    A late worker is not killed before another one is warm in its place: on a busy machine, where every worker may be slow to
    leave a run, the pool never empties.
    """

    def __init__(self, runs: int) -> None:
        self.workers: list[Worker] = []
        self._wanted = runs + 1
        self._failures = 0
        self._retry_at = 0.0

    @property
    def idle(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.idle]

    @property
    def settled(self) -> bool:
        """Whether there is nothing to start, to end or to wait for."""
        return self._missing == 0 and all(worker.idle for worker in self.workers)

    @property
    def unstartable(self) -> bool:
        """Whether no worker can be started, and none is there that could serve."""
        return self._failures >= FAILURES and not any(worker.ready and not _late(worker) for worker in self.workers)

    @property
    def may_start(self) -> bool:
        """Whether another one is to be started now: the first one alone, then half as many at once as there are cores."""
        starting = sum(not worker.ready and not worker.killed for worker in self.workers)
        at_once = max(1, (os.cpu_count() or 1) // 2) if any(worker.ready for worker in self.workers) else 1
        return self._missing > 0 and starting < at_once and time.monotonic() >= self._retry_at

    @property
    def _missing(self) -> int:
        return self._wanted - sum(not worker.killed and not _late(worker) for worker in self.workers)

    def warmed(self, worker: Worker) -> None:
        """A worker is ready for its first run."""
        worker.ready, self._failures = True, 0

    def abandon(self, worker: Worker) -> None:
        """A worker does not answer to the end of its run: it may come back in a while, or is given up."""
        worker.late_at = time.monotonic() + LINGER_SECONDS

    def remove(self, worker: Worker) -> None:
        """A worker is gone."""
        if worker in self.workers:
            self.workers.remove(worker)

    def failed_start(self, how: str) -> None:
        """A worker could not be started, or was gone before it was warm: the next try waits."""
        self._failures += 1
        wait = min(FIRST_BACKOFF * 2 ** (self._failures - 1), LONGEST_BACKOFF)
        self._retry_at = time.monotonic() + wait
        log.error("A training process could not be started (%s), %s in a row; next try in %s s.", how, self._failures, wait)

    def tend(self) -> None:
        """End what takes too long to start, what is late and replaced, and what is one too many since a late one came back."""
        now = time.monotonic()
        for worker in self.workers:
            if not worker.ready and now > worker.started + START_SECONDS:
                worker.kill()
        surplus = sum(worker.ready and not worker.killed for worker in self.workers) - self._wanted
        for worker in [worker for worker in self.workers if _late(worker)]:
            if surplus > 0 or now > (worker.late_at or now) + LATEST_SECONDS:
                log.warning("The worker %s did not leave its run and is ended.", worker.pid)
                worker.kill()
                surplus -= 1
        for worker in self.idle[: max(0, surplus)]:
            worker.kill()


def _late(worker: Worker) -> bool:
    return worker.late_at is not None and time.monotonic() > worker.late_at and not worker.killed
