"""The local runner, end to end with the real engine: one pool of two workers and a spare serves nearly all tests."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace as changed

import numpy as np
import pytest

from cnnviz.engine.experiment import Experiment, replace
from cnnviz.runners import local, process
from cnnviz.runners import pool as pool_of_workers
from cnnviz.runners.base import RefusedError
from cnnviz.runners.local import LocalRunner
from cnnviz.settings import Settings
from cnnviz.store import Store

SETTINGS = Settings(workers=2, threads=1, runs_per_learner=2, queue=4)
SHORT = Experiment.of(
    dataset="moons", train_examples=200, test_examples=100, depth=3, width=8, batch_size=16, steps=40, snapshots=10, seed=7
)
ENDLESS = replace(SHORT, steps=200_000)
LOOK = replace(SHORT, steps=0, snapshots=2, histograms=0, evaluations=0)
needs_stop = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no such signal here")
DIGITS = Experiment.of(dataset="digits", train_examples=500, test_examples=100, depth=4, width=16, steps=60, snapshots=20)


@pytest.fixture(scope="module")
def pool():
    runner = LocalRunner(SETTINGS)
    runner.start()
    yield runner
    runner.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("worker", "supervisor"))]


@pytest.fixture
def runner(pool):
    """The pool with all its places and no run, before and after."""
    wait_for(lambda: idle(pool) >= SETTINGS.worker_count)
    yield pool
    for job in list(pool._jobs.values()):
        pool.control(job.run, "cancel")
        until(job.run, lambda run: run.ended)


@contextmanager
def watched(run):
    """Watch a run, as a page does."""
    stop = run.listen(lambda: None)
    try:
        yield run
    finally:
        stop()


def until(run, condition, seconds=300.0):
    """Wait for what a run is told to make the condition true."""
    told = threading.Event()
    stop = run.listen(told.set)
    end = time.monotonic() + seconds
    try:
        while not condition(run):
            assert told.wait(end - time.monotonic()), f"waited too long: {run.status}"
            told.clear()
    finally:
        stop()
    return run


def wait_for(condition, seconds=300.0):
    """Wait for something that nobody is told of."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def ended(run):
    return until(run, lambda run: run.ended)


def going(run):
    """A run that has begun to measure."""
    return until(run, lambda run: any(len(recording) for recording in run.recordings().values()))


def submit(runner, experiment=ENDLESS, learner="ada", page="page"):
    return runner.submit({"A": experiment}, learner, page)


def idle(runner):
    return sum(worker.idle for worker in runner._pool.workers)


def worker_of(runner, run):
    return runner._jobs[run.id].worker


def assert_same_numbers(there, here):
    """Two recordings are equal in everything but the time they took."""
    assert there.layers == here.layers
    assert there.about == here.about
    assert there.ending == here.ending or (there.ending.state, there.ending.step) == (here.ending.state, here.ending.step)
    assert set(there.names) == set(here.names)
    for name in sorted(set(here.names) - {"seconds"}):
        np.testing.assert_array_equal(there.steps_of(name), here.steps_of(name), err_msg=name)
        np.testing.assert_array_equal(there.column(name), here.column(name), err_msg=name)


# What a run tells


def test_the_numbers_are_those_of_recording_in_this_process(runner):
    import torch

    import cnnviz

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        here = cnnviz.record(DIGITS)
    finally:
        torch.set_num_threads(threads)
    there = ended(submit(runner, DIGITS)).recordings()["A"]
    assert_same_numbers(there, here)


def test_a_finished_run_says_what_was_done(runner):
    run = ended(submit(runner, SHORT))
    status = run.status
    assert (status.state, status.place, status.step, status.steps) == ("done", 0, 40, 40)
    assert (status.examples, status.seed, status.lr, status.sentence) == (640, 7, None, "")
    assert status.device == run.recordings()["A"].about["device"]
    assert run.recordings()["A"].ending.state == "done"


def test_variants_are_trained_in_lockstep(runner):
    variants = {"A": SHORT, "B": replace(SHORT, activation="tanh"), "C": replace(SHORT, depth=5)}
    run = ended(runner.submit(variants, "ada", "page"))
    recordings = run.recordings()
    assert {name: recording.experiment for name, recording in recordings.items()} == variants
    assert {tuple(recording.steps) for recording in recordings.values()} == {tuple(recordings["A"].steps)}
    assert {name: len(recording.layers) for name, recording in recordings.items()} == {"A": 3, "B": 3, "C": 5}


