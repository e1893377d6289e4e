"""What a browser may say: each operation with its value, and a sentence for everything else."""

import json
from typing import Any

import pytest

from cnnviz.live.messages import MessageError, Request, parse

LIMIT = 1_000
OPS = "attend, look, start, watch, resync, pause, resume, step, cancel, lr, speed, stop_at"

GOOD = [
    ({"op": "start", "offer": "abc.def"}, Request("start", offer="abc.def")),
    ({"op": "start", "offer": "abc.def", "step": True}, Request("start", offer="abc.def", step=True)),
    ({"op": "attend", "offer": "abc.def"}, Request("attend", offer="abc.def")),
    ({"op": "look", "offer": "a.b", "name": "depth.AB", "value": 9}, Request("look", offer="a.b", name="depth.AB", value=9)),
    ({"op": "look", "offer": "a.b", "name": "lr.A", "value": 0.5}, Request("look", offer="a.b", name="lr.A", value=0.5)),
    ({"op": "watch", "run": "r", "token": "t"}, Request("watch", run="r", token="t")),
    ({"op": "watch", "run": "r", "token": "t", "since": 7}, Request("watch", run="r", token="t", since=7)),
    ({"op": "resync", "since": 0}, Request("resync", since=0)),
    ({"op": "pause"}, Request("pause")),
    ({"op": "resume"}, Request("resume")),
    ({"op": "step"}, Request("step")),
    ({"op": "cancel"}, Request("cancel")),
    ({"op": "lr", "value": 0.1}, Request("lr", value=0.1)),
    ({"op": "speed", "value": 0}, Request("speed", value=0.0)),
    ({"op": "speed", "value": 20}, Request("speed", value=20.0)),
    ({"op": "stop_at", "value": 300}, Request("stop_at", value=300.0)),
    ({"op": "stop_at", "value": None}, Request("stop_at")),
]

BAD = [
    ("not JSON", "A message must be JSON."),
    ("[1, 2]", "A message must be a JSON object with an 'op'."),
    ("{}", f"op (=None) must be one of {OPS}."),
    ('{"op": "_watch"}', f"op (='_watch') must be one of {OPS}."),
    (
        '{"op": ["start"]}',
        f"op (=['start']) must be one of {OPS}.",
    ),
    ('{"op": "start", "offer": "a.b", "step": 1}', "step (=1) must be true or false."),
    ('{"op": "attend"}', "offer (=None) must be 1 to 100 ASCII characters."),
    ('{"op": "look", "offer": "a.b", "name": "depth.AB", "value": 1000}', "depth (=1000) must be between 2 and 100 layers."),
    ('{"op": "look", "offer": "a.b", "name": "depth.AB", "value": "9"}', "depth (='9') must be a finite number."),
    ('{"op": "look", "offer": "a.b", "name": "norm.AB", "value": 1}', "name (='norm.AB') must be a setting that is one number."),
    ('{"op": "look", "name": "depth.AB", "value": 9}', "offer (=None) must be 1 to 100 ASCII characters."),
    ('{"op": "start"}', "offer (=None) must be 1 to 100 ASCII characters."),
    ('{"op": "start", "offer": 5}', "offer (=5) must be 1 to 100 ASCII characters."),
    ('{"op": "watch", "run": "", "token": "t"}', "run (='') must be 1 to 100 ASCII characters."),
    ('{"op": "watch", "run": "r", "token": "é"}', "token (='é') must be 1 to 100 ASCII characters."),
    ('{"op": "resync", "since": -1}', "since (=-1) must be a frame's number, 0 or above."),
    ('{"op": "resync", "since": true}', "since (=True) must be a frame's number, 0 or above."),
    ('{"op": "lr", "value": 1000}', "lr (=1000) must be between 1e-06 and 100."),
    ('{"op": "lr", "value": "0.1"}', "lr (='0.1') must be a finite number."),
    ('{"op": "speed", "value": 1e9}', "speed (=1e+09) must be between 0.1 and 10,000 steps a second, or 0 for no limit."),
    ('{"op": "speed", "value": -1}', "speed (=-1) must be between 0.1 and 10,000 steps a second, or 0 for no limit."),
    ('{"op": "speed"}', "speed (=None) must be a finite number."),
    ('{"op": "stop_at", "value": 2.5}', "stop_at (=2.5) must be a whole number of steps from 1 up, or null for the last step."),
    ('{"op": "stop_at", "value": 0}', "stop_at (=0) must be a whole number of steps from 1 up, or null for the last step."),
]


@pytest.mark.parametrize(("message", "request_"), GOOD, ids=lambda value: json.dumps(value) if isinstance(value, dict) else "")
def test_a_good_message_is_a_request(message: dict[str, Any], request_: Request) -> None:
    assert parse(json.dumps(message), LIMIT) == request_
    assert parse(json.dumps(message).encode(), LIMIT) == request_


@pytest.mark.parametrize(("text", "sentence"), BAD, ids=[text for text, _ in BAD])
def test_a_bad_message_is_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(MessageError) as problem:
        parse(text, LIMIT)
    assert str(problem.value) == sentence


@pytest.mark.parametrize("text", ["x" * 1_001, "é" * 501, b"x" * 1_001])
def test_a_message_above_the_limit_is_not_read(text: str | bytes) -> None:
    with pytest.raises(MessageError, match="A message has at most 1,000 bytes; this one has 1,00"):
        parse(text, LIMIT)


@pytest.mark.parametrize("text", ["\ud800", b"\xff\xfe", "[" * 900, '{"op":' * 150, '{"op": NaN}', '{"op": 1e999}', "\0"])
def test_nothing_that_is_sent_raises_anything_else(text: str | bytes) -> None:
    with pytest.raises(MessageError):
        parse(text, LIMIT)
