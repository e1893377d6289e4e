"""How every lesson ends: what to change next, the experiment on screen as code, where to read more."""

from __future__ import annotations

from collections.abc import Mapping

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Recording
from cnnviz.lessons import Lesson
from cnnviz.ui.code import code
from cnnviz.ui.controls import Knobs
from cnnviz.ui.lesson import Guess, read_more
from cnnviz.ui.tasks import tasks


def closing(
    lesson: Lesson, knob: Knobs, variants: Mapping[str, Experiment], recordings: Mapping[str, Recording], guess: Guess
) -> None:
    """Fill the tabs below the stage. recordings: those that the page's findings are measured on."""
    with knob.below.try_this:
        tasks(lesson, knob, variants, {} if guess.is_open else recordings)
    with knob.below.code:
        code(lesson.slug, variants)
    with knob.below.read_more:
        read_more(lesson)