def test_the_first_frame_holds_every_variant(runner):
    run = runner.submit({"A": ENDLESS, "B": ENDLESS}, "ada", "page")
    until(run, lambda run: len(run.recordings()) == 2 and all(len(r) for r in run.recordings().values()))
    new, counts, status = run.deltas({})
    assert [delta["steps"][0] for delta in new.values()] == [0, 0]
    assert min(counts.values()) >= 1
    assert status.state == "running"


def test_what_is_told_bit_by_bit_adds_up_to_the_whole(runner):
    run, counts, steps = submit(runner, replace(DIGITS, steps=400, snapshots=100)), {}, []

    def take():
        nonlocal counts
        new, counts, _ = run.deltas(counts)
        steps.extend(new["A"]["steps"] if new else [])

    stop = run.listen(take)
    ended(run)
    take()
    stop()
    assert steps == run.recordings()["A"].steps.tolist()


def test_progress_comes_between_snapshots_with_speed_and_time_left(runner):
    run = until(submit(runner, replace(ENDLESS, snapshots=2)), lambda run: run.status.steps_per_second is not None)
    assert run.status.step > 0
    assert run.status.examples == 16 * run.status.step
    left = (run.status.steps - run.status.step) / run.status.steps_per_second
    assert run.status.seconds_left == pytest.approx(left)
    assert len(run.recordings()["A"]) == 1


def test_a_divergence_is_a_result(runner):
    exploding = replace(DIGITS, init_scale=100.0, lr=100.0, steps=200)
    run = ended(submit(runner, exploding))
    ending = run.recordings()["A"].ending
    assert (run.status.state, ending.state) == ("diverged", "diverged")
    assert run.status.sentence == ending.sentence
    assert run.status.step == ending.step < 200


def test_a_run_is_done_where_one_of_its_variants_diverged_and_says_which(runner):
    run = ended(runner.submit({"A": replace(DIGITS, init_scale=100.0, lr=100.0), "B": DIGITS}, "ada", "page"))
    recordings = run.recordings()
    assert (run.status.state, recordings["A"].ending.state, recordings["B"].ending.state) == ("done", "diverged", "done")
    assert run.status.sentence == f"A: {recordings['A'].ending.sentence}"
    assert run.status.step == 60


def test_an_experiment_that_can_not_be_trained_fails_with_the_engines_sentence(runner):
    run = ended(runner.submit({"A": SHORT, "B": replace(SHORT, batch_size=8)}, "ada", "page"))
    assert run.status.state == "failed"
    assert "batch_size" in run.status.sentence
    assert "Traceback" not in run.status.sentence


# Control


def test_pause_holds_a_run_and_resume_lets_it_go_on(runner):
    run = going(submit(runner))
    runner.control(run, "pause")
    until(run, lambda run: run.status.state == "paused")
    step, count = run.status.step, len(run.recordings()["A"])
    assert (run.status.steps_per_second, run.status.seconds_left) == (None, None)
    told = threading.Event()
    stop = run.listen(told.set)
    assert not told.wait(0.3)
    stop()
    assert (run.status.step, len(run.recordings()["A"])) == (step, count)
    runner.control(run, "resume")
    until(run, lambda run: run.status.state == "running" and run.status.step > step)


def test_a_single_step_is_one_update(runner):
    run = going(submit(runner))
    runner.control(run, "pause")
    until(run, lambda run: run.status.state == "paused")
    step = run.status.step
    for more in (1, 2):
        runner.control(run, "step")
        until(run, lambda run, more=more: run.status.step == step + more)
    assert run.status.state == "paused"


def test_a_run_that_starts_with_a_step_makes_one_and_waits(runner):
    run = runner.submit({"A": ENDLESS}, "ada", "page", ("step",))
    until(run, lambda run: run.status.state == "paused" and run.status.step > 0)
    assert run.status.step == 1


def newest(run):
    """The step that a run stands at, and the one measured last."""
    return run.status.step, int(run.recordings()["A"].steps[-1])


