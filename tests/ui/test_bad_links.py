"""Whatever a link says: the page is drawn, tells in a sentence what it could not use, and keeps the rest."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import MARKUP, SETTINGS, allowed, names, texts
from streamlit.testing.v1 import AppTest

from cnnviz.engine.experiment import rule
from cnnviz.lessons import all_lessons
from cnnviz.settings import ROOT
from cnnviz.ui import lesson as words
from cnnviz.ui import link
from cnnviz.ui.controls import plain
from cnnviz.ui.link import PageState

LESSONS = all_lessons()
PAGES = {slug: Path(words.page_file(lesson)) for slug, lesson in LESSONS.items()}
SINGLE = [name for name in SETTINGS if rule(name).kind != "series"]  # the others stand in no link
Visit = Callable[..., AppTest]
KNOBS: dict[str, list[str]] = {}  # the settings of each page that was visited

lessons = st.sampled_from(list(LESSONS.values()))
values = st.one_of(texts, st.text(max_size=300), st.sampled_from(["nan", "inf", "-0", "1e999", "9" * 400, "٣", "1_000", " 8 "]))
good = st.sampled_from(SINGLE).flatmap(lambda name: st.tuples(st.just(name), allowed(rule(name)).map(lambda v: checked(name, v))))


def checked(name: str, value: Any) -> Any:
    return rule(name).check(name, value)


def told(state: PageState) -> None:
    """What was dropped is told in plain sentences."""
    for sentence in state.dropped:
        assert sentence.isprintable()
        assert len(sentence) < 1_000
        assert not sentence.endswith(".")  # several make one line


@given(lessons, st.dictionaries(st.one_of(names, st.sampled_from(["v", "preset", "with", "follow"])), values, max_size=50))
def test_any_link_is_a_state_that_the_page_can_have(lesson: Any, params: dict[str, str]) -> None:
    state = link.read(params, lesson, SINGLE)
    told(state)
    assert state.preset in lesson.presets
    assert {name: checked(name, value) for name, value in state.settings.items()} == state.settings
    assert set(state.remedies or ()) <= lesson.remedies.keys()
    again = link.read(link.write(state, lesson), lesson, SINGLE)
    assert (again.preset, again.dropped) == (state.preset, ())


@given(lessons, st.lists(good, max_size=8).map(dict), st.dictionaries(texts, values, max_size=8))
def test_what_a_link_says_well_is_kept_beside_what_it_says_badly(
    lesson: Any, wanted: dict[str, Any], bad: dict[str, str]
) -> None:
    wrong = {name: text for name, text in bad.items() if name not in wanted and name not in ("v", "preset", "with", "follow")}
    texts = {name: link.text_of(value) for name, value in wanted.items()}
    state = link.read({**wrong, **texts}, lesson, list(wanted))
    assert state.settings == {name: link.parsed(name, text) for name, text in texts.items()}
    assert len(state.dropped) == len(wrong)
    told(state)


@given(lessons, st.lists(good, max_size=8).map(dict))
def test_a_state_survives_its_link_to_the_twelfth_digit(lesson: Any, wanted: dict[str, Any]) -> None:
    state = PageState(link.first(lesson), wanted)
    params = link.write(state, lesson)
    start = lesson.presets[link.first(lesson)]
    read = link.read(params, lesson, SINGLE)
    assert read.dropped == ()
    assert read.settings == {
        name: value if isinstance(value, str) else pytest.approx(value, rel=1e-11)
        for name, value in wanted.items()
        if value != link.preset_value(start, name)
    }
    assert link.write(read, lesson) == params  # once is enough


@given(texts)
def test_nothing_in_a_sentence_is_markup(text: str) -> None:
    shown = plain(text)
    assert shown.replace("\\", "") == text.replace("\\", "")
    for place, letter in enumerate(shown):
        if letter in "`*_{}[]<>()#+-!|:$~&":
            assert shown[place - 1] == "\\"


def kept(test: AppTest, slug: str) -> dict[str, Any]:
    """The page's settings, drawn or not."""
    remembered = test.session_state["memory"].values
    return {name: remembered[f"{slug}.{name}"] for name in SINGLE if f"{slug}.{name}" in remembered}


