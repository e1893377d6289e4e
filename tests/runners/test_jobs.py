"""Jobs: whose turn it is, what may be asked of a run, and what a status says about its speed."""

import pytest

from cnnviz.engine.control import OPERATIONS, kind_of, offered
from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Ending
from cnnviz.runners.base import Run
from cnnviz.runners.jobs import ALTERATIONS, Job, checked, next_first
from cnnviz.runners.news import News

KINDS = (
    ("training", Experiment()),
    ("sweep", Experiment.of(sweep_over="depth", sweep_values=(2, 3))),
    ("loss surface", Experiment.of(surface=True)),
    ("calculation", Experiment.of(calculation="batch_norm")),
    ("timing", Experiment.of(calculation="timing")),
)


def queue(text):
    """Jobs of the learners named by the letters; capitals are in training."""
    jobs = []
    for number, letter in enumerate(text):
        run = Run({"A": Experiment.of(steps=100)}, letter.lower(), f"page {number}", controls=None)
        jobs.append(Job(run, worker="busy" if letter.isupper() else None))
    return jobs


@pytest.mark.parametrize(
    ("submitted", "order"),
    [
        ("", ""),
        ("abc", "abc"),
        ("aaab", "abaa"),
        ("aabbc", "abcab"),
        ("Aab", "ba"),
        ("AAaab", "baa"),
        ("ABabc", "cab"),
        ("AaBbb", "abb"),
    ],
)
def test_learners_take_turns(submitted, order):
    assert "".join(job.run.learner for job in next_first(queue(submitted))) == order


def test_a_learners_own_runs_keep_their_order():
    assert [job.run.page for job in next_first(queue("abaa"))] == ["page 0", "page 1", "page 2", "page 3"]


def test_a_run_on_its_way_out_takes_no_turn():
    jobs = queue("Aab")
    jobs[0].give_up_at = 1.0
    assert "".join(job.run.learner for job in next_first(jobs)) == "ab"


@pytest.mark.parametrize(
    ("operation", "value", "taken"),
    [
        ("pause", None, None),
        ("resume", 3, None),
        ("lr", 1, 1.0),
        ("lr", 1e-6, 1e-6),
        ("speed", 0, 0.0),
        ("speed", 2.5, 2.5),
        ("stop_at", 100, 100),
        ("stop_at", None, None),
    ],
)
def test_values_in_range_are_taken(operation, value, taken):
    assert checked(operation, value, Experiment.of(steps=100)) == taken


@pytest.mark.parametrize(
    ("operation", "value", "sentence"),
    [
        ("explode", None, "operation (='explode') must be one of pause, resume, step, cancel, lr, speed, stop_at."),
        ("lr", 1e9, "lr (=1e+09) must be between 1e-06 and 100."),
        ("lr", None, "lr (=None) must be a finite number."),
        ("lr", float("nan"), "lr (=nan) must be a finite number."),
        ("speed", -1, "speed (=-1) must be between 0.1 and 10000 steps a second, or 0 for off."),
        ("speed", "fast", "speed (='fast') must be a finite number."),
        ("stop_at", 101, "stop_at (=101) must be between 1 and 100 steps."),
        ("stop_at", 1.5, "stop_at (=1.5) must be a whole number."),
    ],
)
def test_bad_values_are_told_with_name_value_and_rule(operation, value, sentence):
    with pytest.raises(ValueError) as problem:
        checked(operation, value, Experiment.of(steps=100))
    assert str(problem.value) == sentence


def test_every_operation_is_one_that_the_worker_carries_out():
    from cnnviz.runners.control import Control

    control = Control(lambda state: None)
    for operation in OPERATIONS:
        control.apply(operation, 1)


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    times = [1_000.0]
    monkeypatch.setattr("cnnviz.runners.jobs.monotonic", lambda: times[0])
    return times


def told(job, clock, seconds, step, **news):
    clock[0] += seconds
    return job.note(News(job.run.id, step, **news))


@pytest.mark.parametrize("experiment", [it for _, it in KINDS], ids=[kind for kind, _ in KINDS])
def test_what_means_nothing_to_a_kind_of_run_is_refused_in_a_sentence_and_the_rest_is_taken(experiment):
    values = {"lr": 0.1, "speed": 5.0, "stop_at": 1}
    for operation in OPERATIONS:
        if operation in offered(experiment):
            assert checked(operation, values.get(operation), experiment) == values.get(operation)
        else:
            with pytest.raises(ValueError, match=r"^(The|A) .+\.$"):
                checked(operation, values.get(operation), experiment)