@pytest.mark.parametrize(
    "experiment",
    [
        pytest.param(replace(SHORT, steps=5_000, snapshots=4), id="training"),
        pytest.param(replace(SHORT, steps=5_000, pretraining="autoencoder", pretraining_steps=5_000), id="pre-training"),
    ],
)
def test_a_run_that_is_paused_or_stepped_is_measured_where_it_stands(runner, experiment):
    run = runner.submit({"A": experiment}, "ada", "page", ("step",))
    until(run, lambda run: run.status.state == "paused")
    begins = run.status.step
    steps = [newest(run)]
    for more in range(1, 5):
        runner.control(run, "step")
        until(run, lambda run, more=more: run.status.step >= begins + more, seconds=60)
        steps.append(newest(run))
    assert steps == [(step, step) for step in range(begins, begins + 5)]


def test_a_new_learning_rate_takes_effect_and_is_recorded(runner):
    run = submit(runner, replace(ENDLESS, snapshots=2_000, lr=0.1))
    runner.control(going(run), "lr", 0.025)
    assert until(run, lambda run: run.status.lr == 0.025)
    until(run, lambda run: run.recordings()["A"].column("lr")[-1] == np.float32(0.025))
    rates = run.recordings()["A"].column("lr")
    assert rates[0] == np.float32(0.1)
    assert len(np.flatnonzero(np.diff(rates))) == 1
    (altered,) = run.status.altered
    steps = run.recordings()["A"].steps
    before, since = steps[rates == np.float32(0.1)], steps[rates == np.float32(0.025)]
    assert before.max() < altered[0] <= since.min()
    assert (altered[1], run.recordings()["A"].altered) == (0.025, (altered,))


def test_a_run_stops_at_the_step_that_the_watcher_chose(runner):
    run = submit(runner, replace(ENDLESS, steps=5_000))
    runner.control(run, "stop_at", 30)
    ended(run)
    assert (run.status.state, run.status.step, run.recordings()["A"].steps[-1]) == ("done", 30, 30)


def test_speed_slows_a_run_down_for_watching(runner):
    run = submit(runner, replace(ENDLESS, steps=12))
    runner.control(run, "speed", 40.0)
    began = time.monotonic()
    ended(run)
    assert time.monotonic() - began > 0.2


def test_what_is_asked_of_a_waiting_run_holds_once_it_starts(runner):
    busy = [submit(runner, learner=name) for name in ("bob", "cleo")]
    run = submit(runner)
    assert (run.status.state, run.status.place) == ("queued", 1)
    runner.control(run, "pause")
    runner.control(run, "lr", 0.5)
    runner.control(busy[0], "cancel")
    until(run, lambda run: run.status.state == "paused")
    assert (run.status.step, run.status.lr) == (0, 0.5)
    runner.control(run, "step")
    until(run, lambda run: run.recordings() and len(run.recordings()["A"]))
    assert run.recordings()["A"].column("lr")[0] == np.float32(0.5)


def test_bad_wishes_are_refused_and_change_nothing(runner):
    run = going(submit(runner))
    for operation, value in (("explode", None), ("lr", -1.0), ("speed", -1.0), ("stop_at", 10**9)):
        with pytest.raises(ValueError, match=f"{operation}"):
            runner.control(run, operation, value)
    assert (run.status.state, run.status.lr) == ("running", None)


def test_a_run_that_has_ended_stays_as_it_is(runner):
    run = ended(submit(runner, SHORT))
    before = run.status
    for operation, value in (("resume", None), ("pause", None), ("lr", 0.5), ("cancel", None)):
        runner.control(run, operation, value)
    assert run.status == before


# Ends


@pytest.fixture
def _patient(monkeypatch):
    """A cancelled run's worker may take hours to answer."""
    monkeypatch.setattr(local, "ANSWER_SECONDS", 1e4)


@pytest.mark.usefixtures("_patient")
def test_a_cancelled_run_ends_by_its_workers_answer_and_the_worker_is_kept(runner):
    run = going(submit(runner))
    worker = worker_of(runner, run)
    runner.control(run, "cancel")
    ended(run)
    assert (run.status.state, run.status.sentence) == ("cancelled", "Stopped.")
    assert run.recordings()["A"].ending.state == "cancelled"
    assert not worker.killed


@pytest.mark.usefixtures("_patient")
def test_a_paused_run_is_cancelled_by_its_workers_answer_too(runner):
    run = going(submit(runner))
    runner.control(run, "pause")
    until(run, lambda run: run.status.state == "paused")
    runner.control(run, "cancel")
    ended(run)


def test_a_waiting_run_is_cancelled_at_once(runner):
    for name in ("bob", "cleo"):
        submit(runner, learner=name)
    run = submit(runner)
    runner.control(run, "cancel")
    assert (run.status.state, run.recordings()) == ("cancelled", {})


