"""One training process, warm before its first run: `python -m cnnviz.runners.worker`, spoken to over stdin and stdout.

In: ("run", id, {variant: experiment as JSON}, *(operation, value)), whose operations hold from its first step, and
("control", id, operation, value). Out: READY, then News. All are pickled: both ends are cnnviz's own, and what a user chose
crosses as JSON text. The process ends when its parent does.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple

from cnnviz import heap
from cnnviz.engine.experiment import Experiment, ExperimentError
from cnnviz.runners.control import Cancelled, Control
from cnnviz.runners.news import Outbox, send
from cnnviz.settings import settings

READY = "ready"
NICENESS = 10
OWN_FAULT = (
    "Training failed through a fault of cnnviz itself, which the server's log shows. Change a setting and press Train again."
)
NO_MEMORY = "The network and its batch do not fit into memory: choose a smaller width, depth or batch size."


class Job(NamedTuple):
    """A run that was asked for."""

    run: str
    variants: Mapping[str, str]
    control: Control


def main() -> None:
    """Claim the pipes, warm up, then train what comes until the parent is gone."""
    incoming, outgoing = claim_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end ends this process too
    threading.excepthook = die
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    outbox = Outbox(outgoing)
    jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
    threading.Thread(target=listen, args=(incoming, jobs, outbox), name="listener", daemon=True).start()
    heap.keep()
    warm_up()
    send(outgoing, READY)
    while True:
        work(jobs.get(), outbox)
        heap.give_back()


def claim_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The parent's two pipes, for us alone: from now on whatever prints to stdout goes to stderr, and stdin is empty."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return incoming, outgoing


def die(problem: threading.ExceptHookArgs) -> None:
    """A thread's fault ends the process, which the parent notices, instead of leaving it deaf or mute."""
    traceback.print_exception(problem.exc_value)
    os._exit(1)


def listen(incoming: BinaryIO, jobs: queue.SimpleQueue[Job], outbox: Outbox) -> None:
    """Take runs and controls until the parent closes its end, then end the process, whatever it is doing."""
    current: Job | None = None
    while True:
        try:
            kind, run, *rest = pickle.load(incoming)
        except EOFError:
            os._exit(0)
        if kind == "run":
            variants, *controls = rest
            current = Job(run, variants, Control(outbox.state, outbox.altered))
            for operation, value in controls:
                current.control.apply(operation, value)
            jobs.put(current)
        elif current and current.run == run:
            current.control.apply(*rest)


def warm_up() -> None:
    """Import torch and make one whole step of both kinds of network on the usual data: "imported" alone is not warm."""
    import torch

    from cnnviz.engine.train import record_together

    torch.set_num_threads(settings.thread_count)
    once = {"steps": 1, "snapshots": 2, "histograms": 2, "evaluations": 2}
    try:
        record_together({"A": Experiment.of(net="mlp", **once), "B": Experiment.of(net="cnn", depth=4, width=8, **once)})
    except Exception:  # data that is missing, say, is told to the run that asks for it; others can be served
        traceback.print_exc()


def work(job: Job, outbox: Outbox) -> None:
    """Train one run to its end and tell how it ended."""
    outbox.begin(job.run, job.control, len(job.variants))
    try:
        train(job, outbox)
    except Cancelled:
        outbox.over("cancelled")
    except ExperimentError as problem:
        outbox.over("failed", str(problem))
    except Exception as problem:
        outbox.over("failed", NO_MEMORY if out_of_memory(problem) else OWN_FAULT, traceback.format_exc())
    else:
        outbox.over("finished")


def train(job: Job, outbox: Outbox) -> None:
    """Pass on what the engine measures."""
    from cnnviz.engine.train import train_together

    experiments = {variant: Experiment.from_json(text) for variant, text in job.variants.items()}
    for variant, snapshot in train_together(experiments, job.control, outbox.begun, outbox.closed):
        outbox.measured(variant, snapshot)
        job.control.measured(snapshot.step)


def out_of_memory(problem: Exception) -> bool:
    """Whether Python, torch's CPU allocator or a GPU had no memory left."""
    return isinstance(problem, MemoryError) or any(words in str(problem) for words in ("out of memory", "can't allocate memory"))


if __name__ == "__main__":
    main()
