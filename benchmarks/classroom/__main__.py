"""How a class of thirty fares on this machine: `python -m benchmarks.classroom --help`. Linux only: it reads /proc."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.classroom.browser import Tally
from benchmarks.classroom.figures import Figures, percentile
from benchmarks.classroom.hall import followed
from benchmarks.classroom.learner import Learner
from benchmarks.classroom.machine import Memory, Server, served
from cnnviz import console, lessons

SOAK_SECONDS = 1_800
SOAK_PACE = 6.0
ARRIVAL_SECONDS = 15.0  # the class comes in over this time
WINDOW = 30  # seconds over which memory is averaged
ANSWER_GOAL, AGE_GOAL, GROWTH_GOAL = 1.0, 0.1, 0.1


@dataclass
class Report:
    """What a class's time came to. memory: by the second, from the start; cpu: seconds of the server, of its workers."""

    seconds: float
    clients: int
    figures: Figures
    memory: dict[int, Memory] = field(default_factory=dict)
    cpu: tuple[float, float] = (0.0, 0.0)
    browsers: list[Tally] = field(default_factory=list)
    hall: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def errors(self) -> list[str]:
        return [*self.figures.errors, *self.faults, *(error for tally in self.browsers for error in tally.errors)]

    @property
    def growth(self) -> float:
        """Memory of all in the last half minute over that in the half minute after the first, less 1: what the workers have at
        one moment depends on what they train."""
        end = max(self.memory)
        return self._memory_in(max(end - WINDOW, 0), end) / self._memory_in(60, 60 + WINDOW) - 1

    def _memory_in(self, first: float, last: float) -> float:
        """The mean of what was measured between two seconds; where nothing was, what is nearest to the first."""
        nearest = min(self.memory, key=lambda second: abs(second - first))
        chosen = [memory for second, memory in self.memory.items() if first <= second <= last] or [self.memory[nearest]]
        return fmean(memory.server + memory.training for memory in chosen)


async def taught(server: Server, given: argparse.Namespace) -> Report:
    """A class at its work, from the first learner's coming to the bell."""
    report = Report(given.seconds, given.clients, Figures())
    before = server.cpu_seconds()
    pages = ["", *lessons.all_pages()]
    class_ = [
        Learner(server.address, report.figures, pages, random.Random(f"{given.seed}.{number}"), given.pace)
        for number in range(given.clients)
    ]
    late = random.Random(given.seed)
    watch = asyncio.create_task(_weighed(server, report, given.soak))
    browsers = [await _browser(server, given, number) for number in range(given.browsers)]
    await asyncio.gather(
        *(learner.work(given.seconds, late.uniform(0, min(ARRIVAL_SECONDS, given.seconds / 10))) for learner in class_)
    )
    after = server.cpu_seconds()
    report.cpu = (after[0] - before[0], after[1] - before[1])
    report.browsers = [await _told(browser) for browser in browsers]
    watch.cancel()
    report.memory[round(given.seconds)] = server.memory()
    return report


async def _weighed(server: Server, report: Report, aloud: bool) -> None:
    """Memory every ten seconds; of a soak also said each minute."""
    began = time.monotonic()
    while True:
        second = round(time.monotonic() - began)
        report.memory[second] = memory = await asyncio.to_thread(server.memory)
        if aloud and second % 60 < 10:
            print(f"{second // 60:>4} min {_memory_text(memory)}", flush=True)
        await asyncio.sleep(10 - (time.monotonic() - began) % 10)


async def _browser(server: Server, given: argparse.Namespace, number: int) -> asyncio.subprocess.Process:
    command = ["-m", "benchmarks.classroom.browser", server.address, f"{given.seed}{number}"]
    return await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)


async def _told(browser: asyncio.subprocess.Process) -> Tally:
    """What a browser did up to its last whole lesson. It is ended where it stands."""
    if browser.returncode is None:
        browser.terminate()
    output, _ = await browser.communicate()
    lines = output.decode().splitlines()
    return Tally(**json.loads(lines[-1])) if lines else Tally(errors=["A browser came to the end of no lesson."])