@needs_stop
def test_a_worker_that_does_not_answer_loses_its_run_and_the_spare_takes_its_place(runner, monkeypatch):
    monkeypatch.setattr(pool_of_workers, "LINGER_SECONDS", 1e4)
    wait_for(lambda: idle(runner) == 3)
    run = going(submit(runner))
    worker = worker_of(runner, run)
    os.kill(worker.pid, signal.SIGSTOP)
    began = time.monotonic()
    runner.control(run, "cancel")
    ended(run)
    assert time.monotonic() - began > 0.07
    assert (run.status.state, run.status.sentence) == ("cancelled", "Stopped.")
    assert [submit(runner, learner=name).status.state for name in ("bob", "cleo")] == ["running", "running"]
    os.kill(worker.pid, signal.SIGCONT)
    wait_for(lambda: worker.idle)


@pytest.fixture
def warm_at_each_kill(runner, monkeypatch):
    """How many other workers were warm whenever one was killed."""
    counts = []
    kill = process.Worker.kill

    def noted(worker):
        counts.append(sum(other.ready and not other.killed and other is not worker for other in runner._pool.workers))
        kill(worker)

    monkeypatch.setattr(process.Worker, "kill", noted)
    return counts


@needs_stop
def test_workers_that_never_answer_are_killed_once_others_are_warm_in_their_place(runner, monkeypatch, warm_at_each_kill):
    monkeypatch.setattr(pool_of_workers, "LINGER_SECONDS", 0.1)
    runs = [going(submit(runner, learner=name)) for name in ("ada", "bob")]
    workers = [worker_of(runner, run) for run in runs]
    for run, worker in zip(runs, workers, strict=True):
        os.kill(worker.pid, signal.SIGSTOP)
        runner.control(run, "cancel")
    wait_for(lambda: not set(workers) & set(runner._pool.workers))
    assert all(worker.killed for worker in workers)
    assert warm_at_each_kill == [3, 3]
    wait_for(lambda: runner._pool.settled)


@needs_stop
def test_a_late_worker_that_comes_back_makes_one_too_many_and_an_idle_one_is_ended(runner, monkeypatch):
    monkeypatch.setattr(pool_of_workers, "LINGER_SECONDS", 0.1)
    wait_for(lambda: runner._pool.settled)
    run = going(submit(runner))
    worker = worker_of(runner, run)
    os.kill(worker.pid, signal.SIGSTOP)
    runner.control(run, "cancel")
    wait_for(lambda: len(runner._pool.workers) == 4)
    os.kill(worker.pid, signal.SIGCONT)
    wait_for(lambda: len(runner._pool.workers) == 3 and runner._pool.settled)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_killed_worker_costs_one_run_and_is_replaced_and_the_numbers_stay_the_same(runner):
    before = ended(submit(runner, SHORT)).recordings()["A"]
    other = going(submit(runner, learner="bob"))
    run = runner.submit({"A": SHORT}, "ada", "page", ("step",))
    until(run, lambda run: run.status.state == "paused")
    worker = worker_of(runner, run)
    os.kill(worker.pid, signal.SIGKILL)
    ended(run)
    assert run.status.state == "failed"
    assert run.status.sentence == "The training process stopped unexpectedly (signal 9). Press Train to run again."
    assert run.recordings()["A"].ending.state == "failed"
    assert other.status.state == "running"
    assert_same_numbers(ended(submit(runner, SHORT)).recordings()["A"], before)
    wait_for(lambda: worker not in runner._pool.workers and len(runner._pool.workers) == 3)


@needs_stop
def test_a_run_that_a_dead_worker_was_given_begins_on_another_one_and_its_learner_notices_nothing(runner, caplog):
    before = ended(submit(runner, SHORT)).recordings()["A"]
    wait_for(lambda: idle(runner) == 3)
    with runner._lock:  # the news of its end has to wait
        worker = runner._pool.idle[0]
        os.kill(worker.pid, signal.SIGKILL)
        wait_for(lambda: not _alive(worker.pid))
        run = submit(runner, SHORT)
        assert worker_of(runner, run) is worker
    assert ended(run).status.state == "done"
    assert_same_numbers(run.recordings()["A"], before)
    assert f"The run {run.id} begins again" in caplog.text


