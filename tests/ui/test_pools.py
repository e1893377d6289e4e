"""The parts of lesson 450 that train nothing: they answer their controls, and their maps hold the numbers."""

import re
from pathlib import Path

import numpy as np
import pytest

from cnnviz.engine import pool_by_hand as hand
from cnnviz.lessons import find
from cnnviz.ui import lesson as words
from cnnviz.ui import number_map, pools
from cnnviz.ui.number_map import NumberMap

PAGE = Path(words.page_file(find("pooling")))


def told(test):
    return " ".join(element.value for element in test.markdown)


@pytest.fixture
def page(visit):
    return visit(PAGE)


def test_draws_add_up_and_start_again(page):
    assert "20 drawn" in told(page)
    page.button(key="pooling.draws.1").click().run()
    assert "21 drawn" in told(page)
    page.button(key="pooling.draws.1000").click().run()
    assert "1,021 drawn" in told(page)
    page.selectbox(key="pooling.draws.region").set_value("all zeros").run()
    assert "All zeros: nothing can be drawn" in told(page)


def test_p_goes_from_the_average_to_the_maximum(page):
    at = [float(re.search(r"At p = 2 the Lp pool lies ([\d.]+) % below", told(page))[1])]
    for p in (10.0, 100.0):
        page.select_slider(key="pooling.pooled.p").set_value(p).run()
        at.append(float(re.search(r"the Lp pool lies ([\d.]+) % below", told(page))[1]))
    assert at[0] > at[1] > at[2]
    assert at[2] < 2


def test_what_is_lost_grows_with_every_pooling(page):
    lost = []
    for times in (1, 2, 3):
        page.select_slider(key="pooling.rebuilt.times").set_value(times).run()
        switches, corner = re.search(r"Lost of the map: ([\d.]+) % with switches, ([\d.]+) % in the corner", told(page)).groups()
        lost.append(float(switches))
        assert float(switches) < float(corner)
    assert lost == sorted(lost)


def test_a_picture_is_framed_to_a_side_that_halves_and_halves():
    found = pools.pictures()
    assert len(found) == 10
    for picture in found.values():
        assert hand.cropped(picture, 3).shape == picture.shape == (32, 32)
        assert 0 <= picture.min() < picture.max() <= 1


def test_a_map_is_drawn_with_its_numbers_or_as_an_image_and_its_title_is_text():
    values = np.array([[0.0, 0.25], [1.0, 2.0]])
    squares = number_map._drawn(NumberMap("<b>a & b", values, lit=3), 2.0)
    assert re.findall(r">([\d.]+)</span>", squares) == ["0", "0.25", "1", "2"]
    assert squares.count("class=lit") == 1
    assert "&lt;b&gt;a &amp; b" in squares
    image = number_map._drawn(NumberMap("map", values, cell=5, numbers=False), 2.0)
    assert 'width=10 height=10 src="data:image/png;base64,' in image
    assert "<span" not in image


def test_numbers_can_be_read_on_every_shade():
    for (red, green, blue), ink in number_map._colours():
        level = 0.299 * red + 0.587 * green + 0.114 * blue
        assert abs(level - (255 if ink == "#FFFFFF" else 0)) > 100
