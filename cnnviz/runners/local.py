"""The local runner: a pool of warm training processes on this machine, a fair queue before them, and a supervisor."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from cnnviz import limits
from cnnviz import store as stores
from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Recording
from cnnviz.runners import memory
from cnnviz.runners.base import RefusedError, Run, State
from cnnviz.runners.endings import keep, outcome, settle
from cnnviz.runners.jobs import Job, check_first, checked, next_first
from cnnviz.runners.news import News
from cnnviz.runners.pool import Pool
from cnnviz.runners.process import COMMAND, Worker, exit_words
from cnnviz.settings import Settings, settings
from cnnviz.store import Store

log = logging.getLogger(__name__)

ANSWER_SECONDS = 0.08  # a cancelled run ends then at the latest, and the spare takes its worker's place
DEAF_SECONDS = 10.0  # a run whose worker has not even said that it has it goes to another one then
LOOK_SECONDS = 0.2  # how often the supervisor looks at runs and starts that go on

STOPPED = "Stopped."
REPLACED = "Replaced by a newer run of this page."
UNWATCHED = "Ended, because nobody was watching."
PAUSED_LONG = "Ended after a pause of {minutes:.3g} minutes, so that others can train. Press Train to run again."
SILENT = "Ended, because nothing came for {seconds:.3g} seconds. A smaller network, batch or test set trains faster."
DIED = "The training process stopped unexpectedly ({how}). Press Train to run again."
NO_WORKERS = "No training process can be started on this server; its log says why. Try again in a minute."
CLOSED = "The server is shutting down."


class LocalRunner:
    """A Runner over `settings.worker_count` warm processes, and a spare that takes the place of a killed one or has brief runs.

    Nothing is started before `start` or the first `submit`. One lock guards all state; what runs are told leaves in order and
    outside it, so that a listener may call back.
    store: where finished recordings go, unless their rate or length was changed by hand, or another run gives other numbers.
    command: starts a worker.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store | None = None,
        *,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._settings = settings
        self._store = store
        self._command = command
        self._lock = threading.RLock()
        self._wake = threading.Condition(self._lock)
        self._stirred = False
        self._jobs: OrderedDict[str, Job] = OrderedDict()  # in order of submission
        self._ended: OrderedDict[str, Run] = OrderedDict()
        self._pool = Pool(settings.worker_count)
        self._closed = False
        self._supervisor: threading.Thread | None = None
        self._outgoing: deque[Callable[[], None]] = deque()
        self._delivering = threading.Lock()

    # What a page and the live channel call

    def start(self) -> None:
        """Start the workers in the background, the first one alone. A second call does nothing."""
        with self._lock:
            if self._supervisor is None and not self._closed:
                self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
                self._supervisor.start()

    def submit(self, variants: Mapping[str, Experiment], learner: str, page: str, first: Sequence[str] = ()) -> Run:
        """Queue a comparison; a newer run of the same learner and page cancels the older one. Raises RefusedError.

        first: operations without a value that it gets before it makes a step.
        """
        if not variants:
            raise RefusedError("A run needs at least one experiment.")
        check_first(variants, first)
        memory.check(variants.values(), self._settings.run_memory)
        self.start()
        run = Run(dict(variants), learner, page, self)
        new = Job(run, controls=[(operation, None) for operation in first])
        with self._changing():
            older = [job for job in self._of(learner) if job.run.page == page]
            self._refuse(new, older)
            self._jobs[run.id] = new
            for job in older:
                self._stop(job, REPLACED)
            self._dispatch()
            self._stir()
        return run

    def find(self, run_id: str) -> Run | None:
        """A run by id; of the ended ones the last are remembered."""
        with self._lock:
            job = self._jobs.get(run_id)
            return job.run if job else self._ended.get(run_id)

    def control(self, run: Run, operation: str, value: float | None = None) -> None:
        """Carry out a watcher's wish, see `Controls`. A run that has ended stays as it is.

        "step" makes one update and pauses. "speed" is 0, or 0.1 to 10,000 steps a second. "stop_at" None: the last step.
        Raises ValueError for an unknown operation, one that means nothing to such a run, or a value out of range.
        """
        value = checked(operation, value, next(iter(run.variants.values())))
        with self._changing():
            job = self._jobs.get(run.id)
            if job is None or job.stopping:
                return
            if operation == "cancel":
                self._stop(job, STOPPED)
            else:
                self._adjust(job, operation, value)

    def close(self) -> None:
        """End every run and worker, at once. Nothing can be submitted afterwards."""
        with self._changing():
            self._closed = True
            for job in list(self._jobs.values()):
                self._finish(job, "cancelled", CLOSED)
            self._stir()
        if self._supervisor is not None:
            self._supervisor.join(5)
        workers = list(self._pool.workers)
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join(5)

    # The queue

    def _of(self, learner: str) -> list[Job]:
        return [job for job in self._jobs.values() if job.run.learner == learner and not job.stopping]

    def _refuse(self, new: Job, older: Sequence[Job]) -> None:
        if self._closed:
            raise RefusedError(CLOSED)
        if self._pool.unstartable:
            raise RefusedError(NO_WORKERS)
        going = sum(not job.brief and job not in older for job in self._of(new.run.learner))
        if going >= self._settings.runs_per_learner and not new.brief:
            raise RefusedError(f"Your other pages have {_runs(going)} going: stop one, or wait until it has ended.")
        waiting = sum(job.worker is None and job not in older for job in self._jobs.values())
        if waiting >= self._settings.queue:
            raise RefusedError(f"Too many learners train at the moment, with {_runs(waiting)} waiting. Try again in a minute.")

    def _dispatch(self) -> None:
        """Give idle workers what is next, and tell the others their places. Brief runs stand in a queue of their own and may have
        the spare, so that no picture waits for others' training, nor training for pictures."""
        long, brief = ([job for job in self._jobs.values() if job.brief is kind] for kind in (False, True))
        self._fill(long, self._settings.worker_count - sum(job.training for job in long))
        self._fill(brief, len(self._pool.workers))

    def _fill(self, jobs: Sequence[Job], room: int) -> None:
        for worker, job in zip(self._pool.idle[: max(0, room)], next_first(jobs), strict=False):
            self._begin(job, worker)
        for place, job in enumerate(next_first(jobs), 1):
            if job.place != place:
                job.place = place
                self._later(partial(job.run.update, place=place))

    def _begin(self, job: Job, worker: Worker) -> None:
        job.worker, worker.job = worker, job
        job.heard = time.monotonic()
        told = {variant: experiment.to_json() for variant, experiment in job.run.variants.items()}
        worker.send("run", job.run.id, told, *job.controls)
        self._later(partial(job.run.update, state="running", place=0))

    def _adjust(self, job: Job, operation: str, value: float | None) -> None:
        if operation == "lr":
            self._later(partial(job.run.update, lr=value))
        if operation == "stop_at":
            job.stop_at = None if value is None else int(value)
        if not job.answered:
            job.controls.append((operation, value))
        if job.worker is not None:
            if operation in ("resume", "step"):
                job.goes_on()
            job.worker.send("control", job.run.id, operation, value)

    def _stop(self, job: Job, sentence: str) -> None:
        """Cancel: at once where it waits; where it trains, by asking its worker first."""
        if job.worker is None:
            self._finish(job, "cancelled", sentence)
        else:
            job.verdict, job.give_up_at = sentence, time.monotonic() + ANSWER_SECONDS
            job.worker.send("control", job.run.id, "cancel", None)
        self._dispatch()
        self._stir()

    def _begin_again(self, job: Job) -> None:
        """Put a run whose worker was gone or deaf before it said a word back to where it waited; its learner loses nothing."""
        log.warning("The run %s begins again: its worker did not answer.", job.run.id)
        if job.worker is not None:
            job.worker.job = None
        job.worker, job.begun_again, job.place = None, True, 0
        self._later(partial(job.run.update, state="queued"))

    def _finish(self, job: Job, state: State, sentence: str = "") -> None:
        """A job's end, however it came. Its worker, where there is one that lives, is free."""
        del self._jobs[job.run.id]
        if job.worker is not None:
            job.worker.job = None
        self._ended[job.run.id] = job.run
        while len(self._ended) > limits.ENDED_RUNS:
            self._forget()
        self._later(partial(settle, job.run, state, sentence))

    def _forget(self) -> None:
        """Forget the oldest ended run that a newer one of its page has followed, else the oldest: a page that is looked at for
        long keeps its run, while others' sliders end one after the other."""
        shown = {(job.run.learner, job.run.page) for job in self._jobs.values()}
        oldest = next(iter(self._ended))
        for run in reversed(self._ended.values()):
            if (run.learner, run.page) in shown:
                oldest = run.id
            shown.add((run.learner, run.page))
        del self._ended[oldest]

    # What workers say; called from their reader threads

    def _heard(self, worker: Worker, message: News | str) -> None:
        with self._changing():
            if not isinstance(message, News):
                self._pool.warmed(worker)
                self._stir()
            elif worker.job is not None and worker.job.run.id == message.run:
                self._pass_on(worker.job, message)
            elif message.over:
                worker.late_at = None
            self._dispatch()

    def _pass_on(self, job: Job, news: News) -> None:
        run = job.run
        for variant, (layers, about) in news.begun.items():
            self._later(partial(run.began, variant, Recording(run.variants[variant], layers, about)))
        changes = job.note(news)
        if news.altered:
            self._later(partial(run.alter, tuple(job.altered)))
        for variant, snapshots in news.snapshots.items():
            self._later(partial(run.measured, variant, snapshots, news.made))
        for variant, ending in news.endings.items():
            self._later(partial(run.closed, variant, ending))
        self._later(partial(run.update, **changes))
        if news.over:
            self._conclude(job, news)

    def _conclude(self, job: Job, news: News) -> None:
        if news.trace:
            log.error("The run %s failed: %s\n%s", job.run.id, dict(job.run.variants), news.trace)
        if news.over == "finished":
            self._finish(job, *outcome(job.endings))
            if self._store is not None and job.unaltered and all(it.repeats for it in job.run.variants.values()):
                self._later(threading.Thread(target=keep, args=(self._store, job.run), name="keep").start)
        elif job.stopping:
            self._finish(job, "cancelled", job.verdict)
        else:
            self._finish(job, "failed", news.sentence)

    def _exited(self, worker: Worker, code: int) -> None:
        with self._changing():
            self._pool.remove(worker)
            if not worker.ready and not self._closed:
                self._failed_start(exit_words(code))
            job = worker.job
            if job is not None and job.stopping:
                self._finish(job, "cancelled", job.verdict)
            elif job is not None and job.may_begin_again:
                self._begin_again(job)
            elif job is not None:
                log.warning("The worker of run %s stopped unexpectedly (%s).", job.run.id, exit_words(code))
                self._finish(job, "failed", DIED.format(how=exit_words(code)))
            self._dispatch()
            self._stir()

    def _failed_start(self, how: str) -> None:
        self._pool.failed_start(how)
        if self._pool.unstartable:
            for job in next_first(self._jobs.values()):
                self._finish(job, "failed", NO_WORKERS)

    # The supervisor's thread

    def _supervise(self) -> None:
        while not self._closed:
            self._start_missing()
            with self._changing():
                for job in list(self._jobs.values()):
                    self._look_at(job, time.monotonic())
                self._pool.tend()
            with self._lock:
                self._wake.wait_for(lambda: self._stirred, self._next_look())
                self._stirred = False

    def _next_look(self) -> float | None:
        """Seconds until something may have to be done, None for until it is stirred."""
        answers = [job.give_up_at - time.monotonic() for job in self._jobs.values() if job.give_up_at is not None]
        waiting = self._jobs or not self._pool.settled
        return max(0.0, min([LOOK_SECONDS, *answers])) if waiting else None

    def _stir(self) -> None:
        self._stirred = True
        self._wake.notify_all()

    def _start_missing(self) -> None:
        """Start workers where some are missing."""
        while True:
            with self._lock:
                if self._closed or not self._pool.may_start:
                    return
            try:
                worker = Worker(self._settings, self._heard, self._exited, self._command)
            except OSError as problem:
                with self._changing():
                    self._failed_start(str(problem))
                return
            with self._lock:
                self._pool.workers.append(worker)
                worker.listen()

    def _look_at(self, job: Job, now: float) -> None:
        """End a job whose time is up."""
        watched = job.run.watchers > 0
        job.unwatched = None if watched else (job.unwatched or now)
        if job.give_up_at is not None:
            if now >= job.give_up_at:
                self._abandon(job)
        elif job.unwatched is not None and now - job.unwatched > self._settings.grace_seconds:
            self._stop(job, UNWATCHED)
        elif job.paused is not None:
            if now - job.paused > self._settings.pause_seconds:
                self._stop(job, PAUSED_LONG.format(minutes=self._settings.pause_seconds / 60))
        elif job.worker is not None and now - job.heard > self._settings.silence_seconds:
            job.worker.kill()
            self._finish(job, "failed", SILENT.format(seconds=self._settings.silence_seconds))
            self._dispatch()
        elif job.may_begin_again and now - job.heard > DEAF_SECONDS:
            self._leave(job)

    def _abandon(self, job: Job) -> None:
        """End a job whose worker does not answer; the spare takes the worker's place, which may come back in a while."""
        if job.worker is not None:
            self._pool.abandon(job.worker)
        self._finish(job, "cancelled", job.verdict)
        self._dispatch()

    def _leave(self, job: Job) -> None:
        """Give a job another worker; its own drops it, should it hear again."""
        if job.worker is not None:
            job.worker.send("control", job.run.id, "cancel", None)
            self._pool.abandon(job.worker)
        self._begin_again(job)
        self._dispatch()

    # Telling runs

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._lock:
            yield
        self._deliver()

    def _later(self, call: Callable[[], None]) -> None:
        """Call once the lock is free, after all that was left for later before."""
        self._outgoing.append(call)

    def _deliver(self) -> None:
        """Make the calls that were left, in order. Whoever finds another thread at it leaves its own to that one."""
        while self._outgoing and self._delivering.acquire(blocking=False):
            try:
                while self._outgoing:
                    _call(self._outgoing.popleft())
            finally:
                self._delivering.release()


def _call(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:  # a listener's fault must not cost the run, nor others'
        log.exception("A listener of a run failed.")


def _runs(number: int) -> str:
    return f"{number} run" if number == 1 else f"{number} runs"


_shared: LocalRunner | None = None
_shared_lock = threading.Lock()


def shared() -> LocalRunner:
    """The process-wide runner. Its workers start with `start`, or with the first run."""
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = LocalRunner(settings, stores.shared())
            atexit.register(_shared.close)
        return _shared


def start() -> None:
    """Start the process-wide runner's workers in the background."""
    shared().start()


def close() -> None:
    """End the process-wide runner with all its children. A later `shared` makes a new one."""
    global _shared
    with _shared_lock:
        runner, _shared = _shared, None
    if runner is not None:
        atexit.unregister(runner.close)
        runner.close()