@needs_stop
def test_a_run_that_a_deaf_worker_was_given_goes_to_another_one_with_all_that_was_asked_of_it(runner, monkeypatch):
    monkeypatch.setattr(local, "DEAF_SECONDS", 0.3)
    monkeypatch.setattr(pool_of_workers, "LINGER_SECONDS", 1e4)
    wait_for(lambda: idle(runner) == 3)
    with runner._lock:
        worker = runner._pool.idle[0]
        os.kill(worker.pid, signal.SIGSTOP)
        run = submit(runner)
        assert worker_of(runner, run) is worker
        runner.control(run, "stop_at", 20)
    until(run, lambda run: run.ended)
    assert (run.status.state, run.status.step, run.recordings()["A"].ending.step) == ("done", 20, 20)
    os.kill(worker.pid, signal.SIGCONT)
    wait_for(lambda: worker.idle)


DIES_OF_EVERY_RUN = """
import os
from cnnviz.runners import worker

worker.warm_up = lambda: None
worker.train = lambda *args: os._exit(3)
worker.main()
"""


def test_a_run_that_two_workers_die_of_fails():
    runner = LocalRunner(Settings(workers=1, threads=1), command=[sys.executable, "-c", DIES_OF_EVERY_RUN])
    run = ended(submit(runner))
    assert (run.status.state, run.status.sentence) == ("failed", local.DIED.format(how="exit code 3"))
    runner.close()


@needs_stop
def test_a_worker_that_reads_nothing_holds_nobody_up_and_is_killed_when_its_pipe_is_full(runner):
    run = going(submit(runner))
    worker = worker_of(runner, run)
    os.kill(worker.pid, signal.SIGSTOP)
    while not worker.killed:
        runner.control(run, "lr", 0.05)
    ended(run)
    assert (run.status.state, run.status.sentence) == ("failed", local.DIED.format(how="signal 9"))


def test_a_newer_run_of_the_same_page_replaces_the_older(runner):
    older = going(submit(runner))
    newer = submit(runner)
    ended(older)
    assert (older.status.state, older.status.sentence) == ("cancelled", "Replaced by a newer run of this page.")
    going(newer)


def test_a_newer_run_replaces_one_that_still_waits(runner):
    for name in ("bob", "cleo"):
        submit(runner, learner=name)
    older = submit(runner)
    newer = submit(runner)
    assert (older.status.state, newer.status.state, newer.status.place) == ("cancelled", "queued", 1)


def test_runs_of_other_pages_and_of_other_learners_go_on(runner):
    one = going(submit(runner, page="one"))
    two = going(submit(runner, learner="bob", page="one"))
    submit(runner, page="two")
    assert (one.status.state, two.status.state) == ("running", "running")


@pytest.fixture
def hurry(runner, monkeypatch):
    """hurry() shortens the pool's limits."""
    short = changed(SETTINGS, grace_seconds=0.3, pause_seconds=0.3)
    return lambda: monkeypatch.setattr(runner, "_settings", short)


def test_a_run_that_nobody_watches_ends(runner, hurry):
    hurry()
    run = submit(runner)
    wait_for(lambda: run.ended)
    assert (run.status.state, run.status.sentence) == ("cancelled", "Ended, because nobody was watching.")


def test_a_watched_run_goes_on_until_its_watcher_has_been_gone_for_the_grace_period(runner, hurry):
    run = submit(runner)
    with watched(run):
        hurry()
        until(run, lambda run: run.status.examples > 0)
        time.sleep(0.8)
        assert run.status.state == "running"
        left = time.monotonic()
    wait_for(lambda: run.ended)
    assert time.monotonic() - left > 0.3


def test_a_long_pause_gives_the_worker_back(runner, hurry):
    run = submit(runner)
    with watched(run):
        hurry()
        runner.control(going(run), "pause")
        ended(run)
    assert run.status.state == "cancelled"
    assert run.status.sentence == "Ended after a pause of 0.005 minutes, so that others can train. Press Train to run again."


@needs_stop
def test_a_run_that_reports_nothing_is_ended(runner, monkeypatch):
    run = going(submit(runner))
    os.kill(worker_of(runner, run).pid, signal.SIGSTOP)
    monkeypatch.setattr(runner, "_settings", changed(SETTINGS, silence_seconds=0.4))
    ended(run)
    assert run.status.state == "failed"
    assert run.status.sentence.startswith("Ended, because nothing came for 0.4 seconds.")


