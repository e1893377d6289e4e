"""Every page, as Streamlit runs it, without a browser: it draws, answers, and survives any link."""

import json
import re
from pathlib import Path

import pytest

from cnnviz.engine.experiment import rule
from cnnviz.lessons import all_lessons, whose
from cnnviz.live import offers
from cnnviz.live.offers import Offers
from cnnviz.settings import ROOT
from cnnviz.ui import lesson as words
from cnnviz.ui import link
from cnnviz.ui.guesses import SHOW_ME
from cnnviz.ui.panel import PanelData

PAGES = sorted((ROOT / "pages").glob("*.py"))
SLUGS = list(all_lessons())
TO_JSON = PanelData.to_json


def page_of(slug):
    return Path(words.page_file(all_lessons()[slug]))


def texts(test):
    return " ".join(
        element.value for kind in (test.markdown, test.caption, test.info, test.warning, test.title) for element in kind
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_draws_without_an_exception(visit, page):
    test = visit(page)
    assert not test.exception
    assert not test.error
    assert len(test.title) == 1


@pytest.mark.parametrize("slug", SLUGS)
def test_a_lesson_asks_its_question_and_names_its_papers(visit, slug):
    shown = texts(visit(page_of(slug)))
    lesson = all_lessons()[slug]
    assert lesson.question in shown
    assert all(paper.title in shown for paper in lesson.references)


GIVES_AWAY = {
    "initialisation": ("measured: **",),
    "pretraining": ("The start was chosen because the effect is large",),
    "norm_family": ("batch norm fails like this",),
    "covariate_shift": ("at 0.3 it diverged on three of them",),
    "overfitting": ("0.948", "0.915"),
    "dropout": ("With 300 images",),
    "augmentation": ("The start was chosen because the effect is large",),
}


@pytest.mark.parametrize("slug", SLUGS)
def test_findings_wait_for_a_guess_and_then_give_the_numbers_of_the_stored_recording(visit, slug):
    lesson = all_lessons()[slug]
    before = visit(page_of(slug))
    assert "once you have answered the question at the top" in texts(before)
    assert not {phrase for phrase in GIVES_AWAY.get(slug, ()) if phrase in texts(before)}
    after = before.button_group(key=f"{slug}.guess").set_value(lesson.prediction.options[0]).run()
    shown = texts(after)
    start = next(iter(lesson.presets))
    assert f"You said **{lesson.prediction.options[0]}**" in shown
    assert all(claim.text in shown for claim in lesson.claims if claim.preset == start)
    assert all(phrase in texts(after) for phrase in GIVES_AWAY.get(slug, ()))


@pytest.mark.parametrize("slug", SLUGS)
def test_each_preset_sets_every_control_and_the_link_opens_its_tab(visit, slug, monkeypatch):
    lesson = all_lessons()[slug]
    panels = {}
    monkeypatch.setattr(PanelData, "to_json", lambda self: panels.update({self.offer.page: self}) or TO_JSON(self))
    for name in lesson.presets:
        panels.clear()
        test = visit(page_of(slug), preset=name)
        assert not test.exception
        assert not test.warning
        assert test.selectbox(key=f"{slug}.preset").value == name
        own = next(panel for panel in panels.values() if not panel.instant or len(panels) == 1)
        preset = lesson.presets[name]
        spoken_of = {tab for tab in own.tabs if re.search(rf"\b(see|open|under) {re.escape(tab)}\b", preset.why, re.I)}
        assert own.opens == (name, preset.tab)
        assert preset.tab in (spoken_of or {""})
        labels = labels_on(test, slug)
        assert labels == labels_for(slug, name, {whose.setting(knob) for knob in labels})


def labels_on(test, slug):
    """The labels of the controls of settings, by knob."""
    kinds = (test.slider, test.select_slider, test.selectbox, test.toggle)
    named = {str(widget.key).removeprefix(f"{slug}."): widget.label for kind in kinds for widget in kind}
    return {knob: label for knob, label in named.items() if knob in test.session_state[f"{slug}.kept"].settings}


def labels_for(slug, preset, names):
    """What they must say for these settings: a knob for each value, and for whom it is."""
    lesson = all_lessons()[slug]
    variants, remedies = lesson.presets[preset].variants, link.preset_remedies(lesson, preset)
    labels = {}
    for name in names:
        ruled = rule(name)
        start = {knob: whose.start(lesson.presets[preset], knob) for knob in whose.groups(lesson, preset, name)}
        for knob in whose.drawn(lesson, preset, name, start):
            moved = whose.moves(knob, whose.letters(lesson, preset, knob, remedies), variants)
            unit = f", {ruled.unit}" if ruled.unit and ruled.kind in ("whole", "real") else ""
            labels[knob] = whose.said(ruled.label, moved, variants) + unit
    return labels


BAD = {
    "depth": "1e9",
    "nonsense": "1",
    "preset": "../../etc/passwd",
    "activation": "<script>alert(1)</script>",
    "lr": "9" * 10_000,
    "with": "__import__('os')",
    "follow": "x" * 5_000,
}
BAD_LINKS = {**{name: {name: text} for name, text in BAD.items()}, "version": {"v": "99"}}


@pytest.mark.parametrize(
    ("slug", "params"),
    [
        *(pytest.param(slug, BAD, id=f"{slug}-all") for slug in SLUGS),
        *(pytest.param(SLUGS[0], params, id=f"{SLUGS[0]}-{name}") for name, params in BAD_LINKS.items()),
    ],
)
def test_a_bad_link_gives_the_page_with_one_line_on_what_was_dropped(visit, slug, params):
    test = visit(page_of(slug), **params)
    assert not test.exception
    assert not test.error
    assert len(test.warning) == 1
    assert test.warning[0].value.startswith("The link was opened without: ")
    assert test.selectbox(key=f"{slug}.preset").value == next(iter(all_lessons()[slug].presets))


def test_a_link_with_settings_opens_with_them_and_keeps_them_in_the_address(visit):
    test = visit(page_of("vanishing_gradients"), v="1", depth="12", lr="0.3")
    assert test.slider(key="vanishing_gradients.depth").value == 12
    assert test.query_params["depth"] in ("12", ["12"])
    assert not test.warning


def scripts(test):
    return [element.value for element in test.code if "import torch" in element.value]


@pytest.mark.parametrize("slug", SLUGS)
def test_the_code_is_written_when_its_section_is_opened(visit, slug):
    closed = visit(page_of(slug))
    assert not scripts(closed)
    closed.session_state[f"{slug}.code"] = True
    opened = closed.run()
    (script,) = scripts(opened)
    assert "import cnnviz" not in script


@pytest.mark.parametrize("preset", ["sweep", "gap"])
def test_code_is_offered_with_the_data_file_that_it_reads(visit, preset):
    closed = visit(page_of("dropout"), v="1", preset=preset)
    closed.session_state["dropout.code"] = True
    opened = closed.run()
    assert len(scripts(opened)) == 1
    labels = [button.proto.label for button in opened.get("download_button")]
    assert labels[-3:] == ["Script (.py)", "Notebook (.ipynb)", "Data (fashion_mnist.npz)"]


@pytest.mark.parametrize(("slug", "preset"), [("overfitting", "ridge"), ("dropout", "masks"), ("batch_normalisation", "ages")])
def test_code_that_reads_no_file_is_offered_alone(visit, slug, preset):
    closed = visit(page_of(slug), v="1", preset=preset)
    closed.session_state[f"{slug}.code"] = True
    opened = closed.run()
    labels = [button.proto.label for button in opened.get("download_button")]
    assert labels[-2:] == ["Script (.py)", "Notebook (.ipynb)"]


def test_an_instant_panel_is_announced_once_for_each_change_of_its_settings(visit, monkeypatch):
    own, heard = Offers(), []
    monkeypatch.setattr(offers, "shared", own)
    test = visit(page_of("initialisation"), v="1", depth="9", width="20")
    test = test.button_group(key="initialisation.guess").set_value(SHOW_ME).run()
    own.attend(offered(own).token, lambda told: heard.append(json.loads(told.message())["data"]["number"]))
    test.run()
    assert heard == []
    next(slider for slider in test.slider if slider.key == "initialisation.depth").set_value(10).run()
    assert heard == [offered(own).number] == [2]


def test_the_l2_nets_slider_moves_the_l2_net_alone_and_its_link_brings_it_back(visit, monkeypatch):
    own = Offers()
    monkeypatch.setattr(offers, "shared", own)
    test = visit(page_of("overfitting"))
    slider = test.select_slider(key="overfitting.weight_decay.B")
    assert slider.label == "Weight decay of B, λ"
    moved = slider.set_value(0.0015).run()
    assert not moved.exception
    variants = offered(own, "overfitting").variants
    assert [it.optimiser.weight_decay for it in variants.values()] == [0, 0.0015, 0]
    again = visit(page_of("overfitting"), **{"weight_decay.B": "0.0015"})
    assert not again.warning
    assert again.select_slider(key="overfitting.weight_decay.B").value == 0.0015
    assert "0.0015" in moved.query_params["weight_decay.B"]


def test_a_link_to_a_knob_of_another_starting_point_is_told(visit):
    test = visit(page_of("overfitting"), preset="degrees", **{"weight_decay.B": "0.001"})
    assert [each.value for each in test.warning] == [
        r"The link was opened without: 'weight\_decay.B'\: this page has no such setting."
    ]


def test_an_instant_page_says_for_a_slider_on_its_way_what_its_script_then_says_too(visit, monkeypatch):
    """Whatever the slider: the theory's curves, the variants' words and the offer are the same before the script and after it;
    only where the slider stands is known to the script alone."""
    own, heard = Offers(), []
    monkeypatch.setattr(offers, "shared", own)
    test = visit(page_of("initialisation"), v="1", preset="tanh", depth="9", width="20")
    own.attend(offered(own).token, lambda told: heard.append(json.loads(told.message())))
    for name, value in (("depth", 12), ("width", 50), ("init_scale", 2.0)):
        own.look(offered(own).token, f"{name}.A" if name == "init_scale" else f"{name}.AB", value)
        moved = next(s for s in [*test.slider, *test.select_slider] if s.key == f"initialisation.{name}")
        test = moved.set_value(value).run()
        before, after = heard.pop(), json.loads(offered(own).outlook(offered(own).variants).message())
        was, became = (said["data"]["sliders"][f"st-key-initialisation-{name}"].pop() for said in (before, after))
        assert was < became
        assert before == after
        assert heard == []


def test_a_slider_of_what_an_instant_panel_measures_leaves_it_to_the_panel_to_run_the_script(visit):
    test = visit(page_of("initialisation"), v="1", preset="tanh", depth="9", width="20")
    left = {slider.key: slider.proto.ignore_rerun for slider in [*test.slider, *test.select_slider]}
    measured = ("depth", "width", "init_std", "init_scale", "lr", "batch_size", "seed")
    assert left == {f"initialisation.{name}": name in measured for name in (*measured, "steps")}


def test_where_there_is_no_instant_panel_every_slider_runs_the_script(visit):
    kinds = {preset: visit(page_of("overfitting"), v="1", preset=preset) for preset in ("degrees", "plane")}
    left = {kind: {slider.proto.ignore_rerun for slider in test.slider} for kind, test in kinds.items()}
    assert left == {"degrees": {True}, "plane": {False}}


def test_a_polynomials_own_slider_is_followed_for_it_alone_even_where_the_other_is_as_it_is(visit, monkeypatch):
    own, heard = Offers(), []
    monkeypatch.setattr(offers, "shared", own)
    test = visit(page_of("overfitting"), preset="degrees", degree="3")
    own.attend(offered(own, "overfitting.fresh").token, heard.append)
    own.look(offered(own, "overfitting.fresh").token, "degree.B", 5)
    assert [it.polynomial.degree for it in offered(own, "overfitting.fresh").variants.values()] == [3, 5]
    test.slider(key="overfitting.degree.B").set_value(5).run()
    assert len(heard) == 1


def offered(own, page="initialisation.fresh"):
    """What one of the page's panels offers."""
    (found,) = (offer for offer in own._by_place.values() if offer.page == page)
    return found
