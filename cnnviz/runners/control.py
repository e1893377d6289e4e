"""What a run's watchers want of it, as its training loop asks for it: pause, one more step, another rate, an end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Cancelled(Exception):  # noqa: N818  # it is a wish fulfilled, not an error
    """Raised by `Control.poll` inside a training loop whose run was cancelled."""


class Control:
    """Told by one thread with `apply`, asked by the training thread with `poll`.

    lr: replaces the experiment's base rate; stop_at: the step to end at; looking: whether the round after this `poll` is made for
    somebody who looks at it by itself: the one before a pause, and each single step. step: updates made before the last `poll`;
    while the run is paused, the step whose snapshot was made last, so that charts and words say the same.
    tell: called with "paused" and "running", from the training thread, when that changes or a single step was made; altered:
    likewise, with the first step of another rate.
    """

    def __init__(self, tell: Callable[[str], None], altered: Callable[[int, float], None] = lambda step, lr: None) -> None:
        self.lr: float | None = None
        self.stop_at: int | None = None
        self.looking = False
        self.step = 0
        self._tell = tell
        self._altered = altered
        self._rounds = 0
        self._newest = (0, 0)  # the snapshot that was made last: the rounds until then, and its step
        self._changed = threading.Condition()
        self._attention = False
        self._cancelled = False
        self._paused = False
        self._told_paused = False
        self._looks = 0  # rounds to be made before the run stands still
        self._next_lr: float | None = None
        self._seconds_a_step = 0.0
        self._due = 0.0

    def apply(self, operation: str, value: float | None = None) -> None:
        """Carry out an operation of `runners.base.Controls.control`. Returns at once."""
        with self._changed:
            getattr(self, f"_apply_{operation}")(value)
            self._attention = True
            self._changed.notify_all()

    def _apply_pause(self, value: float | None) -> None:
        if not self._paused:
            self._paused, self._looks = True, 1

    def _apply_resume(self, value: float | None) -> None:
        self._paused, self._looks = False, 0

    def _apply_step(self, value: float | None) -> None:
        if self._paused:
            self._looks += 1
        else:
            self._paused, self._looks = True, 1 if self._rounds else 2  # the fresh net is measured before the first update

    def _apply_cancel(self, value: float | None) -> None:
        self._cancelled = True

    def _apply_lr(self, value: float | None) -> None:
        self._next_lr = value

    def _apply_stop_at(self, value: float | None) -> None:
        self.stop_at = None if value is None else int(value)

    def _apply_speed(self, value: float | None) -> None:
        self._seconds_a_step = 1 / value if value else 0.0
        self._due = time.monotonic()

    def poll(self) -> None:
        """Called by the training loop once a round, before the step. Waits while paused or too early; raises Cancelled."""
        self.step = self._rounds
        self._rounds += 1
        if self._attention:
            self._attend()

    def measured(self, step: int) -> None:
        """Called by the training thread after each snapshot. What is not counted by rounds goes on from the snapshot's step."""
        if step != self._rounds - 1:
            self._rounds = step
        self._newest = (self._rounds, step)

    def _attend(self) -> None:
        with self._changed:
            told = False
            while not self._cancelled and (seconds := self._seconds_to_wait()) != 0:
                if seconds is None and not told:
                    told = self._told_paused = True
                    self._stand_at_the_newest()
                    self._tell("paused")
                self._changed.wait(seconds)
            if self._cancelled:
                raise Cancelled
            if self._told_paused and not self._paused:
                self._told_paused = False
                self._tell("running")
            self.looking = self._paused
            self._looks = max(0, self._looks - 1)
            self._take_rate()
            now = time.monotonic()
            self._due = (self._due if now < self._due + self._seconds_a_step else now) + self._seconds_a_step
            self._attention = self._paused or self._seconds_a_step > 0

    def _stand_at_the_newest(self) -> None:
        rounds, step = self._newest
        if rounds == self._rounds - 1:
            self.step = step

    def _take_rate(self) -> None:
        """Another rate holds from the round that follows, never within one."""
        if self._next_lr is not None and self._next_lr != self.lr:
            self.lr = self._next_lr
            self._altered(self._rounds - 1, self.lr)

    def _seconds_to_wait(self) -> float | None:
        """None: until something changes."""
        if self._paused:
            return 0.0 if self._looks else None
        if not self._seconds_a_step:
            return 0.0
        return max(0.0, self._due - time.monotonic())
