"""Tasks of all lessons: what their texts name can be set at a press."""

import re

import pytest

from cnnviz.engine.experiment import rule
from cnnviz.lessons import all_lessons, whose

TASKS = [(slug, number) for slug, lesson in all_lessons().items() for number in range(len(lesson.try_this))]
TRIED = re.compile(r"\*([^*]+)\* (?:to )?(\d[\d.,]*(?:(?: and| then)?(?: to)? \d[\d.,]*)*)")  # "*Depth* to 3, 5 and then to 8"


@pytest.mark.parametrize(("slug", "number"), TASKS)
def test_the_starting_point_and_each_value_that_a_task_names_are_among_what_its_buttons_set(slug, number):
    lesson = all_lessons()[slug]
    task = lesson.try_this[number]
    named = re.findall(r"^From \*([^*]+)\*", task.text)
    first = next(iter(lesson.presets))
    start = next(name for name, preset in lesson.presets.items() if not named or named[0] in preset.title)
    assert start in {setup.preset or first for setup in task.setups}
    assert len({setup.label for setup in task.setups}) == len(task.setups)
    for label, numbers in TRIED.findall(task.text):
        wanted = {float(text.replace(",", "")) for text in re.findall(r"\d[\d,]*(?:\.\d+)?", numbers)}
        offered = {
            float(value)
            for setup in task.setups
            for knob, value in setup.settings.items()
            if knob == label or _is_called(label, whose.setting(knob))
        }
        at_start = {float(whose.start(lesson.presets[start], name)) for name in _numbers_called(label)}
        assert wanted <= offered | at_start, label


def _is_called(label, setting):
    return re.fullmatch(rf"{re.escape(label)}([, ].+)?", rule(setting).label) is not None


def _numbers_called(label):
    """The settings of one number with this label."""
    return [name for name in whose.first(all_lessons()["vanishing_gradients"], "sigmoid").settings() if _is_called(label, name)]