def test_each_kind_of_run_takes_what_can_mean_something_to_it():
    assert {kind: set(OPERATIONS) - set(offered(experiment)) for kind, experiment in KINDS} == {
        "training": set(),
        "sweep": {"step", "lr", "speed", "stop_at"},
        "loss surface": {"lr", "step"},
        "calculation": {"lr", "speed", "stop_at"},
        "timing": {"lr", "speed", "stop_at"},
    }
    assert [kind_of(experiment) for _, experiment in KINDS] == [kind for kind, _ in KINDS]


@pytest.mark.parametrize(
    ("own", "told", "altered"),
    [
        ((0.1, 0.1), [(3, 0.1)], []),
        ((0.1, 0.2), [(3, 0.1)], [(3, 0.1)]),
        ((0.1, 0.1), [(3, 0.5), (3, 0.6), (9, 0.6), (12, 0.1)], [(3, 0.6), (12, 0.1)]),
    ],
)
def test_a_rate_is_altered_by_hand_where_it_is_another_one(own, told, altered):
    run = Run({letter: Experiment.of(lr=lr) for letter, lr in zip("AB", own, strict=True)}, "a", "page", controls=None)
    job = Job(run)
    for rate in told:
        job.note(News(run.id, altered=[rate]))
    assert (job.altered, job.unaltered) == (altered, not altered)


def test_of_a_slider_that_is_dragged_for_long_the_first_rates_and_the_last_are_remembered():
    job = Job(Run({"A": Experiment()}, "a", "page", controls=None))
    job.note(News(job.run.id, altered=[(step, 1.0 + step) for step in range(200)]))
    assert len(job.altered) == ALTERATIONS
    assert (job.altered[0], job.altered[-1]) == ((0, 1.0), (199, 200.0))


def test_speed_and_time_left_are_told_once_they_are_known(clock):
    (job,) = queue("A")
    assert told(job, clock, 0, 0)["steps_per_second"] is None
    assert told(job, clock, 0.1, 10)["steps_per_second"] is None
    assert told(job, clock, 0.4, 50) == {
        "step": 50,
        "examples": 50 * 64,
        "steps_per_second": pytest.approx(100),
        "seconds_left": pytest.approx(0.5),
    }


def test_speed_is_that_of_the_last_seconds(clock):
    (job,) = queue("A")
    for step in range(10):
        told(job, clock, 1, step)
    for step in range(10, 60, 10):
        changes = told(job, clock, 1, step)
    assert changes["steps_per_second"] == pytest.approx(10)


def test_a_step_that_takes_longer_than_that_still_has_a_speed(clock):
    (job,) = queue("A")
    told(job, clock, 0, 0)
    told(job, clock, 10, 1)
    assert told(job, clock, 10, 2)["steps_per_second"] == pytest.approx(0.1)


def test_time_left_runs_to_the_step_that_the_watcher_chose(clock):
    (job,) = queue("A")
    told(job, clock, 0, 0)
    job.stop_at = 20
    assert told(job, clock, 1, 10)["seconds_left"] == pytest.approx(1)


def test_a_paused_run_has_no_speed_and_its_pause_does_not_count(clock):
    (job,) = queue("A")
    told(job, clock, 0, 0)
    changes = told(job, clock, 1, 10, state="paused")
    assert (changes["state"], changes["steps_per_second"], changes["seconds_left"]) == ("paused", None, None)
    told(job, clock, 60, 10, state="running")
    assert told(job, clock, 1, 20)["steps_per_second"] == pytest.approx(10)


def test_a_finished_run_stands_at_its_last_step(clock):
    (job,) = queue("A")
    assert told(job, clock, 1, 99, over="finished", endings={"A": Ending("done", "", 100)})["step"] == 100


def test_points_of_a_loss_surface_are_steps_without_examples(clock):
    run = Run({"A": Experiment.of(steps=100, surface=True, surface_slice="line")}, "a", "page", controls=None)
    changes = told(Job(run, worker="busy"), clock, 0, 110)
    assert (changes["step"], changes["examples"]) == (110, 100 * 64)