@needs_stop
def test_a_paused_run_may_be_silent_until_it_is_to_go_on(runner, monkeypatch):
    run = going(submit(runner))
    runner.control(run, "pause")
    until(run, lambda run: run.status.state == "paused")
    os.kill(worker_of(runner, run).pid, signal.SIGSTOP)
    monkeypatch.setattr(runner, "_settings", changed(SETTINGS, silence_seconds=0.4))
    time.sleep(0.8)
    assert run.status.state == "paused"
    runner.control(run, "resume")
    ended(run)
    assert (run.status.state, run.status.sentence[:46]) == ("failed", "Ended, because nothing came for 0.4 seconds. A")


HANGS_IN_C = """
import re
from cnnviz.runners import worker

def hang(*args):
    re.match("(a+)+$", "a" * 60 + "b")  # for years, and no other thread of the process runs meanwhile

worker.warm_up = lambda: None
worker.train = hang
worker.main()
"""


def test_a_worker_that_hangs_in_c_is_ended_by_the_watchdog_and_replaced():
    runner = LocalRunner(Settings(workers=1, threads=1, silence_seconds=0.4), command=[sys.executable, "-c", HANGS_IN_C])
    run = submit(runner)
    until(run, lambda run: run.status.state == "running")
    worker = worker_of(runner, run)
    ended(run)
    assert (run.status.state, run.recordings()) == ("failed", {})
    assert run.status.sentence == local.SILENT.format(seconds=0.4)
    wait_for(lambda: not _alive(worker.pid) and runner._pool.settled)
    runner.close()


# The queue


def test_learners_take_turns_and_are_told_their_places(runner, monkeypatch):
    monkeypatch.setattr(runner, "_settings", changed(SETTINGS, runs_per_learner=3, queue=9))
    busy = [submit(runner, learner=name) for name in ("bob", "cleo")]
    waiting = [submit(runner, learner=name, page=page) for name, page in (("ada", "1"), ("ada", "2"), ("dan", "1"))]
    assert [run.status.place for run in waiting] == [1, 3, 2]
    runner.control(busy[0], "cancel")
    until(waiting[0], lambda run: run.status.state == "running")
    assert [run.status.place for run in waiting] == [0, 2, 1]
    runner.control(busy[1], "cancel")
    until(waiting[2], lambda run: run.status.state == "running")
    assert Counter(run.status.state for run in waiting) == {"running": 2, "queued": 1}


def test_a_brief_run_has_the_spare_and_waits_for_nobodys_training(runner):
    wait_for(lambda: idle(runner) == 3)
    bob, cleo, dan = (submit(runner, learner=name) for name in ("bob", "cleo", "dan"))
    with watched(bob), watched(cleo), watched(dan):
        run = ended(submit(runner, LOOK))
        assert (run.status.state, run.recordings()["A"].steps.tolist()) == ("done", [0])
        assert [it.status.state for it in (bob, cleo, dan)] == ["running", "running", "queued"]
        assert dan.status.place == 1


def test_brief_runs_are_no_part_of_a_learners_share(runner):
    for page in ("one", "two"):
        submit(runner, page=page)
    assert ended(submit(runner, LOOK, page="three")).status.state == "done"


def test_a_learner_has_so_many_runs_at_most(runner):
    submit(runner, page="one")
    submit(runner, page="two")
    with pytest.raises(RefusedError, match="Your other pages have 2 runs going: stop one, or wait until it has ended"):
        submit(runner, page="three")
    assert submit(runner, page="two").status.state in ("queued", "running")


def test_the_queue_has_an_end(runner):
    for number in range(6):
        submit(runner, learner=f"learner {number}")
    with pytest.raises(RefusedError, match="with 4 runs waiting"):
        submit(runner, learner="one too many")


def test_a_run_without_variants_is_refused(runner):
    with pytest.raises(RefusedError, match="at least one experiment"):
        runner.submit({}, "ada", "page")


def test_runs_are_found_by_id_and_the_last_ended_ones_are_remembered(runner, monkeypatch):
    monkeypatch.setattr("cnnviz.limits.ENDED_RUNS", 2)
    for name in ("bob", "cleo"):
        submit(runner, learner=name)
    runs = []
    for page in ("one", "two", "three"):
        runs.append(submit(runner, page=page))
        assert runner.find(runs[-1].id) is runs[-1]
        runner.control(runs[-1], "cancel")
    assert [runner.find(run.id) for run in runs] == [None, *runs[1:]]
    assert runner.find("unknown") is None


