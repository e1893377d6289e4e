"""The explorer's state as a link: short, versioned, defaults left out; what can't be used is dropped and told in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from cnnviz import zoo
from cnnviz.engine.fields import short
from cnnviz.limits import IMAGE_SIDE, LINK_CHARACTERS, LINK_SETTINGS, SEARCH_CHARACTERS
from cnnviz.ui.controls import plain
from cnnviz.ui.link import VERSION, repeated
from cnnviz.ui.zoo.place import placed
from cnnviz.zoo import ZooError
from cnnviz.zoo.printed import TABLES

VIEWS = {"network": "One network", "two": "Compare two", "all": "All networks", "lecture": "Printed tables"}
ANY = "any"
PARAMS = (ANY, "1M", "5M", "10M", "30M", "60M", "100M")
MACS = (ANY, "100M", "500M", "1G", "4G", "8G", "16G")
FIRST, SECOND = "resnet18", "plain18"
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
TIMED = (1, 2, 4, 8, 16, 32, 64)  # examples of a timed pass
PASSES = (5, 10, 20, 50, 100)
AGAINST = ("side", "batch")
MEASURE = "ImageNet, top-1"  # the error that most networks report


@dataclass(frozen=True)
class Setting:
    """One thing that the link holds. read: its value from a text, ZooError where there is none; write: the text again."""

    default: Any
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str


def _one_of(options: Mapping[str, Any] | tuple[str, ...], what: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in options:
            raise ZooError(f"{what} {short(text)}: there are {', '.join(list(options)[:8])}.")
        return text

    return read


def _network(text: str) -> str:
    return zoo.card(text).name


def _years(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    first, last = bounds()
    if not (low.isdecimal() and high.isdecimal() and first <= int(low) <= int(high) <= last):
        raise ZooError(f"years {short(text)}: they must be two from {first} to {last}, such as {first}-{last}.")
    return int(low), int(high)


def bounds() -> tuple[int, int]:
    """The years of the first and the last network."""
    years = [zoo.card(name).year for name in zoo.names()]
    return min(years), max(years)


def _search(text: str) -> str:
    if len(text) > SEARCH_CHARACTERS:
        raise ZooError(f"search {short(text)}: at most {SEARCH_CHARACTERS} characters are searched for.")
    return text


def _measure(text: str) -> str:
    errors = [error for name in zoo.names() for error in zoo.card(name).errors]
    return _one_of({f"{error.data}, {error.measure}": error for error in errors}, "measure")(text)


def _place(text: str) -> int:
    if not text.isdecimal() or len(text) > 6:
        raise ZooError(f"block {short(text)}: it must be the place of a row, a whole number.")
    return int(text)


def _number_of(options: tuple[int, ...], what: str) -> Callable[[str], int]:
    texts = {str(option): option for option in options}

    def read(text: str) -> int:
        return texts[_one_of(texts, what)(text)]

    return read


def _side(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:6]) <= IMAGE_SIDE:
        raise ZooError(f"side {short(text)}: it must be a whole number of pixels, at most {IMAGE_SIDE:,}.")
    return int(text)


def _switch(text: str) -> bool:
    if text != "1":
        raise ZooError(f"only {short(text)}: it must be 1, or not there.")
    return True


def settings() -> dict[str, Setting]:
    """Everything that the link may hold, by name."""
    return {
        "network": Setting(FIRST, _network),
        "view": Setting("network", _one_of(VIEWS, "view")),
        "search": Setting("", _search),
        "years": Setting(bounds(), _years, lambda years: f"{years[0]}-{years[1]}"),
        "category": Setting(ANY, _one_of((ANY, *zoo.CATEGORIES), "category")),
        "params": Setting(ANY, _one_of(PARAMS, "params")),
        "macs": Setting(ANY, _one_of(MACS, "macs")),
        "inside": Setting("", str),
        "block": Setting(None, _place),
        "other": Setting(SECOND, _network),
        "only": Setting(False, _switch, lambda only: "1"),
        "side": Setting(0, _side),  # 0: the paper's own
        "batch": Setting(32, _number_of(BATCHES, "batch")),
        "against": Setting("side", _one_of(AGAINST, "against")),
        "timed": Setting(1, _number_of(TIMED, "timed")),
        "passes": Setting(10, _number_of(PASSES, "passes")),
        "measure": Setting(MEASURE, _measure),
        "table": Setting(TABLES[0].title, _one_of(tuple(table.title for table in TABLES), "table")),
    }


def read(params: Mapping[str, str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The values that a link asks for, defaults where it says nothing, and a sentence for each thing that was dropped."""
    known = settings()
    values = {name: setting.default for name, setting in known.items()}
    if len(params) > LINK_SETTINGS:
        return values, (f"the link's {len(params)} settings (at most {LINK_SETTINGS})",)
    if params.get("v", VERSION) != VERSION:
        return values, (f"the whole link: its version {short(params['v'])} is not {VERSION}",)
    dropped = []
    for name, text in params.items():
        if name == "v":
            continue
        if name not in known:
            dropped.append(f"{short(name)}: this page has no such setting")
        elif len(text) > LINK_CHARACTERS:
            dropped.append(f"{name} has {len(text):,} characters, at most {LINK_CHARACTERS} are read")
        else:
            try:
                values[name] = known[name].read(text)
            except ZooError as problem:
                dropped.append(str(problem).rstrip("."))
    values, nowhere = placed(values)
    return values, (*dropped, *nowhere)


def write(values: Mapping[str, Any]) -> dict[str, str]:
    """The query parameters of a state: what is the default is left out, and so is the version where nothing is left."""
    params = {name: setting.write(values[name]) for name, setting in settings().items() if values[name] != setting.default}
    return {"v": VERSION, **params} if params else {}


def key(name: str) -> str:
    """A setting's place in the session."""
    return f"architectures.{name}"


def get(name: str) -> Any:
    return st.session_state[key(name)]


def index(name: str, options: Sequence[Any]) -> int:
    """The place of a setting's value among a widget's options: its default, for a browser that never heard that it was set."""
    return options.index(get(name)) if get(name) in options else 0


def put(name: str, value: Any) -> None:
    st.session_state[key(name)] = value


def put_all(params: Mapping[str, str]) -> None:
    """Set the page as a link with these settings would."""
    for name, value in read(params)[0].items():
        put(name, value)


def start() -> None:
    """On a session's first run of the page take the state from the link; later, what widgets that were not drawn have forgotten
    from memory. Say what the link could not get."""
    params = st.query_params.to_dict()
    if key("kept") not in st.session_state or (key("network") not in st.session_state and params):
        st.session_state[key("kept")], dropped = read(params)
        put("linked", tuple(params))
        put("dropped", (*dropped, *repeated({name: st.query_params.get_all(name) for name in params})))
    for name, value in st.session_state[key("kept")].items():
        st.session_state.setdefault(key(name), value)
    dropped = st.session_state.get(key("dropped"), ())
    if dropped:
        more = f"; and {len(dropped) - 4} more" if len(dropped) > 4 else ""
        st.warning(f"The link was opened without: {plain('; '.join(dropped[:4]))}{more}.", icon=":material/link_off:")


def linked(*names: str) -> bool:
    """Whether the page was opened by a link that holds one of these settings."""
    return bool({*names} & {*st.session_state.get(key("linked"), ())})


def share() -> None:
    """Put the state into the address bar and into memory."""
    values = {name: get(name) for name in settings()}
    st.session_state[key("kept")] = values
    params = write(values)
    if params != st.query_params.to_dict():
        st.query_params.from_dict(params)
