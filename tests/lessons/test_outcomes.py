"""When a run decides between options, and when its numbers are too close to call."""

import numpy as np
import pytest

from cnnviz import store
from cnnviz.lessons import Prediction, TooClose, all_lessons
from cnnviz.lessons.outcomes import close, largest, standard_error

LESSONS = all_lessons().values()


@pytest.mark.parametrize(("share", "count"), [(0.5, 100), (0.9, 200), (0.02, 300), (1.0, 50)])
def test_the_standard_error_of_a_share_is_what_drawing_it_anew_gives(share, count):
    drawn = np.random.default_rng(0).binomial(count, share, 20_000) / count
    assert standard_error(share, count) == pytest.approx(drawn.std(), rel=0.03, abs=1e-12)


def test_two_shares_are_close_where_they_differ_by_less_than_their_errors_allow():
    errors = [standard_error(0.9, 200)] * 2
    assert close([0.9, 0.88], errors)
    assert not close([0.9, 0.85], errors)


def test_the_largest_of_several_wins_unless_the_next_is_too_close_which_is_told_with_the_numbers():
    assert largest([0.1, 0.5, 0.2], [0.01] * 3, "abc", "{:.1f}".format) == 1
    assert largest([0.1, 0.5, 0.49], [0.01] * 3, "abc", "{:.1f}".format) == TooClose("B: 0.5, c: 0.5.")


def test_each_option_has_a_sentence_of_its_own():
    with pytest.raises(ValueError, match="1 sentences for 2 options"):
        Prediction("Which?", ("this", "that"), lambda recordings: 0, ("because",))


@pytest.mark.parametrize(
    ("lesson", "preset"),
    [(lesson, name) for lesson in LESSONS for name in lesson.presets if lesson.asks(name)],
    ids=lambda it: getattr(it, "slug", it),
)
def test_what_is_asked_of_a_starting_point_its_recording_answers(lesson, preset):
    recordings = {letter: store.shared().get(experiment.key()) for letter, experiment in lesson.presets[preset].variants.items()}
    assert lesson.prediction.answer(recordings) in range(len(lesson.prediction.options))