def test_a_page_keeps_its_ended_run_while_other_runs_follow_each_other(runner, monkeypatch):
    monkeypatch.setattr("cnnviz.limits.ENDED_RUNS", 2)
    kept = ended(submit(runner, SHORT, learner="bob"))
    for _ in range(3):
        last = ended(submit(runner, LOOK))
    assert [runner.find(run.id) for run in (kept, last)] == [kept, last]
    other = ended(submit(runner, LOOK, learner="cleo"))
    assert [runner.find(run.id) for run in (kept, last, other)] == [None, last, other]


def test_a_listener_that_fails_costs_nobody_else_anything(runner, caplog):
    run = submit(runner, replace(SHORT, steps=41))

    def fail():
        raise ZeroDivisionError("a page's fault")

    with caplog.at_level(logging.ERROR):
        stop = run.listen(fail)
        wait_for(lambda: run.ended)
        stop()
    assert run.status.state == "done"
    assert "a page's fault" in caplog.text


def test_a_listener_may_call_the_runner_back(runner):
    run = submit(runner)
    stop = run.listen(lambda: runner.control(run, "cancel"))
    ended(run)
    stop()
    assert run.status.state == "cancelled"


# The store


@pytest.fixture
def store(runner, tmp_path, monkeypatch):
    store = Store(tmp_path / "assets", tmp_path / "cache", 10)
    monkeypatch.setattr(runner, "_store", store)
    return store


def test_finished_recordings_are_stored_diverged_ones_too(runner, store):
    variants = {"A": replace(DIGITS, init_scale=100.0, lr=100.0), "B": DIGITS}
    run = ended(runner.submit(variants, "ada", "page"))
    wait_for(lambda: all(store.has(experiment.key()) for experiment in variants.values()))
    for name, experiment in variants.items():
        assert store.get(experiment.key()) is run.recordings()[name]


@pytest.mark.parametrize(("operation", "value"), [("lr", 0.05), ("stop_at", 20)])
def test_a_run_that_was_changed_by_hand_is_not_stored(runner, store, operation, value):
    for name in ("bob", "cleo"):
        submit(runner, learner=name)
    run = submit(runner, SHORT)
    runner.control(run, operation, value)
    runner.control(runner.find(next(iter(runner._jobs))), "cancel")
    assert ended(run).status.state == "done"
    unchanged = ended(submit(runner, replace(SHORT, seed=8)))
    wait_for(lambda: store.has(unchanged.variants["A"].key()))
    assert not store.has(SHORT.key())


def test_of_a_run_that_was_stepped_through_what_every_run_records_is_stored(runner, store):
    run = runner.submit({"A": SHORT}, "ada", "page", ("step",))
    for step in range(1, 20):
        until(run, lambda run, step=step: run.status.step == step)
        runner.control(run, "step")
    runner.control(run, "resume")
    ended(run)
    wait_for(lambda: store.has(SHORT.key()))
    stored = store.get(SHORT.key())
    plain = ended(submit(runner, SHORT)).recordings()["A"]
    assert len(run.recordings()["A"]) > len(plain)
    assert_same_numbers(stored, plain)


def test_a_sweep_that_is_asked_for_what_a_sweep_has_not_goes_on_as_it_was(runner):
    sweep = replace(SHORT, sweep_over="depth", sweep_values=(2, 3), sweep_seeds=2)
    with pytest.raises(RefusedError, match="A sweep can't be stepped through"):
        runner.submit({"A": sweep}, "ada", "page", ("step",))
    run = going(submit(runner, sweep))
    with pytest.raises(ValueError, match="The learning rate of a sweep can't be changed while it runs"):
        runner.control(run, "lr", 0.5)
    assert (ended(run).status.state, run.status.lr, run.status.altered) == ("done", None, ())


def test_a_cancelled_run_is_not_stored(runner, store):
    run = going(submit(runner))
    runner.control(run, "cancel")
    ended(run)
    finished = ended(submit(runner, SHORT))
    wait_for(lambda: store.has(finished.variants["A"].key()))
    assert not store.has(ENDLESS.key())


def test_a_timing_is_not_stored(runner, store):
    timing = Experiment.of(calculation="timing", network="lenet", batch_size=1, steps=2)
    run = ended(submit(runner, timing))
    assert (run.status.state, run.status.step) == ("done", 2)
    assert run.recordings()["A"].steps.tolist() == [0, 1, 2]
    finished = ended(submit(runner, replace(SHORT, seed=9)))
    wait_for(lambda: store.has(finished.variants["A"].key()))
    assert not store.has(timing.key())


