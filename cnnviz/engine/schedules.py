"""Schedules: what multiplies the base learning rate, a pure function of the step, by name."""

from __future__ import annotations

import math
from collections.abc import Callable

from cnnviz.engine.experiment import Schedule


def constant(step: int, steps: int, given: Schedule) -> float:
    """1."""
    return 1.0


def step(step: int, steps: int, given: Schedule) -> float:
    """decay_factor ^ ⌊step / decay_every⌋."""
    return given.decay_factor ** (step // given.decay_every)


def cosine(step: int, steps: int, given: Schedule) -> float:
    """(1 + cos(π · step / steps)) / 2: from 1 to 0 over the run. Loshchilov & Hutter 2017, without restarts."""
    return (1 + math.cos(math.pi * step / max(steps, 1))) / 2


SCHEDULES: dict[str, Callable[[int, int, Schedule], float]] = {"constant": constant, "step": step, "cosine": cosine}


def warmup(step: int, given: Schedule) -> float:
    """(step + 1) / warmup_steps, at most 1; 1 where there is no warm-up."""
    return min(1.0, (step + 1) / max(given.warmup_steps, 1))


def factor(step: int, steps: int, given: Schedule) -> float:
    """The base rate's multiplier at a step of a run of `steps`: the schedule times the warm-up."""
    return SCHEDULES[given.schedule](step, steps, given) * warmup(step, given)
