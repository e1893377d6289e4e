"""What a browser may say, checked: every message becomes a Request or a sentence that says what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from cnnviz.engine.experiment import rule
from cnnviz.engine.fields import ExperimentError, short
from cnnviz.limits import FASTEST, SLOWEST, TOKEN_CHARACTERS

SLID = ("whole", "real")  # kinds of settings that a slider moves


class MessageError(ValueError):
    """A message that can't be carried out. Its text is one sentence."""


@dataclass(frozen=True)
class Request:
    """One checked message. since: the number of the last frame that the browser has; None for none. step: a run that starts
    makes one update, then waits. name: the setting whose control is being moved to `value`."""

    op: str
    offer: str = ""
    run: str = ""
    token: str = ""
    since: int | None = None
    value: float | None = None
    step: bool = False
    name: str = ""


def parse(text: str | bytes, limit: int) -> Request:
    """A browser's message of at most `limit` bytes. Raises MessageError with the sentence to send back."""
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "replace"))
    if size > limit:
        raise MessageError(f"A message has at most {limit:,} bytes; this one has {size:,}.")
    try:
        given = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        raise MessageError("A message must be JSON.") from None
    if not isinstance(given, dict):
        raise MessageError("A message must be a JSON object with an 'op'.")
    op = given.get("op")
    if not isinstance(op, str) or op not in _READERS:
        raise MessageError(f"op (={short(op)}) must be one of {', '.join(_READERS)}.")
    return Request(op, **_READERS[op](given))


def _start(given: Mapping[str, Any]) -> dict[str, Any]:
    paused = given.get("step", False)
    if not isinstance(paused, bool):
        raise MessageError(f"step (={short(paused)}) must be true or false.")
    return {"offer": _token(given, "offer"), "step": paused}


def _attend(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"offer": _token(given, "offer")}


def _look(given: Mapping[str, Any]) -> dict[str, Any]:
    name = given.get("name")
    if not isinstance(name, str):
        raise MessageError(f"name (={short(name)}) must be the name of a setting.")
    setting, _, letters = name.partition(".")
    if not letters:
        raise MessageError(f"name (={short(name)}) must name variants, too, such as {short(setting)}.AB.")
    try:
        moved = rule(setting)
        if moved.kind not in SLID:
            raise MessageError(f"name (={short(name)}) must be a setting that is one number.")
        return {"offer": _token(given, "offer"), "name": name, "value": moved.check(setting, given.get("value"))}
    except ExperimentError as problem:
        raise MessageError(str(problem)) from None


def _watch(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"run": _token(given, "run"), "token": _token(given, "token"), "since": _since(given)}


def _resync(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"since": _since(given)}


def _nothing(given: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _lr(given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"value": rule("lr").check("lr", given.get("value"))}
    except ExperimentError as problem:
        raise MessageError(str(problem)) from None


def _speed(given: Mapping[str, Any]) -> dict[str, Any]:
    speed = _number(given, "speed")
    if speed != 0 and not SLOWEST <= speed <= FASTEST:
        raise MessageError(f"speed (={speed:g}) must be between {SLOWEST:g} and {FASTEST:,} steps a second, or 0 for no limit.")
    return {"value": speed}


def _stop_at(given: Mapping[str, Any]) -> dict[str, Any]:
    if given.get("value") is None:
        return {"value": None}
    step = _number(given, "stop_at")
    if step < 1 or step != int(step):
        raise MessageError(f"stop_at (={step:g}) must be a whole number of steps from 1 up, or null for the last step.")
    return {"value": step}


_READERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "attend": _attend,
    "look": _look,
    "start": _start,
    "watch": _watch,
    "resync": _resync,
    "pause": _nothing,
    "resume": _nothing,
    "step": _nothing,
    "cancel": _nothing,
    "lr": _lr,
    "speed": _speed,
    "stop_at": _stop_at,
}


def _token(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= TOKEN_CHARACTERS or not value.isascii():
        raise MessageError(f"{name} (={short(value)}) must be 1 to {TOKEN_CHARACTERS} ASCII characters.")
    return value


def _since(given: Mapping[str, Any]) -> int | None:
    since = given.get("since")
    if since is not None and (isinstance(since, bool) or not isinstance(since, int) or since < 0):
        raise MessageError(f"since (={short(since)}) must be a frame's number, 0 or above.")
    return since


def _number(given: Mapping[str, Any], name: str) -> float:
    value = given.get("value")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise MessageError(f"{name} (={short(value)}) must be a finite number.")
    return float(value)
