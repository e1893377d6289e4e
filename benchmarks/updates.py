"""What an update of a live run costs the server: a real worker trains, and browsers' stand-ins watch from another process.

The server's CPU time holds all of it: what the worker says is read and appended, encoded once, and sent to each watcher.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace as changed

import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import connect

from cnnviz import console, lessons, replace, store
from cnnviz.engine.experiment import Experiment
from cnnviz.live.channel import Channels
from cnnviz.live.routes import routes
from cnnviz.runners.local import LocalRunner
from cnnviz.settings import settings

WATCHERS = (1, 30, 200)
COUNTED_SECONDS = 6.0
PRESET = "vanishing_gradients/sigmoid"
LONGER = 10  # times the preset's steps and snapshots: as dense as a learner's run, but it lasts
PATIENCE_SECONDS = 120.0
MESSAGE_BYTES = 1 << 24


def variants() -> dict[str, Experiment]:
    """The first lesson's two networks, in a run that lasts."""
    slug, name = PRESET.split("/")
    return {
        letter: replace(
            it, steps=it.steps * LONGER, snapshots=it.measure.snapshots * LONGER, histograms=it.measure.histograms * LONGER
        )
        for letter, it in lessons.find(slug).presets[name].variants.items()
    }


@contextmanager
def served(runner: LocalRunner) -> Iterator[str]:
    """The address of the course's own routes, on a server in this process."""
    app = Starlette(routes=routes(runner, store.shared(), Channels(settings.frames_per_second)))
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="websockets-sansio"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def measured(runner: LocalRunner, address: str, watchers: int) -> tuple[float, float, float]:
    """Of one run with so many watchers: updates a second to each, the server's CPU milliseconds an update, bytes an update."""
    run = runner.submit(variants(), "benchmark", f"page {watchers}")
    try:
        command = [sys.executable, "-m", "benchmarks.updates", address, run.id, run.view, str(watchers)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as crowd:
            assert crowd.stdout
            if not crowd.stdout.readline():  # a line once numbers come to all of them
                raise RuntimeError("The watchers saw no update; what stopped them stands above.")
            began = time.process_time()
            updates, size = map(int, crowd.stdout.readline().split())
            used = time.process_time() - began
    finally:
        run.controls.control(run, "cancel")
    each = updates / watchers
    return each / COUNTED_SECONDS, 1_000 * used / each, size / updates


async def watch(address: str, run: str, token: str, watchers: int) -> None:
    """Print a line once all have had an update, and, after the counted seconds, how many more came to all, and their bytes."""
    told, counted = asyncio.Semaphore(0), [0, 0]

    async def one() -> None:
        async with connect(
            f"ws://{address}/cnnviz/live", origin=f"http://{address}", max_size=MESSAGE_BYTES, compression=None
        ) as live:
            await live.send(json.dumps({"op": "watch", "run": run, "token": token}))
            async for text in live:
                if text.startswith('{"type":"delta"'):
                    told.release()
                    counted[0] += 1
                    counted[1] += len(text)

    async with asyncio.TaskGroup() as group:
        crowd = [group.create_task(one()) for _ in range(watchers)]
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in crowd:
                await told.acquire()
        print(flush=True)
        counted[:] = [0, 0]
        await asyncio.sleep(COUNTED_SECONDS)
        print(*counted, flush=True)
        for task in crowd:
            task.cancel()


def main() -> None:
    runner = LocalRunner(changed(settings, workers=1, grace_seconds=PATIENCE_SECONDS))
    runner.start()
    print(f"\nUpdates of a live run, two networks of eight layers; {COUNTED_SECONDS:.0f} s each; the server's own CPU time")
    try:
        with served(runner) as address:
            for watchers in WATCHERS:
                rate, milliseconds, size = measured(runner, address, watchers)
                told = f"{rate:>8.1f} updates/s {milliseconds:>8.2f} ms an update {size / 1e3:>8.1f} kB each"
                print(f"  {watchers:>4} watching {told}", flush=True)
    finally:
        runner.close()


if __name__ == "__main__":
    console.print_utf8()
    if len(sys.argv) > 1:
        address, run, token, watchers = sys.argv[1:]
        asyncio.run(watch(address, run, token, int(watchers)))
    else:
        main()
