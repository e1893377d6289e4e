"""Lesson 420's masks on weights: drawn at the page's q, drawn again, and with outputs dropped, too."""

from pathlib import Path

import pytest

from cnnviz.lessons import find
from cnnviz.plots.weight_masks import draw, shares_told, told
from cnnviz.ui import lesson as words

PAGE = Path(words.page_file(find("dropout")))


def counted(test):
    """The section's sentence."""
    (found,) = [element.value for element in test.markdown if element.value.startswith("**q = ")]
    return found


@pytest.fixture
def page(visit):
    return visit(PAGE)


def test_the_section_counts_one_draw_and_draws_again(page):
    assert counted(page) == f"**{told(draw(0.5, 0), 0.5)}**"
    page.button(key="dropout.weight_masks.again").click().run()
    assert counted(page) == f"**{told(draw(0.5, 1), 0.5)}**"


def test_outputs_may_be_dropped_too(page):
    page.toggle(key="dropout.weight_masks.outputs").set_value(True).run()
    assert counted(page) == f"**{told(draw(0.5, 0, True), 0.5, True)}**"
    assert shares_told(0.5, True) in [element.value for element in page.caption]


def test_q_is_what_keep_is_set_to(visit):
    page = visit(PAGE, keep="0.8")
    assert counted(page) == f"**{told(draw(0.8, 0), 0.8)}**"
    assert not page.exception


def test_it_is_there_with_a_sweep_which_has_no_control_for_q(visit):
    assert counted(visit(PAGE, preset="sweep")) == f"**{told(draw(0.5, 0), 0.5)}**"
