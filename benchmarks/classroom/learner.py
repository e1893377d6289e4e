"""A learner: opens lessons, guesses, moves sliders, trains, watches and controls, goes on, all by a seeded chance."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any

from websockets.exceptions import ConnectionClosed

from benchmarks.classroom.figures import Figures
from benchmarks.classroom.panel import Panel, fetch, is_panel
from benchmarks.classroom.session import Session, Widget

READ_SECONDS = (2.0, 6.0)
THINK_SECONDS = (1.0, 3.0)
SLIDE_SECONDS = 0.08  # between two places of a slider on its way
FARTHEST = 3  # stops that a slider is moved at most
QUEUE_SECONDS = 90.0
WATCH_SECONDS = 30.0
PANEL_FILES = ("panel/panel.js", "panel/charts.js", "panel/bindings.js", "plotly.min.js")


class Learner:
    """One of the class. pages: their places in the address; pace: seconds of thought are multiplied by it."""

    def __init__(self, address: str, figures: Figures, pages: Sequence[str], chance: random.Random, pace: float = 1.0) -> None:
        self._address, self._figures, self._pages = address, figures, pages
        self._chance, self._pace = chance, pace
        self._panels: dict[str, Panel] = {}
        self._memory: dict[str, tuple[str, str]] = {}
        self._session = Session(address, figures, self._drew, self._gone)

    async def work(self, seconds: float, late: float = 0.0) -> None:
        """Come in `late` seconds after the others, learn until `seconds` are over, and leave."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.sleep(late)
                await self._session.open(self._chance.choice(self._pages))
                await asyncio.gather(*(fetch(self._address, path) for path in PANEL_FILES))
                while True:
                    await self._lesson()
                    await self._session.visit(self._chance.choice(self._pages))
        except TimeoutError:
            pass
        except (ConnectionError, ConnectionClosed) as problem:
            self._figures.errors.append(f"A learner was disconnected: {problem}")
        finally:
            await self._leave()

    async def _leave(self) -> None:
        panels, self._panels = list(self._panels.values()), {}
        await asyncio.gather(*(panel.close() for panel in panels))
        await self._session.close()

    # What the page shows

    def _drew(self, id: str, data: Mapping[str, Any]) -> None:
        if not is_panel(data):
            return
        if id not in self._panels:

            async def tell(state: Mapping[str, Any]) -> float:
                return await self._session.tell(id, state)

            self._panels[id] = Panel(self._address, self._figures, tell, self._memory, lambda: self._chance.random() < 0.25)
        self._panels[id].update(data)

    def _gone(self, id: str) -> None:
        panel = self._panels.pop(id, None)
        if panel is not None:
            self._closing = asyncio.ensure_future(panel.close())

    # What the learner does

    async def _lesson(self) -> None:
        self._figures.pages += 1
        await self._pause(*READ_SECONDS)
        await self._guess()
        for _ in range(self._chance.randint(1, 4)):
            await self._slide()
            await self._pause(*THINK_SECONDS)
        trained = [panel for panel in self._panels.values() if not panel.data["instant"] and not panel.data["part"]]
        if trained:
            await self._train(trained[0])
        await self._pause(*THINK_SECONDS)

    async def _pause(self, least: float, most: float) -> None:
        await asyncio.sleep(self._pace * self._chance.uniform(least, most))

    async def _guess(self) -> None:
        for id, widget in self._session.widgets.items():
            if widget.kind == "radio" and id.endswith(".guess"):
                await self._session.set(id, string_value=self._chance.choice(list(widget.element.options)))
                return

    async def _slide(self) -> None:
        """Drag a slider a few stops, by way of those between, and let it go."""
        sliders = [(id, it) for id, it in self._session.widgets.items() if it.kind == "slider" and not it.element.disabled]
        if not sliders:
            return
        id, widget = self._chance.choice(sliders)
        way = places(widget, self._chance.randint(1, FARTHEST) * self._chance.choice((-1, 1)))
        for place in way:
            self._look(id, place)
            await asyncio.sleep(SLIDE_SECONDS)
        if not way or id not in self._session.widgets:
            return
        if widget.element.ignore_rerun:
            self._session.put(id, **value_at(widget, way[-1]))
            for panel, _ in self._followers(id):
                panel.rest()
        else:
            await self._session.set(id, **value_at(widget, way[-1]))

    def _followers(self, id: str) -> list[tuple[Panel, Sequence[float] | None]]:
        """The instant panels that follow a slider, each with the slider's stops where it has a list of them."""
        name = id.rpartition(".")[2]
        sliders = [(panel, *slider) for panel in self._panels.values() for slider in panel.data["sliders"].values()]
        return [(panel, stops) for panel, setting, stops, _ in sliders if setting == name]

    def _look(self, id: str, place: float) -> None:
        """What the instant panels that follow this slider ask for."""
        for panel, stops in self._followers(id):
            panel.look(id.rpartition(".")[2], stops[int(place)] if stops else place)

    async def _train(self, panel: Panel) -> None:
        panel.start()
        if not await panel.until(lambda: panel.run is not None and panel.run.state != "queued", self._pace * QUEUE_SECONDS):
            return
        await self._pause(0.5, 2.0)
        await self._interfere(panel)
        if not await panel.until(lambda: not panel.active, self._pace * WATCH_SECONDS):
            panel.control("cancel")

    async def _interfere(self, panel: Panel) -> None:
        """What some do while it trains."""
        dice = self._chance.random()
        if dice < 0.25:
            await panel.cut()
        elif dice < 0.4:
            panel.control("pause")
            await self._pause(0.5, 2.0)
            panel.control("step")
            panel.control("resume")
        elif dice < 0.5:
            panel.control("lr", value=panel.data["lr"] / 2)
        elif dice < 0.6:
            await self._slide()


def places(widget: Widget, stops: int) -> list[float]:
    """The places that a slider passes on its way over so many stops, its own left out: stops of a list by number, else values."""
    it = widget.element
    if it.type == it.SELECT_SLIDER:
        now, low, high, step = float(list(it.options).index(widget.state.string_array_value.data[0])), 0, len(it.options) - 1, 1
    else:
        now, low, high, step = widget.state.double_array_value.data[0], it.min, it.max, it.step
    towards = step if stops > 0 else -step
    way = [now + towards * n for n in range(1, abs(stops) + 1)]
    return [place for place in way if low <= place <= high]


def value_at(widget: Widget, place: float) -> dict[str, Any]:
    """A slider's state at a place of its own."""
    if widget.element.type == widget.element.SELECT_SLIDER:
        return {"string_array_value": [widget.element.options[int(place)]]}
    return {"double_array_value": [place]}
