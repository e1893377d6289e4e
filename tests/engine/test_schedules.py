"""Schedules: the multiplier of the rate at chosen steps, and what holds for each of them."""

import pytest

from cnnviz.engine import words
from cnnviz.engine.experiment import Schedule
from cnnviz.engine.schedules import SCHEDULES, factor

STEPS = 100


def factors(name, **settings):
    given = Schedule(schedule=name, **settings)
    return [factor(step, STEPS, given) for step in range(STEPS + 1)]


def test_the_names_are_those_an_experiment_may_use():
    assert tuple(SCHEDULES) == words.SCHEDULES


def test_constant_stays_at_1():
    assert factors("constant") == [1.0] * (STEPS + 1)


def test_step_multiplies_each_time_that_the_interval_has_gone():
    assert factors("step", decay_every=40, decay_factor=0.5) == [1.0] * 40 + [0.5] * 40 + [0.25] * 21


def test_cosine_falls_from_1_through_a_half_to_0():
    found = factors("cosine")
    assert (found[0], found[50], found[100]) == pytest.approx((1.0, 0.5, 0.0))
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("name", SCHEDULES)
def test_warm_up_rises_linearly_and_then_leaves_the_schedule_alone(name):
    plain, warmed = factors(name), factors(name, warmup_steps=10)
    assert warmed[:10] == pytest.approx([(step + 1) / 10 * plain[step] for step in range(10)])
    assert warmed[10:] == plain[10:]
