"""A curve that the learner draws: from a link to the drawing, and from the drawing to the networks and the link."""

from importlib import import_module
from pathlib import Path

import pytest
import streamlit as st

from cnnviz.lessons import all_lessons
from cnnviz.ui.lesson import page_file
from cnnviz.ui.panel import PanelState

PAGE = Path(page_file(all_lessons()["activations"]))
OWN = "activations.heights.drawn"
FLAT = [0.0] * 9
HILL = [0.0, 0.25, 0.5, 0.75, 1.0, 0.75, 0.5, 0.25, 0.0]
HILL_LINK = "0,0.25,0.5,0.75,1,0.75,0.5,0.25,0"
NAMES = ["−1", "−0.75", "−0.5", "−0.25", "0", "0.25", "0.5", "0.75", "1"]


class Browser:
    """What the page gave its drawing and its panel at the last run; it says what a hand has drawn."""

    def __init__(self, visit):
        self.told = {}
        self.visit = visit

    def opens(self, **params):
        self.test = self.visit(PAGE, v="1", preset="fit", **params)
        assert not self.test.exception
        return self

    def curve(self, key, data, on_drawn_change):
        assert key == OWN
        self.told = data
        st.button("the hand", key="hand", on_click=on_drawn_change)

    def panel(self, given):
        self.offer, self.tabs = given.offer.variants, given.tabs
        return PanelState(None, None)

    def draws(self, drawn):
        self.test.session_state[OWN] = {"drawn": drawn}
        self.test.button(key="hand").click().run()
        assert not self.test.exception

    @property
    def link(self):
        found = self.test.query_params.get("heights")
        return found[0] if isinstance(found, list) else found

    def fits(self):
        """The heights that the networks are to fit, and those of the chart's next target."""
        (fitted,) = {experiment.data.heights for experiment in self.offer.values()}
        target = self.tabs["Fit"][0].given[1]
        return list(fitted), list(target.values[::20])


@pytest.fixture
def browser(visit, monkeypatch):
    found = Browser(visit)
    monkeypatch.setattr(import_module("cnnviz.ui.drawn_curve"), "_curve", found.curve)
    monkeypatch.setattr(import_module("cnnviz.ui.live"), "panel", found.panel)
    return found


def test_a_link_opens_the_drawing_with_its_heights(browser):
    told = browser.opens(curve="drawn", heights=HILL_LINK).told
    assert (told["heights"], told["places"], told["low"], told["high"]) == (HILL, NAMES, -1.0, 1.0)
    assert browser.fits() == (HILL, HILL)
    assert not [slider.label for slider in browser.test.slider if slider.label.startswith("Height")]


def test_what_is_drawn_is_what_the_networks_fit_and_what_the_link_says(browser):
    browser.opens(curve="drawn").draws({"at": 1, "heights": HILL})
    assert (browser.told["heights"], browser.link) == (HILL, HILL_LINK)
    assert browser.fits() == (HILL, HILL)


def test_a_drawing_outlives_another_curve_and_ends_with_reset(browser):
    browser.opens(curve="drawn").draws({"at": 1, "heights": HILL})
    browser.test.selectbox(key="activations.curve").set_value("sine").run()
    assert browser.tabs["Fit"][0].given[1].setting == ""
    browser.test.selectbox(key="activations.curve").set_value("drawn").run()
    assert (browser.told["heights"], browser.fits()) == (HILL, (HILL, HILL))
    next(button for button in browser.test.button if button.label == "Reset").click().run()
    assert (browser.link, browser.test.session_state["activations.kept"].settings["heights"]) == (None, tuple(FLAT))
    browser.test.selectbox(key="activations.curve").set_value("drawn").run()
    assert browser.told["heights"] == FLAT


@pytest.mark.parametrize(
    "drawn", [None, 7, "hill", [HILL], {}, {"heights": HILL[1:]}, {"heights": ["1"] * 9}, {"heights": [2.0] * 9}]
)
def test_what_is_no_drawing_leaves_the_heights_as_they_were(browser, drawn):
    browser.opens(curve="drawn", heights=HILL_LINK).draws(drawn)
    assert (browser.told["heights"], browser.link) == (HILL, HILL_LINK)
