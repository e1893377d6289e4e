"""What the explorer asks, as Streamlit runs it: a guess, its verdict, and a way to what it is about."""

import pytest

from cnnviz.engine.records import Recording, Snapshot
from cnnviz.lessons.architectures import EXPLORER
from cnnviz.settings import ROOT
from cnnviz.ui.guesses import SHOW_ME
from cnnviz.ui.zoo import questions as drawn
from cnnviz.ui.zoo import two
from cnnviz.ui.zoo.timing import asked

PAGE = ROOT / "pages" / "510_architectures.py"
COUNTED = {place: question for place, question in enumerate(EXPLORER.questions, 1) if question.judge == "count"}
SPEED = EXPLORER.questions[1]


def texts(test):
    return " ".join(element.value for element in test.markdown)


def pills(test, place):
    return test.button_group(key=f"architectures.guess.{place}")


def test_every_question_is_asked_before_anything_is_said(visit):
    test = visit(PAGE)
    assert not test.exception
    for place, question in enumerate(EXPLORER.questions, 1):
        assert pills(test, place).label == f"**Predict first.** {question.question}"
        assert pills(test, place).options == [*question.options, SHOW_ME]
    assert "You said" not in texts(test)
    assert not any(question.answer({}).sentence in texts(test) for question in COUNTED.values())


@pytest.mark.parametrize("place", COUNTED)
def test_a_guess_on_a_count_gets_its_verdict_at_once(visit, place):
    question = COUNTED[place]
    answer = question.answer({})
    right, wrong = question.options[answer.option], question.options[answer.option - 1]
    test = pills(visit(PAGE), place).set_value(right).run()
    assert f"You said **{right}**; and the count agrees. {answer.sentence}" in texts(test)
    test = pills(test, place).set_value(wrong).run()
    assert f"You said **{wrong}**; the count says **{right}**. {answer.sentence}" in texts(test)
    test = pills(test, place).set_value(SHOW_ME).run()
    assert f"You did not guess; the count says **{right}**. {answer.sentence}" in texts(test)


def test_the_speed_is_the_timings_to_tell_and_stays_told_in_another_view(visit, monkeypatch):
    test = pills(visit(PAGE), 2).set_value(SPEED.options[0]).run()
    assert f"You said **{SPEED.options[0]}**. {SPEED.until} *{SPEED.question}*" in texts(test)
    experiments = asked(["resnet18", "mobilenet_v2"], [224, 224], 1, 10)
    columns = {"low": 9.0, "high": 11.0, "gigamacs_per_second": 20.0, "examples_per_second": 100.0, "first_pass": 12.0}
    ends = {
        letter: Recording(e, (), {"threads": 1, "device": "cpu", "processor": "one", "torch": "2"}).extend(
            [Snapshot(10, {**columns, "median": 10.0, **({} if letter == "B" else {"median": 30.0, "low": 29.0, "high": 31.0})})]
        )
        for letter, e in experiments.items()
    }
    monkeypatch.setattr(two, "timing", lambda *_names: ends)
    test = test.button(key="architectures.show.2").click().run()
    assert not test.exception
    assert test.radio(key="architectures.view").value == "two"
    told = f"You said **{SPEED.options[0]}**; the timing says **{SPEED.options[1]}**. {SPEED.answer(ends).sentence}"
    assert told in texts(test)
    assert told in texts(test.radio(key="architectures.view").set_value("network").run())


@pytest.mark.parametrize("place", range(1, len(EXPLORER.questions) + 1))
def test_what_a_question_is_about_is_shown_at_a_press(visit, place):
    wanted = EXPLORER.questions[place - 1].shows
    test = visit(PAGE, v="1", view="all", search="zzz").button(key=f"architectures.show.{place}").click().run()
    assert not test.exception
    assert not test.warning
    assert {name: test.session_state[f"architectures.{name}"] for name in wanted} == dict(wanted)


def test_numbers_too_close_to_call_are_told_without_an_option():
    told = drawn.verdict(SPEED, drawn.TooClose("A takes 10 ms, B 10 ms."), 1)
    assert told == (
        f"You said **{SPEED.options[1]}**; **too close to call**. A takes 10 ms, B 10 ms. More passes may tell them apart."
    )