def test_a_run_whose_recording_can_not_be_kept_is_shown_whole_and_the_log_says_so_once(runner, tmp_path, monkeypatch, caplog):
    folder = tmp_path / "cache"
    folder.write_text("a file where the folder should be")
    store = Store(tmp_path / "assets", folder, 10)
    monkeypatch.setattr(runner, "_store", store)
    for seed in (1, 2, 3):
        experiment = replace(SHORT, seed=seed)
        run = ended(submit(runner, experiment))
        assert (run.status.state, run.status.sentence, len(run.recordings()["A"])) == ("done", "", 10)
        wait_for(lambda experiment=experiment: store.has(experiment.key()))
    wait_for(lambda: caplog.records)
    assert [record.name for record in caplog.records] == ["cnnviz.store"]
    assert "recordings are kept in memory" in caplog.text


# Start and close


def test_workers_that_can_not_start_are_tried_again_and_then_runs_are_refused(monkeypatch, caplog):
    monkeypatch.setattr(pool_of_workers, "FIRST_BACKOFF", 0.01)
    runner = LocalRunner(SETTINGS, command=[sys.executable, "-S", "-c", "raise SystemExit(3)"])
    run = runner.submit({"A": SHORT}, "ada", "page")
    wait_for(lambda: run.ended)
    assert (run.status.state, run.status.sentence) == ("failed", local.NO_WORKERS)
    with pytest.raises(RefusedError, match="No training process can be started"):
        submit(runner)
    runner.close()
    assert "could not be started (exit code 3), 3 in a row" in caplog.text


def test_a_start_that_hangs_is_ended_and_tried_again(monkeypatch, caplog):
    monkeypatch.setattr(pool_of_workers, "FIRST_BACKOFF", 0.01)
    monkeypatch.setattr(pool_of_workers, "START_SECONDS", 0.1)
    runner = LocalRunner(SETTINGS, command=[sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    run = submit(runner)
    wait_for(lambda: run.ended)
    runner.close()
    assert run.status.sentence == local.NO_WORKERS
    assert "could not be started (signal 9), 3 in a row" in caplog.text


def test_a_command_that_is_not_there_is_the_same_failure(monkeypatch, caplog):
    monkeypatch.setattr(pool_of_workers, "FIRST_BACKOFF", 0.01)
    runner = LocalRunner(SETTINGS, command=["no-such-command-anywhere"])
    run = runner.submit({"A": SHORT}, "ada", "page")
    wait_for(lambda: run.ended)
    runner.close()
    assert run.status.sentence == local.NO_WORKERS


def test_a_closed_runner_has_ended_its_runs_and_takes_no_more():
    runner = LocalRunner(SETTINGS, command=[sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    run = submit(runner)
    wait_for(lambda: runner._pool.workers)
    runner.close()
    assert (run.status.state, run.status.sentence, runner._pool.workers) == ("cancelled", "The server is shutting down.", [])
    with pytest.raises(RefusedError, match="shutting down"):
        submit(runner)


def test_the_shared_runner_starts_nothing_until_it_is_started():
    runner = local.shared()
    assert runner is local.shared()
    assert runner._pool.workers == []
    local.close()
    assert local.shared() is not runner
    local.close()


WITHOUT_TORCH = """
import sys, threading
from cnnviz import store
from cnnviz.engine.experiment import Experiment
from cnnviz.runners.local import LocalRunner
from cnnviz.settings import Settings

runner = LocalRunner(Settings(workers=1, threads=1), store.shared())
run = runner.submit({"A": Experiment.from_json(sys.argv[1])}, "ada", "page")
told = threading.Event()
run.listen(told.set)
while not (run.recordings() and len(run.recordings()["A"])):
    assert not run.ended, run.status
    told.wait(60)
    told.clear()
print(*[worker.pid for worker in runner._pool.workers])
assert "torch" not in sys.modules, "torch was imported"
"""


def test_the_pages_process_never_imports_torch_and_leaves_no_child_behind_when_it_just_exits(tmp_path):
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_TORCH, ENDLESS.to_json()],
        env={**process.environment(SETTINGS), "CNNVIZ_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert (found.returncode, found.stderr) == (0, "")
    pids = [int(pid) for pid in found.stdout.split()]
    assert pids
    wait_for(lambda: not any(_alive(pid) for pid in pids))


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
