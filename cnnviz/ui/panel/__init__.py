"""The live panel as a Streamlit component: what the page knows goes to the browser as data, two or three words come back."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Literal

import plotly
import streamlit as st

from cnnviz.engine.control import offered
from cnnviz.live import channel, offers
from cnnviz.live.channel import encode
from cnnviz.live.conversation import Conversation
from cnnviz.live.offers import Announcement, Offer
from cnnviz.plots.live_plot import LivePlot
from cnnviz.plots.theme import VARIANT_COLOURS
from cnnviz.runners import local
from cnnviz.settings import settings

HERE = Path(__file__).parent
_FILES = [("modulepreload", f"cnnviz/panel/{path.name}") for path in sorted(HERE.glob("*.js"))]
_FILES += [("preload", f"cnnviz/plotly.min.js?v={plotly.__version__}")]
RELAY_SECONDS = 0.4
RELAY_GONE_SECONDS = 10.0
LETTERS_KEPT = 40
Held = Literal["", "end", "all"]  # until the page's question is answered: all but the first snapshot, or all of it

# An inline script is a blob, from which only absolute addresses can be imported; under which path the server is known here, the
# page's own scripts tell. Whatever it needs is asked for at once.
_SCRIPT = """
const base = new URL('../../', document.querySelector('script[src*="/static/js/"]').src)
for (const [rel, path] of FILES) {
  const link = Object.assign(document.createElement('link'), { rel, href: new URL(path, base) })
  if (rel === 'preload') link.as = 'script'
  document.head.append(link)
}
let script
export default function (component) {
  script ??= import(new URL('cnnviz/panel/SCRIPT', base))
  let end = null, ended = false
  script.then(module => { if (!ended) end = module.mount(component) })
  return () => { ended = true; end?.() }
}
"""


def component(
    name: str, script: str, place: str = "", preload: Sequence[tuple[str, str]] = _FILES, style: str = "panel.css"
) -> Callable[..., Any]:
    """A Streamlit component that one of this folder's scripts draws: its `mount(component)` gives the function that ends it.

    place: a second class of the element that it is drawn in, for `style`. preload: how and where from its files are fetched.
    """
    return st.components.v2.component(
        name,
        html=f'<div class="cnnviz-place {place}"></div>',
        css=(HERE / style).read_text(encoding="utf-8"),
        js=_SCRIPT.replace("FILES", encode(preload)).replace("SCRIPT", script),
        isolate_styles=False,
    )


_component = component("cnnviz_panel", "panel.js")


@dataclass(frozen=True)
class PanelState:
    """What the browser shows. run: the id of its run, None for stored recordings; finished: the run that has ended last.
    moved: another number each time that sliders which the panel follows have come to rest. blocked: its websocket does not
    come up, or did not on the server before this one, of which the browser remembers it."""

    run: str | None
    finished: str | None
    moved: int | None = None
    blocked: bool = False

    @classmethod
    def of(cls, shown: Mapping[str, Any]) -> PanelState:
        """What the browser says; anything but words is no run, anything but a whole number no rest."""
        run, finished, moved = (shown.get(name) for name in ("run", "finished", "moved"))
        ran, ended = (word if isinstance(word, str) else None for word in (run, finished))
        return cls(ran, ended, moved if isinstance(moved, int) else None, shown.get("channel") == "blocked")


@dataclass(frozen=True)
class Fresh:
    """The networks of a page before any update, which its panel shows while nothing is stored for the settings and no run goes
    on. offer: what measures them; stored: their recording keys by variant, {} where they were never measured."""

    offer: Offer
    stored: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """The same as the browser reads it."""
        return {"page": self.offer.page, "offer": self.offer.token, "stored": dict(self.stored)}


@dataclass(frozen=True)
class PanelData:
    """What a panel is told by its page.

    offer: what Train would run. tabs: plots by tab, at most four each. stored: recording keys by variant, {} where there is
    none for these settings. watch: {"run", "token"} of somebody else's run to follow. instant: the panel runs each new offer by
    itself, shows its first step, and has nothing to press. part: the name of a panel that is not its page's own. verb: what
    starts a run. sliders: of settings that the panel follows while they move, see `Knobs.sliders`; None where it follows none.
    opens: the page's starting point, and the tab that it opens, "" for none. held: what of a stored recording is kept back.
    fresh: the networks that a run would begin with, None where the panel doesn't show them by themselves.
    """

    offer: Offer
    tabs: Mapping[str, Sequence[LivePlot]]
    stored: Mapping[str, str]
    watch: Mapping[str, str] | None = None
    instant: bool = False
    part: str = ""
    verb: str = "Train"
    sliders: Mapping[str, tuple[str, Sequence[float] | None, float]] | None = None
    opens: tuple[str, str] = ("", "")
    held: Held = ""
    fresh: Fresh | None = None

    def to_json(self) -> dict[str, Any]:
        """The same as the browser reads it."""
        first = next(iter(self.offer.variants.values()))
        return {
            "page": self.offer.page,
            "offer": self.offer.token,
            "number": self.offer.number,
            "tabs": encode([[name, [plot.to_json() for plot in plots]] for name, plots in self.tabs.items()]),
            "labels": dict(self.offer.labels),
            "colours": dict(zip(ascii_uppercase, VARIANT_COLOURS, strict=False)),
            "stored": dict(self.stored),
            "steps": first.total_steps,
            "lr": first.optimiser.lr,
            "operations": offered(first),
            "runs": first.sweep.runs,
            "watch": dict(self.watch) if self.watch else None,
            "instant": self.instant,
            "part": self.part,
            "verb": self.verb,
            "sliders": None if self.sliders is None else {place: list(slider) for place, slider in self.sliders.items()},
            "opens": list(self.opens),
            "held": self.held,
            "fresh": self.fresh.to_json() if self.fresh else None,
            "plotly": plotly.__version__,
            "relay": "",
            "mail": [],
        }


def announcement(offer: Offer, run: bool, given: Callable[[], PanelData]) -> Announcement:
    """What a panel is told over its own connection, which is there sooner.

    run: whether what is offered is run at once. given: what the panel is told; asked for only once the run has begun.
    """
    return Announcement(offer, lambda: encode({"type": "page", "data": given().to_json(), "run": run}), run)


def panel(given: PanelData) -> PanelState:
    """Draw the panel. It is mounted once for its page; later calls only hand it new data."""
    key = f"{given.offer.page}.panel"
    data = given.to_json()
    if given.fresh or (given.instant and not given.held):
        offers.shared.announce(announcement(given.offer, given.instant and not given.stored, lambda: given))
    relay: Relay | None = st.session_state.get(f"{key}.relay")
    if relay is not None:
        return _relayed(data, key, relay)
    shown = _mounted(data, key)
    if shown.blocked:
        st.session_state[f"{key}.relay"] = Relay()
        st.rerun()
    return shown


def _mounted(data: Mapping[str, Any], key: str, command: Callable[[], None] = lambda: None) -> PanelState:
    shown = _component(
        data=dict(data),
        key=key,
        on_run_change=lambda: None,
        on_finished_change=lambda: None,
        on_channel_change=lambda: None,
        on_moved_change=lambda: None,
        on_command_change=command,
        on_renew_change=lambda: None,
    )
    return PanelState.of(shown)


# Where a proxy blocks websockets of ours, the page's own connection carries the conversation, a few times a second.


@dataclass
class Relay:
    """A conversation that is polled by a page's fragment. It ends by itself when nobody polls it any more. name: tells it from
    that of another session, whose letters are others."""

    name: str = field(default_factory=lambda: secrets.token_urlsafe(6))
    letters: list[tuple[int, str]] = field(default_factory=list)
    polled: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._begin()

    def _begin(self) -> None:
        self.conversation = Conversation(local.shared(), channel.shared(), settings.message_bytes, self._woken)

    def _woken(self) -> None:
        if time.monotonic() - self.polled > RELAY_GONE_SECONDS:
            self.conversation.close()

    def hear(self, commands: object) -> None:
        """Take in the browser's messages."""
        for command in commands if isinstance(commands, list) else []:
            if isinstance(command, str):
                self.conversation.hear(command)

    def mail(self) -> list[tuple[int, str]]:
        """The last letters, numbered: the browser reads each once, even where one update of the page was skipped."""
        self.polled = time.monotonic()
        self.letters += [(next(self._numbers), text) for text in self.conversation.news()]
        del self.letters[:-LETTERS_KEPT]
        if self.conversation.over:
            self.conversation.close()
            self._begin()
        return self.letters


def _relayed(data: Mapping[str, Any], key: str, relay: Relay) -> PanelState:
    before = PanelState.of(st.session_state.get(key, {}))

    @st.fragment(run_every=RELAY_SECONDS)
    def carry() -> PanelState:
        def command() -> None:
            relay.hear(st.session_state[key].get("command"))

        state = _mounted({**data, "relay": relay.name, "mail": relay.mail()}, key, command)
        if state != before:
            st.rerun()
        return state

    return carry() or before
