"""The benchmark's learners still say what a browser says, to Streamlit and to the live channel."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.classroom.figures import Figures, percentile
from benchmarks.classroom.learner import places, value_at
from benchmarks.classroom.machine import Server, served
from benchmarks.classroom.panel import Panel, Seen, is_panel
from benchmarks.classroom.session import Session

LESSON = "vanishing_gradients"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served({"CNNVIZ_WORKERS": "1", "CNNVIZ_THREADS": "1"}, settled=0) as running:
        yield running


class Tab:
    """A browser tab: a session and the panels that its pages draw."""

    def __init__(self, address: str) -> None:
        self.figures = Figures()
        self.panels: dict[str, Panel] = {}
        self.gone: list[str] = []
        self.asked = ""  # by its address, for the run
        self.address = address
        self.session = Session(address, self.figures, self.drew, self.gone.append)

    def drew(self, id: str, data: object) -> None:
        assert isinstance(data, dict)
        if is_panel(data):
            if id not in self.panels:
                self.panels[id] = Panel(self.address, self.figures, lambda state: self.session.tell(id, state), {}, lambda: True)
            self.panels[id].update(data)

    def widget(self, name: str) -> str:
        (found,) = (id for id in self.session.widgets if id.endswith(f"-{LESSON}.{name}"))
        return found

    async def move(self, name: str, stops: int) -> None:
        id = self.widget(name)
        widget = self.session.widgets[id]
        await self.session.set(id, **value_at(widget, places(widget, stops)[-1]))

    async def close(self) -> None:
        for panel in self.panels.values():
            await panel.close()
        await self.session.close()


async def a_lesson(address: str) -> Tab:
    """Open a lesson, move two sliders, train with a connection that breaks, go to another page."""
    tab = Tab(address)
    try:
        await tab.session.open(LESSON)
        await tab.move("depth", 2)
        await tab.move("steps", -99)
        tab.asked = tab.session.query
        (panel,) = tab.panels.values()
        panel.start(step=True)
        assert await panel.until(lambda: panel.run is not None and panel.run.state == "paused", 60)
        await panel.cut()
        panel.control("resume")
        assert await panel.until(lambda: not panel.active and tab.figures.compared == 1, 60)
        await tab.session.visit("")  # home, where nothing trains
    finally:
        await tab.close()
    return tab


def test_two_learners_move_sliders_train_lose_their_connection_and_miss_nothing(server: Server) -> None:
    async def both() -> list[Tab]:
        return await asyncio.gather(a_lesson(server.address), a_lesson(server.address))

    with ThreadPoolExecutor(1) as apart:  # a browser that other tests have open keeps a loop running in this thread
        tabs = apart.submit(lambda: asyncio.run(both())).result()
    for tab in tabs:
        figures = tab.figures
        assert (figures.errors, figures.lost, figures.refused) == ([], [], [])
        assert tab.asked == "v=1&depth=10&steps=100"
        assert {asked_by: len(times) for asked_by, times in figures.answers.items() if asked_by != "panel"} == {
            "open": 1,
            "slider": 2,
            "change page": 1,
        }
        assert (figures.ended, list(figures.steps.values()), figures.cuts) == ({"done": 1}, [100], 1)
        assert figures.ages
        assert all(0 < age < 60 for age in figures.ages)
        assert [id for id in tab.gone if id in tab.panels] == list(tab.panels)
    assert server.faults() == []


def test_the_server_and_its_workers_are_weighed(server: Server) -> None:
    memory = server.memory()
    assert memory.workers == 2  # one and the spare
    assert 50 < memory.server < 1_000
    assert 100 < memory.training < 4_000


def test_a_missing_update_is_noticed() -> None:
    layers: dict[str, object] = {"layers": ["fc1"], "about": {}}
    seen = Seen()
    assert seen.extend({"from": 0, "steps": [0, 1], "columns": {"loss": {"rows": [0, 1]}}, **layers})
    assert seen.extend({"from": 2, "steps": [2], "columns": {"loss": {"rows": [2]}}})
    assert (seen.steps, seen.rows) == ([0, 1, 2], {"loss": [0, 1, 2]})
    assert not seen.extend({"from": 4, "steps": [4], "columns": {}})


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 2), (0.75, 3), (0.76, 4), (1.0, 4)])
def test_a_percentile_is_one_of_the_values(share: float, value: float) -> None:
    assert percentile([4, 1, 3, 2], share) == value
