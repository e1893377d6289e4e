"""The section on slices through the loss surface: a second panel of its page, whose settings stand in the link."""

from importlib import import_module

import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.ui.panel import PanelState


def script():
    from cnnviz import lessons, ui

    lesson = lessons.find("vanishing_gradients")
    with ui.controls(lesson, ("depth", *ui.SLICE_SETTINGS)) as knob:
        variants = knob.variants()
    with knob.stage:
        ui.live(lesson, variants, {})
    ui.slices(lesson, knob, variants)


@pytest.fixture
def drawn(monkeypatch):
    """What each panel was given at the last run, by its page's name."""
    found = {}

    def panel(given):
        found[given.offer.page] = {**given.to_json(), "offer": given.offer, "tabs": given.tabs}
        return PanelState(None, None)

    monkeypatch.setattr(import_module("cnnviz.ui.live"), "panel", panel)
    return found


def visit(**params):
    test = AppTest.from_function(script, default_timeout=60)
    for name, value in params.items():
        test.query_params[name] = value
    return test.run()


def offered(given):
    return given["offer"].variants


def test_it_is_a_panel_beside_the_pages_own_with_the_same_nets_and_a_slice(drawn):
    assert not visit(depth="5").exception
    own, cut = drawn["vanishing_gradients"], drawn["vanishing_gradients.surface"]
    assert (own["verb"], cut["verb"], cut["watch"]) == ("Train", "Compute", None)
    for letter, experiment in offered(cut).items():
        assert experiment.net == offered(own)[letter].net
        assert experiment.net.depth == 5
        assert (experiment.surface.surface, offered(own)[letter].surface.surface) == (True, False)
    assert cut["steps"] == own["steps"] + 625


def test_its_settings_change_its_own_panel_alone_and_stand_in_the_link(drawn):
    before = visit()
    own = offered(drawn["vanishing_gradients"])
    after = before.selectbox(key="vanishing_gradients.surface_slice").set_value("line").run()
    assert offered(drawn["vanishing_gradients"]) == own
    assert drawn["vanishing_gradients.surface"]["offer"].variants["A"].surface.surface_slice == "line"
    assert list(drawn["vanishing_gradients.surface"]["tabs"]) == ["Line", "Training"]
    assert after.query_params["surface_slice"] in ("line", ["line"])


def test_a_link_opens_it_as_it_was(drawn):
    assert not visit(surface_reach="0.5", surface_statistics="running").warning
    surface = offered(drawn["vanishing_gradients.surface"])["A"].surface
    assert (surface.surface_reach, surface.surface_statistics) == (0.5, "running")
