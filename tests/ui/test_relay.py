"""The panel's way around blocked websockets: what its browser says through the page is as bounded as through the channel."""

import json
from typing import Any

import pytest
from hypothesis import given
from strategies import anything

from cnnviz import limits
from cnnviz.engine.experiment import Experiment
from cnnviz.live import conversation as protocol
from cnnviz.runners import local
from cnnviz.runners.base import Run
from cnnviz.ui.panel import PanelState, Relay


class OneRun:
    """A runner that knows one run, and was asked for nothing."""

    def __init__(self) -> None:
        self.run = Run({"A": Experiment()}, "learner", "page", self)

    def find(self, run_id: str) -> Run | None:
        return self.run if run_id == self.run.id else None

    def control(self, run: Run, operation: str, value: float | None = None) -> None:
        raise AssertionError(f"{operation} was asked for")


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> OneRun:
    known = OneRun()
    monkeypatch.setattr(local, "shared", lambda: known)
    return known


def watch(run: Run) -> str:
    return json.dumps({"op": "watch", "run": run.id, "token": run.view})


def kinds(relay: Relay) -> list[str]:
    return [json.loads(text)["type"] for _, text in relay.mail()]


def test_a_flood_through_the_page_gets_a_sentence_and_leaves_its_run(runner: OneRun) -> None:
    relay = Relay()
    relay.hear([watch(runner.run)])
    assert (kinds(relay), runner.run.watchers) == (["run", "recording", "status"], 1)
    relay.hear([watch(runner.run)] * (limits.MESSAGES_AT_ONCE + 100))
    assert json.loads(relay.mail()[-1][1])["sentence"] == protocol.FLOOD
    assert runner.run.watchers == 0
    relay.hear([watch(runner.run)])
    assert kinds(relay)[-3:] == ["run", "recording", "status"]


@given(anything)
def test_whatever_the_browser_says_it_shows_is_a_run_or_none_and_a_rest_is_a_number(said: Any) -> None:
    word, number = (said if isinstance(said, kind) else None for kind in (str, int))
    assert PanelState.of({"run": said, "finished": said, "moved": said}) == PanelState(word, word, number)


@pytest.mark.parametrize("commands", [None, 5, "cancel", {"op": "cancel"}, [None, 7, {}, ["cancel"]]], ids=repr)
def test_commands_that_are_no_texts_are_not_heard(runner: OneRun, commands: Any) -> None:
    relay = Relay()
    relay.hear(commands)
    assert relay.mail() == []
