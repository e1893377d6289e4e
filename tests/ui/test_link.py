"""A page's link: what it says survives; what is bad in it is dropped, with a sentence, and the rest is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.engine.experiment import Experiment, rule
from cnnviz.lessons import Lesson, Prediction, Preset, Remedy
from cnnviz.ui import link
from cnnviz.ui.link import PageState

KNOBS = ("depth", "activation", "lr", "skip", "clip_norm")
BASE = Experiment.of(depth=8, activation="sigmoid", lr=0.5)
LESSON = Lesson(
    number=210,
    slug="example",
    title="Example",
    question="What happens?",
    presets={
        "first": Preset("First", {"A": BASE, "B": Experiment.of(depth=8, activation="relu", lr=0.5)}, "look"),
        "second": Preset("Second", {"A": Experiment.of(depth=20, lr=0.1)}, "look"),
    },
    prediction=Prediction("Which?", ("this", "that"), lambda recordings: 0, ("", "")),
    claims=(),
    try_this=(),
    references=(),
    remedies={"relu": Remedy("ReLU", {"activation": "relu"}), "clip": Remedy("Clip", {"clip_norm": 1.0})},
)


def test_the_page_as_it_opens_needs_no_link():
    assert link.write(PageState("first", {"depth": 8, "lr": 0.5}, ("relu",)), LESSON) == {}


def test_a_link_holds_only_what_differs_from_the_preset_and_a_version():
    state = PageState("second", {"depth": 20, "lr": 0.3, "skip": True}, ("clip",))
    assert link.write(state, LESSON) == {"v": "1", "lr": "0.3", "skip": "1", "with": "clip", "preset": "second"}


def test_what_was_written_is_read_back():
    state = PageState("second", {"lr": 0.3, "skip": True, "activation": "tanh"}, ("relu", "clip"))
    assert link.read(link.write(state, LESSON), LESSON, KNOBS) == state


def test_switching_every_remedy_off_is_not_the_preset():
    params = link.write(PageState("first", {}, ()), LESSON)
    assert params == {"v": "1", "with": ""}
    assert link.read(params, LESSON, KNOBS).remedies == ()


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"depth": "2000"}, "depth (=2000) must be between 2 and 100 layers"),
        ({"depth": "8.5"}, "depth (=8.5) must be a whole number"),
        ({"depth": "many"}, "depth (='many') must be a finite number"),
        ({"lr": "nan"}, "lr (=nan) must be a finite number"),
        ({"lr": "1e999"}, "lr (=inf) must be a finite number"),
        ({"skip": "yes"}, "skip (='yes') must be true or false"),
        ({"seed": "3"}, "'seed': this page has no such setting"),
        ({"lr": "1" * 5000}, "lr has 5,000 characters, at most 300 are read"),
        ({"preset": "third"}, "preset 'third': there are first, second"),
        ({"with": "relu,magic"}, "with='magic': there are relu, clip"),
    ],
)
def test_a_bad_value_is_dropped_with_its_reason_and_the_rest_is_kept(params, sentence):
    state = link.read({"activation": "tanh", **params}, LESSON, KNOBS)
    assert state.dropped == (sentence,)
    assert state.settings == {"activation": "tanh"}


def test_a_near_miss_is_named():
    state = link.read({"activation": "rellu"}, LESSON, KNOBS)
    assert state.dropped[0].endswith("Did you mean 'relu'?")


def test_a_link_of_another_version_is_not_guessed_at():
    state = link.read({"v": "7", "depth": "9"}, LESSON, KNOBS)
    assert state == PageState("first", dropped=("the whole link: its version '7' is not 1",))


def test_a_flood_of_parameters_is_refused_whole():
    state = link.read({f"p{i}": "1" for i in range(500)}, LESSON, KNOBS)
    assert state == PageState("first", dropped=("the link's 500 settings (at most 40)",))


@given(st.dictionaries(st.text(max_size=30), st.text(max_size=300), max_size=50))
def test_no_link_breaks_the_page(params):
    state = link.read(params, LESSON, KNOBS)
    assert state.preset in LESSON.presets
    for name, value in state.settings.items():
        assert rule(name).check(name, value) == value


def test_a_presets_own_remedies_are_those_that_make_b_out_of_a():
    assert link.preset_remedies(LESSON, "first") == ("relu",)
    assert link.preset_remedies(LESSON, "second") == ()


def test_a_follow_link_names_a_run_and_its_token():
    params = {"follow": "x3Yp-_9aQ1c.0123456789abcdefghij-_KLMNOPQRST"}
    assert link.followed(params) == {"run": "x3Yp-_9aQ1c", "token": "0123456789abcdefghij-_KLMNOPQRST"}
    assert link.read(params, LESSON, KNOBS).dropped == ()


@pytest.mark.parametrize("text", ["", "x", "run.", ".token", "../../x.yyyyyyyyyyyyyyyyyyyy", "a" * 5_000])
def test_what_no_follow_link_says_is_dropped(text):
    assert link.followed({"follow": text}) is None
    assert len(link.read({"follow": text}, LESSON, KNOBS).dropped) == 1
