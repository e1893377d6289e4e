"""A page's state as a link: short, versioned, defaults left out; reading one drops what is bad and says so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cnnviz.engine.experiment import ExperimentError, rule
from cnnviz.engine.fields import Rule, short
from cnnviz.lessons import Lesson, whose
from cnnviz.limits import LINK_CHARACTERS, LINK_SETTINGS

preset_value = whose.start  # what a link leaves out

VERSION = "1"
RESERVED = frozenset({"v", "preset", "with", "follow"})
_FOLLOW = re.compile(r"(?P<run>[\w-]{4,40})\.(?P<token>[\w-]{16,100})", re.ASCII)


@dataclass(frozen=True)
class PageState:
    """What a link says: a preset, the settings that differ from it, the remedies switched on (None: the preset's own), and a
    sentence for each thing that was dropped."""

    preset: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    remedies: tuple[str, ...] | None = None
    dropped: tuple[str, ...] = ()


def read(params: Mapping[str, str], lesson: Lesson, names: Sequence[str]) -> PageState:
    """The state that a link's query parameters ask for, on a page of these settings. Nothing raises: what can't be used stands
    in `dropped`."""
    dropped: list[str] = []
    if len(params) > LINK_SETTINGS:
        return PageState(first(lesson), dropped=(f"the link's {len(params)} settings (at most {LINK_SETTINGS})",))
    if params.get("v", VERSION) != VERSION:
        return PageState(first(lesson), dropped=(f"the whole link: its version {short(params['v'])} is not {VERSION}",))
    preset = params.get("preset", first(lesson))
    if preset not in lesson.presets:
        dropped.append(f"preset {short(preset)}: there are {', '.join(lesson.presets)}")
        preset = first(lesson)
    remedies = _read_remedies(params, lesson, dropped)
    if "follow" in params and not followed(params):
        dropped.append(f"follow={short(params['follow'])}: it must be the run and the token that “Copy follow link” gave")
    settings: dict[str, Any] = {}
    knobs = whose.knobs(lesson, preset, names)
    for name, text in params.items():
        if name in RESERVED:
            continue
        if name not in knobs:
            dropped.append(f"{short(name)}: this page has no such setting")
            continue
        try:
            settings[name] = parsed(name, text)
        except ExperimentError as problem:
            dropped.append(str(problem).rstrip("."))
    return PageState(preset, settings, remedies, tuple(dropped))


def repeated(given: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """A sentence for each query parameter that has several values, of which the last counts."""
    return tuple(
        f"{short(name)} stands in it {len(texts)} times, and its last value was taken"
        for name, texts in given.items()
        if len(texts) > 1
    )


def _read_remedies(params: Mapping[str, str], lesson: Lesson, dropped: list[str]) -> tuple[str, ...] | None:
    if "with" not in params:
        return None
    asked = [name for name in params["with"][:LINK_CHARACTERS].split(",") if name]
    unknown = [name for name in asked if name not in lesson.remedies]
    if unknown:
        dropped.append(f"with={short(','.join(unknown))}: there are {', '.join(lesson.remedies)}")
    return tuple(name for name in lesson.remedies if name in asked)


def followed(params: Mapping[str, str]) -> dict[str, str] | None:
    """The run to follow, and the token that lets one watch it; None where the link names none, or not as one was copied."""
    found = _FOLLOW.fullmatch(params.get("follow", "")[:LINK_CHARACTERS])
    return found.groupdict() if found else None


def parsed(name: str, text: str) -> Any:
    """A setting's value from its text in a link, checked. Raises ExperimentError."""
    if len(text) > LINK_CHARACTERS:
        raise ExperimentError(f"{name} has {len(text):,} characters, at most {LINK_CHARACTERS} are read.")
    wanted = rule(whose.setting(name))
    return wanted.check(name, _typed(wanted, text))


def _typed(wanted: Rule, text: str) -> Any:
    if wanted.kind == "switch":
        return {"1": True, "0": False}.get(text, text)
    if wanted.kind == "choice":
        return text
    try:
        return [float(part) for part in text.split(",")] if wanted.kind in ("numbers", "several") else float(text)
    except ValueError:
        return text


def write(state: PageState, lesson: Lesson) -> dict[str, str]:
    """The query parameters of a state: what is the default is left out, and so is the version where nothing is left."""
    preset = lesson.presets[state.preset]
    params = {name: text_of(value) for name, value in state.settings.items() if value != preset_value(preset, name)}
    if state.remedies is not None and state.remedies != preset_remedies(lesson, state.preset):
        params["with"] = ",".join(state.remedies)
    if state.preset != first(lesson):
        params["preset"] = state.preset
    return {"v": VERSION, **params} if params else {}


def text_of(value: Any) -> str:
    """A setting's value as a link has it; of a real number twelve digits, more than a slider or a hand can set."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (tuple, list)):
        return ",".join(text_of(number) for number in value)
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def first(lesson: Lesson) -> str:
    """The preset that a page opens with."""
    return next(iter(lesson.presets))


def preset_remedies(lesson: Lesson, preset: str) -> tuple[str, ...]:
    """The remedies that turn a preset's A into its B: those that change A and leave B as it is."""
    variants = list(lesson.presets[preset].variants.values())
    if len(variants) < 2:
        return ()
    a, b = variants[0], variants[1]
    return tuple(name for name, remedy in lesson.remedies.items() if remedy.applied(a) != a and remedy.applied(b) == b)
