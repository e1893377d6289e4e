"""One run that a whole lecture hall follows: how old its numbers are when they arrive."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any

import orjson
from websockets.asyncio.client import connect

from benchmarks.classroom.figures import Figures
from benchmarks.classroom.panel import LARGEST_MESSAGE, Panel, is_panel
from benchmarks.classroom.session import Session

LESSON = "vanishing_gradients"
FOLLOWED_SECONDS = 15.0
AT_ONCE = 20
MADE = re.compile(r'\{"type":"delta","after":\d+,"n":\d+,"made":([\d.]+)')


async def followed(address: str, watchers: int) -> list[float]:
    """The ages in seconds of the newest number in each live update that reached each of so many watchers of one long run.

    Raises RuntimeError with the page's or the panel's words where there is no run to follow.
    """
    figures, panels = Figures(), dict[str, Panel]()

    def drew(id: str, data: Mapping[str, Any]) -> None:
        if is_panel(data) and id not in panels:
            panels[id] = Panel(address, figures, lambda state: session.tell(id, state), {}, lambda: False)
        if is_panel(data):
            panels[id].update(data)

    session = Session(address, figures, drew, lambda id: None)
    await session.open(LESSON)
    (steps,) = (id for id in session.widgets if id.endswith(".steps"))
    await session.set(steps, string_array_value=[session.widgets[steps].element.options[-1]])
    (panel,) = panels.values()
    panel.start()
    if not await panel.until(lambda: panel.run is not None and panel.run.state == "running", 60):
        raise RuntimeError(f"There is no run to follow: {figures.refused or figures.errors}")
    assert panel.run
    ages: list[float] = []
    joining = asyncio.Semaphore(AT_ONCE)
    watch = {"op": "watch", "run": panel.run.id, "token": panel.run.view}
    await asyncio.gather(*(_watch(address, orjson.dumps(watch).decode(), ages, joining) for _ in range(watchers)))
    await panel.close()
    await session.close()
    return ages


async def _watch(address: str, ask: str, ages: list[float], joining: asyncio.Semaphore) -> None:
    """Follow the run for a while. What comes before the first status is old, and does not count."""
    url = f"{address.replace('http', 'ws', 1)}/cnnviz/live"
    async with joining:
        socket = await connect(url, origin=address, max_size=LARGEST_MESSAGE, compression=None, proxy=None)
        await socket.send(ask)
    current = False
    try:
        async with asyncio.timeout(FOLLOWED_SECONDS):
            async for text in socket:
                arrived = time.monotonic()
                told = str(text)
                current |= told.startswith('{"type":"status"')
                made = MADE.match(told)
                if made and current:
                    ages.append(arrived - float(made.group(1)))
    except TimeoutError:
        pass
    finally:
        await socket.close()
