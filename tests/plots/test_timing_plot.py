import pytest

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Recording, Snapshot
from cnnviz.plots.live_plot import filled
from cnnviz.plots.timing import pass_times
from cnnviz.ui.zoo.timing import HEADS, measured, where

ABOUT = {"device": "cpu", "threads": 2, "torch": "2.13.0", "processor": "A fast one"}


@pytest.fixture
def recording():
    experiment = Experiment.of(calculation="timing", network="lenet", input_side=28, batch_size=4, steps=2)
    made = Recording(experiment, ("lenet",), ABOUT)
    made.append(Snapshot(0, {"first_pass": 9.0}))
    for step, (time, median) in enumerate([(2.0, 2.0), (4.0, 3.0)], start=1):
        numbers = {"low": 2.0, "high": 3.5, "gigamacs_per_second": 1.5, "examples_per_second": 1_333.0}
        made.append(Snapshot(step, {"pass_time": time, "median": median, **numbers}))
    return made


def test_each_pass_has_a_mark_and_the_first_of_all_an_open_one(recording):
    chart = filled(pass_times(("A",)), {"A": recording}, 2)
    marks, first = [trace for trace in chart.data if trace.mode == "markers"]
    assert (list(marks.x), list(marks.y)) == ([1, 2], [2.0, 4.0])
    assert (list(first.x), list(first.y), first.marker.symbol) == ([0], [9.0], "circle-open")
    low, high, median = chart.data[:3]
    assert (list(low.y), list(high.y), list(median.y)) == ([2.0, 2.0], [3.5, 3.5], [2.0, 3.0])


def test_the_headline_tells_the_median_and_the_rate(recording):
    chart = filled(pass_times(("A",)), {"A": recording}, 2)
    assert chart.layout.title.text == "Median of a pass: A 3 ms, 1.5 thousand million multiply-adds a second"


def test_the_table_and_the_line_below_it_tell_what_was_measured_where(recording):
    assert measured(recording) == ("LeNet (lecture)", "3 ms", "2 to 3.5 ms", "9 ms", "1,333", "1.5")
    assert len(HEADS) == len(measured(recording))
    told = where({"A": recording})
    assert told.startswith(r"On the processor (A fast one, 2 threads), torch 2.13.0, 32-bit numbers, 4 at once of 28 pixels")
    assert "took turns" not in told
    assert "took turns" in where({"A": recording, "B": recording})


def test_a_run_that_was_stopped_before_its_first_pass_has_an_empty_row(recording):
    empty = Recording(recording.experiment, ("lenet",), ABOUT)
    assert measured(empty) == ("LeNet (lecture)", "", "", "", "", "")
