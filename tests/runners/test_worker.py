"""The worker process: spoken to over its pipes, deaf to stray prints, gone with its parent."""

import pickle
import signal
import subprocess
import sys

import pytest

from cnnviz import heap
from cnnviz.engine.experiment import Experiment, ExperimentError
from cnnviz.runners import worker
from cnnviz.runners.control import Control
from cnnviz.runners.news import News
from cnnviz.runners.process import environment, exit_words
from cnnviz.settings import Settings

SMALL = Experiment.of(dataset="moons", train_examples=100, test_examples=100, depth=2, width=8, steps=20, snapshots=5)
ENDLESS = Experiment.of(dataset="moons", train_examples=100, test_examples=100, depth=2, width=8, steps=200_000)


class Child:
    """A worker process, spoken to as the runner does."""

    def __init__(self, program):
        self.process = subprocess.Popen(
            [sys.executable, *program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(Settings(workers=1, threads=1)),
        )

    def send(self, *message):
        self.process.stdin.write(pickle.dumps(message))
        self.process.stdin.flush()

    def next(self):
        return pickle.load(self.process.stdout)

    def news_until_over(self):
        news = [self.next()]
        while not news[-1].over:
            news.append(self.next())
        return news

    def close(self):
        """The exit code, and what stood on stderr."""
        self.process.stdin.close()
        code = self.process.wait(120)
        self.process.stdout.close()
        with self.process.stderr as stream:
            return code, stream.read().decode()


NOISY = """
import os, sys
from cnnviz.engine import train
from cnnviz.runners import worker

quiet = train.train_together

def loud(*args, **named):
    print("a stray print")
    os.write(1, b"a stray write\\n")
    assert sys.stdin.read() == ""
    return quiet(*args, **named)

train.train_together = loud
worker.main()
"""


@pytest.fixture(scope="module")
def child():
    """A worker whose engine prints, for all tests. At last its parent leaves it in the midst of a run."""
    child = Child(["-c", NOISY])
    assert child.next() == worker.READY
    yield child
    child.send("run", "last", {"A": ENDLESS.to_json()})
    assert isinstance(child.next(), News)
    code, errors = child.close()
    assert code == 0
    assert "a stray print" in errors
    assert "a stray write" in errors
    assert "Traceback" not in errors


def test_a_run_is_told_from_its_beginning_to_its_end(child):
    child.send("run", "r1", {"A": SMALL.to_json(), "B": SMALL.to_json()})
    news = child.news_until_over()
    assert {n.run for n in news} == {"r1"}
    begun = next(n.begun for n in news if n.begun)
    assert set(begun) == {"A", "B"}
    assert begun["A"][0] == ("fc1", "fc2")
    assert begun["A"][1]["threads"] == 1
    for variant in "AB":
        steps = [s.step for n in news for s in n.snapshots.get(variant, [])]
        assert (steps[0], steps[-1], len(steps)) == (0, 20, 5)
    assert (news[-1].over, news[-1].sentence, news[-1].trace) == ("finished", "", "")
    endings = {variant: ending for n in news for variant, ending in n.endings.items()}
    assert {variant: (ending.state, ending.step) for variant, ending in endings.items()} == {"A": ("done", 20), "B": ("done", 20)}


BUSY = """
import time
from cnnviz.runners import worker

worker.warm_up = lambda: None
worker.train = lambda *args: time.sleep(1e4)
worker.main()
"""


def test_that_a_run_has_been_taken_is_told_before_anything_is_measured():
    child = Child(["-c", BUSY])
    assert child.next() == worker.READY
    child.send("run", "r1", {"A": SMALL.to_json()})
    assert child.next() == News("r1")
    child.close()


HEAPS = """
from cnnviz import heap
from cnnviz.runners import worker

keep = heap.keep
heap.keep = lambda: print("kept", keep())
heap.give_back = lambda: print("given back")
worker.warm_up = lambda: print("warmed up")
worker.main()
"""


def test_a_worker_keeps_what_steps_free_from_the_start_and_gives_it_back_after_each_run():
    child = Child(["-c", HEAPS])
    assert child.next() == worker.READY
    for run in ("r1", "r2"):
        child.send("run", run, {"A": "no JSON"})
        assert child.news_until_over()[-1].over == "failed"
    child.send("run", "r3", {"A": ENDLESS.to_json()})
    child.next()
    _code, errors = child.close()
    assert errors.split("\n")[:4] == [f"kept {heap.glibc() is not None}", "warmed up", "given back", "given back"]


def test_an_experiment_that_can_not_be_trained_is_told_in_the_engines_own_sentence(child):
    child.send("run", "r2", {"A": '{"version":1,"depth":1}'})
    (news,) = child.news_until_over()
    assert (news.over, news.sentence, news.trace) == ("failed", "depth (=1) must be between 2 and 100 layers.", "")


def test_controls_reach_the_run_that_they_name_and_no_other(child):
    child.send("run", "r3", {"A": ENDLESS.to_json()})
    child.send("control", "r2", "cancel", None)
    child.send("control", "r3", "pause", None)
    while (news := child.next()).state != "paused":
        assert not news.over
    child.send("control", "r3", "cancel", None)
    assert child.news_until_over()[-1].over == "cancelled"


def test_what_a_run_starts_with_holds_from_its_first_step(child):
    child.send("run", "r5", {"A": ENDLESS.to_json()}, ("step", None))
    news = []
    while not news or news[-1].state != "paused":
        news.append(child.next())
    assert [n.step for n in news][-1] == 1
    child.send("control", "r5", "cancel", None)
    assert child.news_until_over()[-1].over == "cancelled"


def test_ctrl_c_in_the_terminal_is_left_to_the_parent(child):
    child.process.send_signal(signal.SIGINT)
    child.send("run", "r4", {"A": SMALL.to_json()})
    assert child.news_until_over()[-1].over == "finished"


class Notes:
    """An outbox that only remembers."""

    def __init__(self):
        self.last = None

    def begin(self, *args):
        pass

    begun = closed = measured = begin

    def over(self, *words):
        self.last = words


@pytest.mark.parametrize(
    ("problem", "sentence", "traced"),
    [
        (ExperimentError("width (=7) must be even."), "width (=7) must be even.", False),
        (ZeroDivisionError("a secret path"), worker.OWN_FAULT, True),
        (MemoryError(), worker.NO_MEMORY, True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes."), worker.NO_MEMORY, True),
        (RuntimeError("CUDA out of memory. Tried to allocate 1 bytes."), worker.NO_MEMORY, True),
    ],
)
def test_a_fault_is_told_in_a_sentence_and_its_trace_is_for_the_log(monkeypatch, problem, sentence, traced):
    from cnnviz.engine import train

    def fail(*args):
        raise problem

    monkeypatch.setattr(train, "train_together", fail)
    notes = Notes()
    worker.work(worker.Job("r", {"A": SMALL.to_json()}, Control(lambda state: None)), notes)
    how, said, *trace = notes.last
    assert (how, said, bool(trace)) == ("failed", sentence, traced)
    assert "a secret path" not in said
    assert all(type(problem).__name__ in text for text in trace)


@pytest.mark.parametrize(("code", "words"), [(-9, "signal 9"), (1, "exit code 1"), (0, "exit code 0")])
def test_an_exit_is_put_into_words(code, words):
    assert exit_words(code) == words


def test_the_environment_hands_the_settings_on():
    chosen = environment(Settings(workers=3, threads=2, device="cpu", grace_seconds=1.5))
    assert (chosen["CNNVIZ_DEVICE"], chosen["CNNVIZ_THREADS"], chosen["OMP_NUM_THREADS"]) == ("cpu", "2", "2")


def test_a_threads_fault_ends_the_process_instead_of_leaving_it_deaf():
    child = Child(
        ["-c", "import threading, time; from cnnviz.runners import worker; worker.warm_up = lambda: None; worker.main()"]
    )
    assert child.next() == worker.READY
    child.process.stdin.write(b"no pickle at all")
    child.process.stdin.flush()
    code, errors = child.close()
    assert code == 1
    assert "UnpicklingError" in errors
