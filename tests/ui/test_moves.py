"""Ordinary use of every lesson: any preset after any other, then a few controls moved. Streamlit forgets a widget that a run did
not draw, here as in a browser, so a setting must outlive its widget."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TESTING_KEY

from cnnviz.lessons import all_lessons
from cnnviz.ui import lesson as words
from cnnviz.ui import link
from cnnviz.ui.link import PageState

LESSONS = all_lessons()
PAGES = {slug: Path(words.page_file(lesson)) for slug, lesson in LESSONS.items()}
KINDS = ("slider", "select_slider", "selectbox", "toggle", "button_group", "radio", "text_input")
Visit = Callable[..., AppTest]


def drawn(test: AppTest, slug: str) -> dict[str, Any]:
    """The page's own widgets by key, of mixed kinds one after another; not the choice of the preset."""
    by_kind = [[widget for widget in test.get(kind) if own(widget, slug)] for kind in KINDS]
    mixed = [widgets[place] for place in range(max(map(len, by_kind))) for widgets in by_kind if place < len(widgets)]
    return {widget.key: widget for widget in mixed}


def own(widget: Any, slug: str) -> bool:
    return str(widget.key).startswith(f"{slug}.") and not widget.disabled and widget.key != f"{slug}.preset"


def move(widget: Any) -> None:
    """Give a widget another value, as a learner does by one move."""
    kinds = {"slider": slid, "toggle": switched, "button_group": pressed, "text_input": typed}
    widget.set_value(kinds.get(widget.type, picked)(widget))


def slid(slider: Any) -> Any:
    up = slider.value + slider.step
    return type(slider.value)(up if up <= slider.max else slider.value - slider.step)


def switched(toggle: Any) -> bool:
    return not toggle.value


def pressed(pills: Any) -> Any:
    if isinstance(pills.value, list):
        return pills.options[:1] if not pills.value else []
    return pills.options[0] if pills.indices != [0] else pills.options[1]


def typed(field: Any) -> str:
    return f"{field.value}, 1.5"


def picked(choice: Any) -> Any:
    """The option after the present one, in words: what a browser sends."""
    words_of = choice.format_func
    place = -1 if choice.value is None else choice.options.index(words_of(choice.value))
    choice.root.session_state[TESTING_KEY][choice.id] = lambda value: value if value in choice.options else words_of(value)
    return choice.options[(place + 1) % len(choice.options)]


def stays_up(test: AppTest, *after: Any) -> None:
    assert not test.exception, (after, test.exception)
    assert not test.error, (after, test.error)
    assert len(test.title) == 1, after


def params(test: AppTest) -> dict[str, str]:
    return {name: text if isinstance(text, str) else text[0] for name, text in test.query_params.items()}


def tour(names: Sequence[str]) -> Iterator[str]:
    """Names in such an order that each follows once on each other one."""
    left = {name: [other for other in names if other != name] for name in names}
    path, way = [next(iter(names))], []
    while path:  # Hierholzer: every name has as many ways in as out
        if left[path[-1]]:
            path.append(left[path[-1]].pop())
        else:
            way.append(path.pop())
    return reversed(way)


def test_a_tour_goes_from_each_to_each_once():
    way = list(tour("abcd"))
    assert sorted(pairwise(way)) == sorted(permutations("abcd", 2))


@pytest.mark.parametrize("slug", LESSONS)
def test_after_any_change_of_preset_any_controls_can_be_moved_and_stay_where_they_were_put(visit: Visit, slug: str) -> None:
    first, *others = tour(list(LESSONS[slug].presets))
    test = visit(PAGES[slug], preset=first)
    turn = 0  # by which every control has its turn
    for preset in others:
        test = test.selectbox(key=f"{slug}.preset").set_value(preset).run()
        stays_up(test, preset)
        assert not test.warning
        assert params(test) == link.write(PageState(preset), LESSONS[slug])
        for _ in range(2):
            here = list(drawn(test, slug).values())
            widget, turn = here[turn % len(here)], turn + 1
            before = {each.key: each.value for each in here}
            move(widget)
            test = test.run()
            stays_up(test, preset, widget.key)
            after = {key: each.value for key, each in drawn(test, slug).items()}
            assert after.pop(widget.key) != before[widget.key]
            assert {key: before.get(key, value) for key, value in after.items()} == after