def print_report(report: Report) -> None:
    """The table."""
    figures, seconds = report.figures, report.seconds
    print(f"\nA class of {report.clients} and {len(report.browsers)} browsers for {seconds:.0f} s, {os.cpu_count()} cores")
    for asked_by, times in [("all", figures.all_answers), *sorted(figures.answers.items())]:
        _row(f"page's answer: {asked_by}", times)
    _row("in browsers: slider's move to script's end", [t for tally in report.browsers for t in tally.reruns])
    _row("press of Train to a worker", figures.queued)
    _row("press of Train to the first numbers", figures.first_frames)
    _row("age of a live update's newest number", figures.ages)
    _row("the same, one run followed by a hall", report.hall)
    _count("pages opened, presses of Train and instant runs", f"{figures.pages}, {len(figures.queued)}, {figures.begun}")
    _count("runs ended", ", ".join(f"{count} {state}" for state, count in sorted(figures.ended.items())))
    _count("refused", str(len(figures.refused)))
    _count("longest place in the queue", str(max(figures.places, default=0)))
    _count("steps a second, all runs together", f"{sum(figures.steps.values()) / seconds:,.0f}")
    _count("cores used by the server, by training", " and ".join(f"{used / seconds:.2f}" for used in report.cpu))
    _count("connections cut, gaps closed, runs compared", f"{figures.cuts}, {figures.resyncs}, {figures.compared}")
    for second in _moments(report.memory):
        _count(f"memory after {second} s", _memory_text(report.memory[second]))
    _count("growth since the first minute", f"{report.growth:+.1%}")
    _count("lost updates", str(len(figures.lost)))
    _count("errors", str(len(report.errors)))
    for words in dict.fromkeys([*figures.lost, *report.errors, *figures.refused]):
        print(f"    {words}")


def _moments(memory: Mapping[int, Memory]) -> list[int]:
    return sorted({min(memory), min(memory, key=lambda second: abs(second - 60)), max(memory)})


def _memory_text(memory: Memory) -> str:
    return f"server {memory.server:,.0f} MB, {memory.workers} workers {memory.training:,.0f} MB"


def _row(name: str, seconds: Sequence[float]) -> None:
    half, most, longest = (1_000 * percentile(seconds, share) for share in (0.5, 0.95, 1.0))
    print(f"  {name:<48} p50 {half:>7,.0f}  p95 {most:>7,.0f}  max {longest:>7,.0f} ms  ({len(seconds):,})")


def _count(name: str, text: str) -> None:
    print(f"  {name:<48} {text}")


def verdicts(report: Report) -> dict[str, bool]:
    """Each goal, and whether it was met."""
    return {
        f"95 % of a page's answers in under {ANSWER_GOAL:g} s": percentile(report.figures.all_answers, 0.95) < ANSWER_GOAL,
        f"95 % of a hall's updates younger than {AGE_GOAL:g} s": not report.hall or percentile(report.hall, 0.95) < AGE_GOAL,
        f"memory grows by less than {GROWTH_GOAL:.0%} after the first minute": report.growth < GROWTH_GOAL,
        "no error": not report.errors,
        "no lost update": not report.figures.lost,
    }


def to_json(report: Report) -> dict[str, Any]:
    """Everything that was measured, times in seconds."""
    return {**asdict(report), "errors": report.errors, "growth": report.growth, "goals": verdicts(report)}


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.classroom", description=__doc__)
    options.add_argument("--seconds", type=float, help=f"how long the class works (180; of a soak {SOAK_SECONDS:,})")
    options.add_argument("--clients", type=int, default=30, help="learners, as websocket clients (30)")
    options.add_argument("--browsers", type=int, default=2, help="real browsers beside them (2)")
    options.add_argument("--hall", type=int, default=200, help="who follow one run after the class, 0 for none (200)")
    options.add_argument("--seed", type=int, default=0, help="of what learners choose (0)")
    options.add_argument("--soak", action="store_true", help="half an hour at a low rate, memory said each minute")
    options.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured there")
    return options


def main() -> int:
    given = parser().parse_args()
    given.seconds = given.seconds or (SOAK_SECONDS if given.soak else 180.0)
    given.pace = SOAK_PACE if given.soak else 1.0
    with served({}) as server:
        report = asyncio.run(taught(server, given))
        if given.hall:
            report.hall = asyncio.run(followed(server.address, given.hall))
        report.faults = server.faults()
    print_report(report)
    print()
    for goal, met in verdicts(report).items():
        print(f"  {'met    ' if met else 'MISSED '} {goal}")
    if given.json:
        given.json.write_text(json.dumps(to_json(report)), encoding="utf-8")
    return 1 if report.errors or report.figures.lost else 0


if __name__ == "__main__":
    console.print_utf8()
    sys.exit(main())