def stays_up(test: AppTest) -> None:
    assert not test.exception
    assert not test.error
    assert len(test.title) == 1


@pytest.mark.parametrize(
    ("slug", "params", "sentence"),
    [
        ("dropout", {"preset": "masks", "width": "1024"}, "Width (=1024) must be at most 16 for calculation (=dropout)"),
        ("overfitting", {"preset": "ridge", "shrinkage": "lasso"}, "Penalty λ (=1.5e-08) must be at least 1e-05 for lasso"),
        ("overfitting", {"preset": "lasso", "strength": "1e-20"}, "Penalty λ (=1e-20) must be at least 1e-05 for lasso"),
        ("norm_family", {"preset": "batch_size", "lr": "100"}, "sweep_over (=batch_size) leads to a run that can't be made"),
        ("pretraining", {"preset": "labels", "seed": "2147483647"}, "sweep_over (=labels) leads to a run that can't be made"),
    ],
)
def test_settings_that_are_impossible_together_are_told_and_the_page_stays(
    visit: Visit, slug: str, params: Mapping[str, str], sentence: str
) -> None:
    test = visit(PAGES[slug], **params)
    stays_up(test)
    (warning,) = test.warning
    assert warning.value.replace("\\", "").startswith(sentence)
    assert warning.value.endswith("Until that is changed, the page keeps to the last settings that can be trained.")
    assert {name: link.text_of(kept(test, slug)[name]) for name in params if name != "preset"}.items() <= params.items()


def test_possible_settings_take_the_place_of_impossible_ones(visit: Visit) -> None:
    test = visit(PAGES["overfitting"], preset="ridge", shrinkage="lasso")
    assert len(test.warning) == 1
    mended = next(box for box in test.selectbox if box.key == "overfitting.shrinkage").set_value("ridge").run()
    stays_up(mended)
    assert not mended.warning


@pytest.mark.parametrize("slug", ["vanishing_gradients", "architectures"])
def test_a_setting_that_a_link_gives_twice_is_told_and_its_last_value_is_taken(visit: Visit, slug: str) -> None:
    name, taken = ("depth", "9") if slug in LESSONS else ("network", "vgg16")
    page = PAGES.get(slug, ROOT / "pages" / "510_architectures.py")
    test = visit(page, **{name: ["12" if slug in LESSONS else "alexnet", taken]})
    stays_up(test)
    assert [warning.value.replace("\\", "") for warning in test.warning] == [
        f"The link was opened without: '{name}' stands in it 2 times, and its last value was taken."
    ]
    assert str(test.session_state[f"{slug}.{name}"]) == taken


@pytest.mark.parametrize("text", MARKUP, ids=repr)
def test_markup_in_a_link_is_text(visit: Visit, text: str) -> None:
    test = visit(PAGES["initialisation"], activation=text, depth="9", **{text.strip("\0") or "x": "1"})
    stays_up(test)
    assert len(test.warning) == 1
    assert kept(test, "initialisation")["depth"] == 9


def test_the_home_page_minds_no_link(visit: Visit) -> None:
    stays_up(visit(ROOT / "pages" / "000_home.py", v="99", preset="<script>", follow="x" * 5_000))


@settings(max_examples=max(4, settings.default.max_examples // 20), suppress_health_check=list(HealthCheck))
@given(lessons, st.data())
def test_any_page_stays_up_with_any_settings_that_are_allowed_one_by_one(visit: Visit, lesson: Any, data: st.DataObject) -> None:
    if lesson.slug not in KNOBS:
        KNOBS[lesson.slug] = sorted(kept(visit(PAGES[lesson.slug]), lesson.slug))
    chosen = data.draw(st.lists(st.sampled_from(KNOBS[lesson.slug]), unique=True, max_size=5))
    wanted = {name: link.parsed(name, link.text_of(data.draw(allowed(rule(name))))) for name in chosen}
    preset = data.draw(st.sampled_from(list(lesson.presets)))
    test = visit(PAGES[lesson.slug], preset=preset, **{name: link.text_of(value) for name, value in wanted.items()})
    stays_up(test)
    assert {name: kept(test, lesson.slug)[name] for name in wanted} == wanted
