"""One browser tab's conversation with Streamlit over its own websocket: reruns up, a page's elements down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.classroom.figures import Figures
from benchmarks.classroom.panel import LARGEST_MESSAGE

PATIENCE_SECONDS = 60.0
DONE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
ENDED_SESSION = "The page's connection ended: {problem}"
NO_ANSWER = "The page '{page}' did not answer within {seconds:.0f} seconds."


def _slider(it: Any, state: WidgetState) -> None:
    if it.type == it.SELECT_SLIDER:
        chosen = it.raw_value if it.set_value else [it.options[int(place)] for place in it.default]
        state.string_array_value.data.extend(chosen)
    else:
        state.double_array_value.data.extend(it.value if it.set_value else it.default)


def _one_of(it: Any, state: WidgetState) -> None:
    if it.set_value and it.HasField("raw_value"):
        state.string_value = it.raw_value
    elif it.HasField("default") and it.options:
        state.string_value = it.options[it.default]


def _some_of(it: Any, state: WidgetState) -> None:
    chosen = it.raw_values if it.set_value else [it.options[place].content for place in it.default]
    state.string_array_value.data.extend(chosen)


def _checkbox(it: Any, state: WidgetState) -> None:
    state.bool_value = it.value if it.set_value else it.default


def _text(it: Any, state: WidgetState) -> None:
    state.string_value = it.value if it.set_value else it.default


FIRST_STATES: Mapping[str, Callable[[Any, WidgetState], None]] = {
    "slider": _slider,
    "selectbox": _one_of,
    "radio": _one_of,
    "button_group": _some_of,
    "checkbox": _checkbox,
    "text_input": _text,
}


@dataclass
class Widget:
    """A widget as the page drew it last. fragment: the part of the page that its change runs again; "" for all of it."""

    kind: str
    element: Any
    state: WidgetState
    fragment: str = ""


@dataclass
class Asked:
    """A rerun that was asked for. begun: a script run has started since."""

    by: str
    at: float
    answer: asyncio.Future[float]
    begun: bool = False


@dataclass
class Cached:
    """A large message that the server need not send again, and the script run that used it last."""

    message: ForwardMsg
    run: int


@dataclass
class Session:
    """A tab that is open on a page.

    drew: called with the id and data of each component as it is drawn; gone: with the id of one that a finished run left out.
    """

    address: str
    figures: Figures
    drew: Callable[[str, Mapping[str, Any]], None]
    gone: Callable[[str], None]
    widgets: dict[str, Widget] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)  # each page's script hash by its place in the address
    page: str = ""
    query: str = ""  # what the page has put into the address

    def __post_init__(self) -> None:
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._asked: list[Asked] = []
        self._script = self._name = ""
        self._cache: dict[str, Cached] = {}
        self._seen: set[str] = set()
        self._components: set[str] = set()
        self._component_states: dict[str, WidgetState] = {}
        self._runs = self._keep_runs = 0

    async def open(self, page: str) -> float:
        """Connect, and load a page by its place in the address; the seconds until its script has ended."""
        url = f"{self.address.replace('http', 'ws', 1)}/_stcore/stream"
        self._socket = await connect(
            url, subprotocols=["streamlit"], origin=self.address, max_size=LARGEST_MESSAGE, compression=None, proxy=None
        )
        self._reading = asyncio.create_task(self._read())
        self._reading.add_done_callback(self._stopped)
        self.page = self._name = page
        return await self._rerun("open")

    async def visit(self, page: str) -> float:
        """Go to another page by a link; the seconds until its script has ended."""
        self.page, self._script, self.query = page, self.links[page], ""
        self.widgets.clear()
        self._component_states.clear()
        return await self._rerun("change page")

    async def set(self, id: str, **value: Any) -> float:
        """Change a widget, as its browser control does; the seconds until the page has answered."""
        widget = self.widgets[id]
        self.put(id, **value)
        return await self._rerun(widget.kind, widget.fragment)

    def put(self, id: str, **value: Any) -> None:
        """Change a widget that does not have the page's script run."""
        self.widgets[id].state.CopyFrom(_state(id, **value))

    async def tell(self, id: str, state: Mapping[str, Any]) -> float:
        """Set a component's state; the seconds until the page has answered."""
        self._component_states[id] = _state(id, json_value=orjson.dumps(state).decode())
        return await self._rerun("panel")

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        if self._socket is not None:
            await self._socket.close()

    async def _rerun(self, by: str, fragment: str = "") -> float:
        """Raises ConnectionClosed or ConnectionError where the server is gone."""
        assert self._socket is not None
        asked = Asked(by, time.perf_counter(), asyncio.get_running_loop().create_future())
        self._asked.append(asked)
        await self._socket.send(self._message(fragment))
        try:
            return await asyncio.wait_for(asyncio.shield(asked.answer), PATIENCE_SECONDS)
        except TimeoutError:
            self.figures.errors.append(NO_ANSWER.format(page=self.page, seconds=PATIENCE_SECONDS))
            return PATIENCE_SECONDS

    def _message(self, fragment: str) -> bytes:
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string = self.query
        rerun.widget_states.widgets.extend(widget.state for widget in self.widgets.values())
        rerun.widget_states.widgets.extend(self._component_states.values())
        rerun.page_script_hash, rerun.page_name, rerun.fragment_id = self._script, self._name, fragment
        rerun.cached_message_hashes.extend(self._cache)
        about = rerun.context_info
        about.timezone, about.timezone_offset, about.locale, about.color_scheme = "UTC", 0, "en-US", "light"
        about.url, about.is_embedded = f"{self.address}/{self.page}", False
        return message.SerializeToString()

    async def _read(self) -> None:
        assert self._socket is not None
        async for data in self._socket:
            message = ForwardMsg()
            message.ParseFromString(data if isinstance(data, bytes) else data.encode())
            self._take(message)

    def _stopped(self, reading: asyncio.Task[None]) -> None:
        """Unless the tab was closed, that nothing is read any more is an error, and nobody need wait for an answer."""
        if reading.cancelled():
            return
        problem = ENDED_SESSION.format(problem=repr(reading.exception() or "it was closed"))
        self.figures.errors.append(problem)
        for asked in self._asked:
            asked.answer.set_exception(ConnectionError(problem))

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            known = self._cache[message.ref_hash]
            known.run = self._runs
            self._draw(known.message)
        elif kind == "delta":
            if message.metadata.cacheable:
                self._cache[message.hash] = Cached(message, self._runs)
            self._draw(message)
        elif kind == "new_session":
            self._begin(message.new_session, bool(message.metadata.run.fragment_ids))
        elif kind == "script_finished":
            self._finish(message.script_finished)
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "navigation":
            self._name, self._script = "", message.navigation.page_script_hash
            self.links = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        elif kind == "page_not_found":
            self.figures.errors.append(f"The page '{self.page}' was not found.")

    def _begin(self, new: Any, a_fragment: bool) -> None:
        self._runs += 1
        self._keep_runs = new.config.max_cached_message_age
        if not a_fragment:
            self._seen.clear()
        for asked in self._asked:
            asked.begun = True

    def _finish(self, status: int) -> None:
        if status not in DONE:
            return
        if status == ForwardMsg.FINISHED_SUCCESSFULLY:
            self._forget()
        now = time.perf_counter()
        for asked in self._asked:
            if asked.begun and not asked.answer.done():
                asked.answer.set_result(now - asked.at)
                self.figures.answered(asked.by, now - asked.at)
        self._asked = [asked for asked in self._asked if not asked.begun]

    def _forget(self) -> None:
        """What the run that has just ended did not draw is there no more."""
        self.widgets = {id: widget for id, widget in self.widgets.items() if id in self._seen}
        for id in self._components - self._seen:
            self._component_states.pop(id, None)
            self.gone(id)
        self._components &= self._seen
        self._cache = {hash: it for hash, it in self._cache.items() if self._runs - it.run < self._keep_runs}

    def _draw(self, message: ForwardMsg) -> None:
        delta = message.delta
        if delta.WhichOneof("type") != "new_element":
            return
        kind = delta.new_element.WhichOneof("type")
        element = getattr(delta.new_element, kind)
        if kind in FIRST_STATES:
            self._draw_widget(kind, element, delta.fragment_id)
        elif kind == "bidi_component":
            self._seen.add(element.id)
            self._components.add(element.id)
            self.drew(element.id, orjson.loads(element.json or element.mixed.json or "{}"))
        elif kind == "exception" or (kind == "alert" and element.format == element.ERROR):
            self.figures.errors.append(f"The page '{self.page}' shows: {_words(element)}")

    def _draw_widget(self, kind: str, element: Any, fragment: str) -> None:
        self._seen.add(element.id)
        known = self.widgets.get(element.id)
        if known is None or element.set_value:
            state = WidgetState(id=element.id)
            FIRST_STATES[kind](element, state)
            self.widgets[element.id] = Widget(kind, element, state, fragment)
        else:
            known.element, known.fragment = element, fragment  # a fragment is named after its place, which another may have moved


def _state(id: str, **value: Any) -> WidgetState:
    """A widget's state: strings, doubles (lists), or one of the protocol's other fields by name."""
    state = WidgetState(id=id)
    for name, it in value.items():
        if name in ("string_array_value", "double_array_value"):
            getattr(state, name).data.extend(it)
        else:
            setattr(state, name, it)
    return state


def _words(element: Message) -> str:
    return str(getattr(element, "body", "") or getattr(element, "message", ""))
