"""Jobs: runs that have not ended, as the local runner sees them; who is next; what may be asked of one."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from time import monotonic
from typing import Any

from cnnviz.engine.control import OPERATIONS, refusal
from cnnviz.engine.experiment import Experiment, rule
from cnnviz.engine.fields import Rule
from cnnviz.engine.records import Ending
from cnnviz.limits import FASTEST, SLOWEST
from cnnviz.runners.base import RefusedError, Run
from cnnviz.runners.news import News
from cnnviz.runners.process import Worker

SPEED = Rule("real", "Speed", "steps a second", low=SLOWEST, high=FASTEST, off=0.0)
RATE_SECONDS = 3.0  # steps a second are measured over this time
MARK_SECONDS = 0.1
ALTERATIONS = 50  # of a run's rate that are remembered: the first ones, and the last; a dragged slider makes eight a second


@dataclass(eq=False)
class Job:
    """A run that has not ended.

    controls: what was asked for before a worker answered. place: what its run was last told. heard: when its worker last said
    something. answered: whether one said anything at all; begun_again: whether it went to a second one because the first did not.
    unwatched, paused: since when, None if not. give_up_at: once the run was cancelled, when it ends without its worker's answer;
    verdict: the sentence that it ends with. altered: as `Status.altered`.
    Times are of `time.monotonic`.
    """

    run: Run
    worker: Worker | None = None
    controls: list[tuple[str, float | None]] = field(default_factory=list)
    place: int = 0
    heard: float = 0.0
    answered: bool = False
    begun_again: bool = False
    unwatched: float | None = field(default_factory=monotonic)
    paused: float | None = None
    give_up_at: float | None = None
    verdict: str = ""
    altered: list[tuple[int, float]] = field(default_factory=list)
    stop_at: int | None = None
    endings: dict[str, Ending] = field(default_factory=dict)
    _marks: deque[tuple[float, int]] = field(default_factory=deque)

    @cached_property
    def brief(self) -> bool:
        """Whether it only looks at fresh networks, which is over at once: a slider in somebody's hand waits for it."""
        return all(experiment.total_steps == 0 for experiment in self.run.variants.values())

    @property
    def stopping(self) -> bool:
        return self.give_up_at is not None

    @property
    def training(self) -> bool:
        return self.worker is not None and not self.stopping

    @property
    def unaltered(self) -> bool:
        """Whether the run trained what its experiments say, for as long as they say."""
        return not self.altered and self.stop_at is None

    @property
    def may_begin_again(self) -> bool:
        """Whether another worker may have it, should its own be gone or deaf: nothing of it is known yet. Once at most."""
        return self.worker is not None and not self.answered and not self.begun_again and not self.stopping

    def goes_on(self) -> None:
        """A paused run was asked for more: its worker has something to say again."""
        if self.paused is not None:
            self.paused, self.heard = None, monotonic()

    def note(self, news: News) -> dict[str, Any]:
        """Take in what a worker said; returns what changed of the run's status."""
        self.heard, self.answered = monotonic(), True
        self.endings |= news.endings
        for step, lr in news.altered:
            self._alter(step, lr)
        if news.state:
            self.paused = self.heard if news.state == "paused" else None
            self._marks.clear()
        first = next(iter(self.run.variants.values()))
        over = max((ending.step for ending in self.endings.values()), default=0) if news.over == "finished" else 0
        step = min(over or news.step, first.total_steps)
        rate = None if self.paused is not None else self._steps_per_second(step)
        left = max(0, min(self.stop_at or first.total_steps, first.total_steps) - step)
        changes = {"step": step, "examples": min(step, first.updates) * first.batch_size, "steps_per_second": rate}
        state = {"state": news.state} if news.state else {}
        devices = [str(about.get("device", "")) for _, about in news.begun.values()]
        device = {"device": devices[0]} if devices else {}
        return {**changes, "seconds_left": left / rate if rate else None, **state, **device}

    def _alter(self, step: int, lr: float) -> None:
        """Remember a rate that was set by hand, where it is another one than before."""
        own = {experiment.optimiser.lr for experiment in self.run.variants.values()}
        if {lr} == (own if not self.altered else {self.altered[-1][1]}):
            return
        if self.altered and (self.altered[-1][0] == step or len(self.altered) == ALTERATIONS):
            del self.altered[-1]
        self.altered.append((step, lr))

    def _steps_per_second(self, step: int) -> float | None:
        """The rate over the last seconds, None until it can be told."""
        while len(self._marks) > 1 and self._marks[1][0] < self.heard - RATE_SECONDS:
            self._marks.popleft()
        if not self._marks or self.heard - self._marks[-1][0] >= MARK_SECONDS:
            self._marks.append((self.heard, step))
        first, first_step = self._marks[0]
        return (step - first_step) / (self.heard - first) if self.heard - first >= 2 * MARK_SECONDS else None


def next_first(jobs: Iterable[Job]) -> list[Job]:
    """The jobs that wait, in the order in which they get a worker: round robin by learner.

    A learner's turn comes after those of learners with fewer runs in training or ahead in the queue; among equals, the
    earlier submission is first. `jobs` stand in order of submission.
    """
    jobs = list(jobs)
    turns = Counter(job.run.learner for job in jobs if job.training)
    ranked = []
    for number, job in enumerate(jobs):
        if job.worker is None:
            ranked.append((turns[job.run.learner], number))
            turns[job.run.learner] += 1
    return [jobs[number] for _, number in sorted(ranked)]


def checked(operation: str, value: float | None, experiment: Experiment) -> float | None:
    """The value that an operation on a run of this experiment goes with. Raises ValueError: name, value and rule, or why the
    operation means nothing to such a run."""
    if operation not in OPERATIONS:
        raise ValueError(f"operation (={operation[:40]!r}) must be one of {', '.join(OPERATIONS)}.")
    refused = refusal(experiment, operation)
    if refused:
        raise ValueError(refused)
    if operation == "lr":
        return float(rule("lr").check("lr", value))
    if operation == "speed":
        return float(SPEED.check("speed", value))
    if operation == "stop_at" and value is not None:
        return int(Rule("whole", "Stop at", "steps", low=1, high=experiment.total_steps).check("stop_at", value))
    return None


def check_first(variants: Mapping[str, Experiment], operations: Sequence[str]) -> None:
    """Raise RefusedError where a run is to begin with an operation that means nothing to it."""
    try:
        for operation in operations:
            checked(operation, None, next(iter(variants.values())))
    except ValueError as problem:
        raise RefusedError(str(problem)) from None
