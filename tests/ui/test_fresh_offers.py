"""A page's panel shows the networks of changed settings before any update: what its page tells it of them."""

import json

import pytest

from cnnviz.engine.experiment import replace
from cnnviz.lessons import all_lessons
from cnnviz.live import offers
from cnnviz.live.offers import Offers
from cnnviz.settings import ROOT
from cnnviz.ui.guesses import SHOW_ME
from cnnviz.ui.live import beginning
from cnnviz.ui.panel import PanelData

LOOKS = {"steps": 0, "snapshots": 2, "histograms": 1, "evaluations": 1}
SHOWN = ("vanishing_gradients", "activations")
FOLLOWED = f"{'a' * 12}.{'b' * 24}"


@pytest.fixture
def told(monkeypatch):
    """What each panel was told last, by page."""
    found = {}
    before = PanelData.to_json

    def to_json(panel):
        found[panel.offer.page] = panel
        return before(panel)

    monkeypatch.setattr(PanelData, "to_json", to_json)
    return found


@pytest.fixture
def made(monkeypatch):
    own = Offers()
    monkeypatch.setattr(offers, "shared", own)
    return own


def page(slug):
    return ROOT / "pages" / f"{all_lessons()[slug].number}_{slug}.py"


@pytest.mark.parametrize("slug", SHOWN)
def test_every_starting_point_offers_its_networks_before_any_update_beside_what_train_runs(visit, slug, told):
    for name, preset in all_lessons()[slug].presets.items():
        test = visit(page(slug), preset=name)
        assert not test.exception
        panel = told[slug]
        assert dict(panel.offer.variants) == dict(preset.variants)
        assert panel.fresh.offer.page == f"{slug}.fresh"
        assert dict(panel.fresh.offer.variants) == {v: replace(it, **LOOKS) for v, it in preset.variants.items()}
        assert panel.to_json()["fresh"] == {
            "page": f"{slug}.fresh",
            "offer": panel.fresh.offer.token,
            "stored": panel.fresh.stored,
        }


def test_there_are_none_where_a_run_is_more_than_the_training_of_its_networks():
    plain, more = [], []
    for slug, lesson in all_lessons().items():
        for name, preset in lesson.presets.items():
            (plain if beginning(preset.variants) else more).append(f"{slug}/{name}")
    experiments = {
        f"{slug}/{name}": preset.variants["A"] for slug, it in all_lessons().items() for name, preset in it.presets.items()
    }
    for name in plain:
        it = experiments[name]
        assert (it.sweep.runs, it.calculation.calculation, it.surface.evaluations) == (0, "none", 0)
        assert it.pretraining.pretraining_steps == 0
    assert {"overfitting/degrees", "batch_normalisation/ages", "norm_family/batch_size"} <= {*more}
    assert {f"{slug}/{name}" for slug in SHOWN for name in all_lessons()[slug].presets} <= {*plain}


def test_who_follows_somebody_elses_run_and_who_opens_another_page_is_offered_none(visit, told):
    visit(page("vanishing_gradients"), v="1", follow=FOLLOWED)
    visit(page("dropout"))
    assert [told[slug].fresh for slug in ("vanishing_gradients", "dropout")] == [None, None]
    assert [told[slug].watch is None for slug in ("vanishing_gradients", "dropout")] == [False, True]
    assert told["dropout"].sliders is None


@pytest.mark.parametrize(
    ("slug", "moves"),
    [
        ("vanishing_gradients", {"depth.AB": 12, "width.AB": 50, "lr.AB": 0.5, "seed.AB": 3}),
        ("activations", {"depth.AB": 7, "bias_init.AB": 0.4, "lr.AB": 0.5}),
    ],
)
def test_the_page_says_for_a_slider_on_its_way_what_its_script_then_says_too(visit, made, slug, moves):
    """The offer, the fresh networks and the charts are the same before the script and after it."""
    test, heard = visit(page(slug), v="1", seed="4"), []
    test = test.button_group(key=f"{slug}.guess").set_value(SHOW_ME).run()
    made.attend(offered(made, slug).token, lambda told: heard.append((told.run, json.loads(told.message())["data"])))
    for name, value in moves.items():
        setting = name.partition(".")[0]
        made.look(offered(made, slug).token, name, value)
        moved = next(s for s in [*test.slider, *test.select_slider] if s.key == f"{slug}.{setting}")
        test = moved.set_value(value).run()
        run, before = heard.pop()
        after = json.loads(offered(made, slug).outlook(offered(made, slug).variants).message())["data"]
        del before["sliders"], after["sliders"]
        assert before == after
        assert before["fresh"]["offer"] == offered(made, f"{slug}.fresh").token
        assert (run, heard) == (False, [])  # the panel starts what it wants to show: the server knows of no run that goes on


def test_until_the_question_is_answered_the_panel_is_told_to_hold_everything(visit, told):
    test = visit(page("vanishing_gradients"), v="1", depth="12")
    assert told["vanishing_gradients"].held == "all"
    test.button_group(key="vanishing_gradients.guess").set_value(SHOW_ME).run()
    assert told["vanishing_gradients"].held == ""


def test_its_sliders_leave_it_to_the_panel_to_run_the_script(visit):
    test = visit(page("vanishing_gradients"))
    left = {slider.key: slider.proto.ignore_rerun for slider in [*test.slider, *test.select_slider]}
    assert [key for key, ignored in left.items() if not ignored] == ["vanishing_gradients.steps"]


def offered(made, name):
    """What one of the page's panels offers."""
    (found,) = (offer for offer in made._by_place.values() if offer.page == name)
    return found
