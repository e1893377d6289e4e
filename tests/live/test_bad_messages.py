"""Whatever a browser sends to the live channel: a sentence, and the conversation goes on; only a flood ends it."""

import json
from typing import Any

import orjson
import pytest
from by_hand import VARIANTS, Clock, HandRunner, begin, measure
from hypothesis import given
from hypothesis import strategies as st
from strategies import anything, names, nested, texts

from cnnviz import limits
from cnnviz.live import conversation as protocol
from cnnviz.live.channel import Channels
from cnnviz.live.conversation import Conversation
from cnnviz.live.messages import MessageError, Request, parse
from cnnviz.live.offers import Offers

LIMIT = limits.MESSAGE_BYTES
OPS = ["attend", "look", "start", "watch", "resync", "pause", "resume", "step", "cancel", "lr", "speed", "stop_at"]
KEYS = ["offer", "run", "token", "since", "value", "step", "name"]

ops = st.sampled_from(OPS)
messages = st.builds(
    lambda op, rest: json.dumps({**rest, "op": op}),
    st.one_of(ops, anything),
    st.dictionaries(st.one_of(st.sampled_from(KEYS), texts), st.one_of(anything, names), max_size=5),
)
deep = st.builds(lambda op, key, value: f'{{"op": "{op}", "{key}": {value}}}', ops, st.sampled_from(["op", *KEYS]), nested)
sent = st.one_of(messages, deep, anything.map(json.dumps), st.text(), st.binary())


def understood(text: str | bytes) -> Request | str:
    """The request, or the sentence instead of it."""
    try:
        return parse(text, LIMIT)
    except MessageError as refused:
        return str(refused)


@given(sent)
def test_any_message_is_a_request_or_a_sentence(text: str | bytes) -> None:
    result = understood(text)
    if isinstance(result, Request):
        assert result.op in OPS
    else:
        assert result.isprintable()
        assert result[-1] in ".?"
        assert json.loads(orjson.dumps(result)) == result


@pytest.mark.parametrize("size", [LIMIT + 1, 10 * LIMIT])
@pytest.mark.parametrize("letter", ["x", "é", b"\xff"])
def test_a_message_above_the_limit_is_refused_unread(letter: str | bytes, size: int) -> None:
    with pytest.raises(MessageError, match=r"^A message has at most 65,536 bytes; this one has [\d,]+\.$"):
        parse(letter * size, LIMIT)


class Room:
    """A run with its owner, a stranger who says anything, and a browser that watches."""

    def __init__(self) -> None:
        self.clock, self.runner, self.offers, self.channels = Clock(), HandRunner(), Offers(), Channels(1e6)
        self.offer = self.offers.make(VARIANTS, "learner", "page")
        self.run = self.runner.submit(VARIANTS, "learner", "page")
        self.stranger, self.watcher = self.browser(), self.browser()

    def browser(self) -> Conversation:
        return Conversation(self.runner, self.channels, LIMIT, lambda: None, self.offers, self.clock)


def replies(conversation: Conversation) -> list[dict[str, Any]]:
    return [json.loads(text) for text in conversation.news()]


@given(st.lists(sent, max_size=20))
def test_a_stranger_gets_one_sentence_for_each_message_and_changes_nothing(said: list[str | bytes]) -> None:
    room = Room()
    for text in said:
        room.clock.wait(1)
        room.stranger.hear(text)
        for reply in replies(room.stranger):
            assert set(reply) == {"type", "op", "sentence"}
            assert reply["type"] in ("error", "refused")
            assert reply["sentence"].isprintable()
    assert (room.runner.controlled, list(room.runner.runs.values()), room.run.watchers) == ([], [room.run], 0)
    room.stranger.hear(json.dumps({"op": "watch", "run": room.run.id, "token": room.run.view}))
    assert [reply["type"] for reply in replies(room.stranger)] == ["run", "recording", "status"]


@given(st.lists(sent, max_size=10))
def test_the_owner_goes_on_after_any_messages(said: list[str | bytes]) -> None:
    room = Room()
    for text in [*said, json.dumps({"op": "watch", "run": room.run.id, "token": room.run.token}), '{"op": "pause"}']:
        room.clock.wait(1)
        room.stranger.hear(text)
    assert room.runner.controlled == [("pause", None)]


@given(st.text(st.characters(codec="ascii"), min_size=1, max_size=100))
def test_no_token_but_the_right_one_opens_a_run(token: str) -> None:
    room = Room()
    room.stranger.hear(json.dumps({"op": "watch", "run": room.run.id, "token": token}))
    assert replies(room.stranger) == [{"type": "refused", "op": "watch", "sentence": protocol.NO_RUN}]


def test_a_flood_ends_its_own_conversation_and_no_other() -> None:
    room = Room()
    watch = json.dumps({"op": "watch", "run": room.run.id, "token": room.run.view})
    room.watcher.hear(watch)
    for _ in range(1_000):
        room.stranger.hear(watch)
    assert [reply["sentence"] for reply in replies(room.stranger) if reply["type"] == "refused"] == [protocol.FLOOD]
    assert (room.stranger.over, room.watcher.over) == (True, False)
    replies(room.watcher)
    begin(room.run)
    measure(room.run, 0)
    assert [reply["type"] for reply in replies(room.watcher)] == ["delta"]


def test_a_run_has_so_many_watchers_and_its_owner_besides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "WATCHERS", 2)
    room = Room()
    watch = {"op": "watch", "run": room.run.id, "token": room.run.view}
    several = [room.browser() for _ in range(3)]
    for browser in several:
        browser.hear(json.dumps(watch))
    assert [replies(browser)[0]["type"] for browser in several] == ["run", "run", "refused"]
    room.stranger.hear(json.dumps({**watch, "token": room.run.token}))
    assert replies(room.stranger)[0]["type"] == "run"
    several[0].close()
    room.stranger.close()
    several[2].hear(json.dumps(watch))
    assert replies(several[2])[0]["type"] == "run"


def test_after_a_flood_nothing_is_carried_out() -> None:
    room = Room()
    start = json.dumps({"op": "start", "offer": room.offer.token})
    for _ in range(limits.MESSAGES_AT_ONCE):
        room.stranger.hear('{"op": "pause"}')
    for _ in range(1_000):
        room.stranger.hear(start)
    assert list(room.runner.runs.values()) == [room.run]
