"""What is to be tried next: a press sets it up, and what came out of its run stands beside it."""

from pathlib import Path

import pytest

from cnnviz.lessons import all_lessons
from cnnviz.ui import lesson as words
from cnnviz.ui import link

SLUGS = list(all_lessons())
NOTHING_YET = "is set up. What comes out of its run appears here."


def page_of(slug):
    return Path(words.page_file(all_lessons()[slug]))


def said(test, number):
    """The text of the expander "What came out" of a task."""
    outcomes = [part for part in test.expander if part.label == "What came out"][number]
    return "\n".join(each.value for each in (*outcomes.caption, *outcomes.markdown))


@pytest.mark.parametrize("slug", SLUGS)
def test_each_button_of_a_task_sets_the_page_to_what_the_task_asks_for(visit, slug):
    lesson = all_lessons()[slug]
    test = visit(page_of(slug))
    for number, task in enumerate(lesson.try_this, start=1):
        for place, setup in enumerate(task.setups):
            button = f"{slug}.task.{number}.{place}"
            test.button(key=button).click().run()
            state = test.session_state[f"{slug}.kept"]
            chosen = lesson.presets[state.preset]
            assert not test.exception
            assert not test.warning
            assert state.preset == setup.preset or link.first(lesson)
            assert {*setup.settings} <= {*state.settings}
            wanted = {knob: link.preset_value(chosen, knob) for knob in state.settings} | dict(setup.settings)
            assert dict(state.settings) == wanted
            assert test.button(key=button).icon == ":material/check:"
            assert NOTHING_YET in said(test, number - 1) or f"**{setup.label}**: not run yet" not in said(test, number - 1)


def test_what_came_out_is_measured_on_the_run_that_is_shown_and_stays_when_the_next_one_is_set_up(visit):
    slug = "vanishing_gradients"
    test = visit(page_of(slug))
    assert "**Depth 8**: not run yet" in said(test, 0)
    test.button_group(key=f"{slug}.guess").set_value(all_lessons()[slug].prediction.options[0]).run()
    measured = "**Depth 8**: Of the last layer's gradient, layer 1 gets at step 0: A 8.8 × 10⁻⁴ %; B 242 %."
    assert measured in said(test, 0)
    assert "**Depth 3**: not run yet" in said(test, 0)
    test.button(key=f"{slug}.task.1.0").click().run()
    assert measured in said(test, 0)
    assert f"*Depth 3* {NOTHING_YET}" in said(test, 0)
    assert test.slider(key=f"{slug}.depth").value == 3
    assert test.query_params["depth"] == "3"
