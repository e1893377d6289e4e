"""The chart of a fit shows what the next run is to fit, where that is another curve than the one that was fitted."""

import numpy as np

from cnnviz.engine.data.curve import targets
from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Recording, Snapshot
from cnnviz.plots.fit import NEXT, fitted_curve
from cnnviz.plots.live_plot import filled

ZIGZAG = (0.0, 1.0, -1.0, 0.5, 0.5, 0.0, 0.25, -0.5, 1.0)
X = np.linspace(-1, 1, 161)


def recorded(curve):
    columns = {"fit_x": X, "fit_target": targets(X, curve, ZIGZAG), "fit_output": 0 * X}
    snapshot = Snapshot(0, {name: np.asarray(values, np.float32)[None] for name, values in columns.items()})
    return Recording(Experiment(), ("up", "down")).extend([snapshot])


def next_target(recordings, curve="drawn"):
    """The trace of the next run's target; None where it is not drawn."""
    figure = filled(fitted_curve(("A", "B"), curve=curve, heights=ZIGZAG), recordings, 0)
    (trace,) = (each for each in figure.data if each.name == NEXT)
    return None if trace.visible is False else trace


def test_before_any_run_the_next_target_is_there():
    for recordings in ({}, {"A": Recording(Experiment(), ()).extend([Snapshot(0, {"loss": 1.0})])}):
        trace = next_target(recordings)
        assert (trace.line.dash, trace.showlegend) == ("dash", True)
        np.testing.assert_allclose(trace.y[::20], ZIGZAG)


def test_beside_a_recorded_target_another_one_is_dashed_and_the_recorded_one_stays():
    recordings = {"A": recorded("w"), "B": recorded("w")}
    np.testing.assert_allclose(next_target(recordings).y, targets(X, "drawn", ZIGZAG))
    figure = filled(fitted_curve(("A", "B"), curve="drawn", heights=ZIGZAG), recordings, 0)
    np.testing.assert_allclose(figure.data[0].y, targets(X, "w", ()), atol=1e-6)


def test_the_target_that_was_recorded_is_not_drawn_twice():
    assert next_target({"A": recorded("w"), "B": recorded("w")}, "w") is None
    assert next_target({"A": recorded("drawn")}) is None
    assert next_target({"A": recorded("drawn"), "B": recorded("w")}) is not None


def test_without_a_next_run_there_is_no_next_target():
    assert [trace.name for trace in fitted_curve(("A",)).figure.data] == ["A", "A"]
