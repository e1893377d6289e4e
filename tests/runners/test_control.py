"""Control: what the training loop's `poll` does for each wish; Outbox: what leaves when."""

import pickle
import threading
import time

import numpy as np
import pytest

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.runners import control as controls
from cnnviz.runners import news
from cnnviz.runners.control import Cancelled, Control
from cnnviz.runners.news import Outbox

PATIENCE = 60  # seconds after which something will not happen any more


class Loop:
    """A training loop in a thread that only polls; `rounds` counts them, `told` is what the control said."""

    def __init__(self):
        self.told = []
        self.rounds = 0
        self.changed = threading.Condition()
        self.control = Control(self.tell)
        self.cancelled = False
        self.thread = threading.Thread(target=self.run, daemon=True)

    def tell(self, state):
        with self.changed:
            self.told.append(state)
            self.changed.notify_all()

    def run(self):
        try:
            while True:
                self.control.poll()
                with self.changed:
                    self.rounds += 1
                    self.changed.notify_all()
                time.sleep(0.0005)
        except Cancelled:
            self.cancelled = True

    def until(self, condition):
        with self.changed:
            assert self.changed.wait_for(condition, PATIENCE)

    def paused(self, times=1):
        self.until(lambda: self.told.count("paused") == times)
        return self.rounds


@pytest.fixture
def loop():
    loop = Loop()
    yield loop
    loop.control.apply("cancel")
    loop.thread.join(PATIENCE)
    assert loop.cancelled


def test_the_step_counts_the_rounds_that_are_finished():
    control = Control(lambda state: None)
    steps = []
    for _ in range(4):
        control.poll()
        steps.append(control.step)
    assert steps == [0, 1, 2, 3]


def test_a_paused_loop_makes_one_round_to_be_looked_at_and_then_none_until_it_is_resumed(loop):
    loop.control.apply("pause")
    loop.thread.start()
    assert loop.paused() == 1
    loop.control.apply("resume")
    loop.until(lambda: loop.rounds > 3)
    assert loop.told == ["paused", "running"]


def test_single_steps_make_as_many_rounds_as_were_asked_for(loop):
    loop.control.apply("pause")
    loop.thread.start()
    assert loop.paused() == 1
    loop.control.apply("step")
    assert loop.paused(2) == 2
    loop.control.apply("step")
    assert loop.paused(3) == 3
    loop.control.apply("resume")
    loop.until(lambda: loop.rounds > 5)
    assert loop.told == ["paused", "paused", "paused", "running"]


def test_a_loop_that_begins_with_a_step_measures_the_fresh_net_and_the_one_after_its_first_update(loop):
    loop.control.apply("step")
    loop.thread.start()
    assert loop.paused() == 2


def looks(control, operations, rounds):
    """Which of so many rounds are looked at, where so much is asked for before each."""
    seen = []
    for number in range(rounds):
        for operation in operations.get(number, ()):
            control.apply(operation)
        control.poll()
        seen.append(control.looking)
    return seen


def test_the_round_before_a_pause_and_each_single_step_are_looked_at_and_no_other():
    asked = {2: ["pause"], 3: ["step"], 4: ["pause", "step"], 5: ["resume"], 7: ["step"], 8: ["resume"]}
    seen = looks(Control(lambda state: None), asked, 10)
    assert seen == [False, False, True, True, True, False, False, True, False, False]


@pytest.mark.parametrize(
    ("steps", "stands_at"),
    [
        pytest.param([0, 1, 2], 2, id="training: a snapshot has its round's number"),
        pytest.param([1, 2, 3], 3, id="points of a loss surface, masks: a snapshot counts what is done"),
        pytest.param([None, None, 40], 40, id="a sweep: a snapshot counts the steps of whole runs"),
        pytest.param([0, 1, None], 3, id="a round that is not measured"),
    ],
)
def test_a_run_that_stands_still_stands_at_what_was_measured_last(steps, stands_at):

    def stand(state):
        raise InterruptedError(state, control.step)

    control = Control(stand)
    for number, step in enumerate(steps):
        if number == len(steps) - 1:
            control.apply("pause")
        control.poll()
        if step is not None:
            control.measured(step)
    with pytest.raises(InterruptedError) as told:
        control.poll()
    assert told.value.args == ("paused", stands_at)


def test_another_rate_holds_from_a_whole_round_on_and_its_first_step_is_told():
    rates = []
    control = Control(lambda state: None, lambda step, lr: rates.append((step, lr)))
    for number in range(6):
        if number in (2, 3, 5):
            control.apply("lr", 0.7 if number == 2 else 0.5)
            assert control.lr == {2: None, 3: 0.7, 5: 0.5}[number]
        control.poll()
    assert rates == [(2, 0.7), (3, 0.5)]


def test_a_step_of_a_running_loop_pauses_it(loop):
    loop.thread.start()
    loop.until(lambda: loop.rounds > 3)
    loop.control.apply("step")
    loop.paused()


def test_a_paused_loop_can_be_cancelled(loop):
    loop.control.apply("pause")
    loop.thread.start()
    loop.paused()


