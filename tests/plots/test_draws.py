"""The draws of a region stand beside what was to be expected, in numbers that agree with one another."""

import numpy as np
import pytest

from cnnviz.engine.pool_by_hand import LECTURE, draws
from cnnviz.plots.draws import drawn_against_expected, told


def test_the_lectures_region_is_drawn_at_its_two_places_around_40_and_60_of_100():
    bars, marks = drawn_against_expected(LECTURE, 100, 0).data
    assert list(bars.x) == list(marks.x) == ["1.6 at 1, 1", "2.4 at 3, 3"]
    assert list(bars.y) == draws(LECTURE, 100, 0)[[0, 8]].tolist()
    assert list(marks.y) == pytest.approx([40, 60])
    assert list(marks.error_y.array) == pytest.approx([2 * 24**0.5] * 2)


def test_more_draws_come_nearer_to_the_probabilities():
    def off(count):
        bars, marks = drawn_against_expected(LECTURE, count, 1).data
        return np.abs(np.array(bars.y) - np.array(marks.y)).max() / count

    assert off(100_000) < 0.01 < off(10)


def test_the_sentence_has_the_share_beside_the_chance():
    assert told(LECTURE, 0, 0) == "Nothing drawn yet: 2.4 has the chance 60 %."
    count = int(draws(LECTURE, 200, 0)[8])
    assert told(LECTURE, 200, 0) == f"200 drawn: 2.4 has the chance 60 % and came {count / 2:g} % of the time."


def test_zeros_are_told_and_drawn_as_nothing():
    assert told(np.zeros((2, 2)), 5, 0) == "All zeros: nothing can be drawn, and the pool gives 0."
    assert list(drawn_against_expected(np.zeros((2, 2)), 5, 0).data[0].y) == [0]