class Hourglass:
    """A clock in place of the module `time`: waiting takes no longer than turning it."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now

    def wait(self, seconds):
        self.now += seconds


@pytest.fixture
def glass(monkeypatch):
    glass = Hourglass()
    monkeypatch.setattr(controls, "time", glass)
    return glass


def paced(glass, speed):
    """A control at so many rounds a second, and what makes one round: it gives the time at which the loop went on."""
    control = Control(lambda state: None)
    control._changed.wait = glass.wait
    control.apply("speed", speed)

    def round_at():
        control.poll()
        return glass.now

    return control, round_at


def test_speed_limits_the_rounds_a_second_and_zero_frees_them(glass):
    control, round_at = paced(glass, 50.0)
    assert np.diff([round_at() for _ in range(11)]) == pytest.approx([0.02] * 10)
    control.apply("speed", 0.0)
    assert np.diff([round_at() for _ in range(11)]) == pytest.approx([0.0] * 10)


def test_a_loop_that_was_held_up_does_not_hurry_to_catch_up(glass):
    _, round_at = paced(glass, 50.0)
    round_at()
    glass.now += 0.1
    assert np.diff([round_at() for _ in range(5)]) == pytest.approx([0.02] * 4)


def test_rate_and_last_step_are_there_for_the_loop_to_read():
    control = Control(lambda state: None)
    assert (control.lr, control.stop_at) == (None, None)
    control.apply("lr", 0.5)
    control.apply("stop_at", 7)
    control.poll()
    assert (control.lr, control.stop_at) == (0.5, 7)
    control.apply("stop_at", None)
    assert control.stop_at is None


class Pipe:
    """A stream that a reader may stall: each write waits for leave."""

    def __init__(self, stalled=False):
        self.leave = threading.Event()
        self.changed = threading.Condition()
        self.news = []
        if not stalled:
            self.leave.set()

    def write(self, data):
        self.leave.wait(PATIENCE)
        with self.changed:
            self.news.append(pickle.loads(data))
            self.changed.notify_all()

    def flush(self):
        pass

    def until(self, condition):
        with self.changed:
            assert self.changed.wait_for(condition, PATIENCE)


def snapshot(step):
    return Snapshot(step, {"loss": np.float32(step)})


@pytest.fixture
def _unhurried(monkeypatch):
    """What is not urgent leaves after hours."""
    monkeypatch.setattr(news, "BATCH_SECONDS", 1e4)
    monkeypatch.setattr(news, "PROGRESS_SECONDS", 1e4)


def outbox(pipe, variants=1):
    box, control = Outbox(pipe), Control(lambda state: None)
    box.begin("run", control, variants)
    return box, control


@pytest.mark.usefixtures("_unhurried")
def test_the_first_snapshots_of_all_variants_leave_together_with_what_they_begin_with():
    pipe = Pipe()
    box, _ = outbox(pipe, variants=2)
    for variant in "AB":
        box.begun(variant, Recording(Experiment(), ("fc1",), {"device": "cpu"}))
    for variant in "AB":
        box.measured(variant, snapshot(0))
    pipe.until(lambda: pipe.news)
    assert pipe.news[0].begun == dict.fromkeys("AB", (("fc1",), {"device": "cpu"}))
    assert pipe.news[0].snapshots == {"A": [snapshot(0)], "B": [snapshot(0)]}


def test_what_follows_within_a_batchs_time_leaves_together(monkeypatch):
    monkeypatch.setattr(news, "BATCH_SECONDS", 0.5)
    pipe = Pipe()
    box, _ = outbox(pipe)
    box.measured("A", snapshot(0))
    pipe.until(lambda: len(pipe.news) == 1)
    for step in range(1, 6):
        box.measured("A", snapshot(step))
    pipe.until(lambda: len(pipe.news) == 2)
    assert [s.step for s in pipe.news[1].snapshots["A"]] == [1, 2, 3, 4, 5]


def test_news_says_when_its_newest_snapshot_was_made(monkeypatch):
    monkeypatch.setattr(news, "BATCH_SECONDS", 0.5)
    pipe = Pipe()
    box, _ = outbox(pipe)
    box.measured("A", snapshot(0))
    pipe.until(lambda: len(pipe.news) == 1)
    box.measured("A", snapshot(1))
    between = time.monotonic()
    box.measured("A", snapshot(2))
    pipe.until(lambda: len(pipe.news) == 2)
    assert pipe.news[0].made <= between <= pipe.news[1].made <= time.monotonic()


def test_a_stalled_reader_holds_nothing_up_and_loses_nothing():
    pipe = Pipe(stalled=True)
    box, _ = outbox(pipe)
    for step in range(2_000):
        box.measured("A", snapshot(step))
    box.closed("A", Ending("done", "", 2_000))
    box.over("finished")
    assert not pipe.news
    pipe.leave.set()
    pipe.until(lambda: pipe.news and pipe.news[-1].over)
    assert [s.step for news in pipe.news for s in news.snapshots.get("A", [])] == list(range(2_000))
    assert len(pipe.news) <= 3


@pytest.mark.usefixtures("_unhurried")
def test_the_end_does_not_wait_for_a_batchs_time():
    pipe = Pipe()
    box, _ = outbox(pipe)
    box.measured("A", snapshot(0))
    pipe.until(lambda: len(pipe.news) == 1)
    box.over("cancelled")
    pipe.until(lambda: len(pipe.news) == 2)
    assert pipe.news[1].over == "cancelled"


def test_progress_leaves_without_any_snapshot():
    pipe = Pipe()
    _, control = outbox(pipe)
    for _ in range(8):
        control.poll()
    pipe.until(lambda: pipe.news and pipe.news[-1].step == 7)
    assert all(news.empty for news in pipe.news)
