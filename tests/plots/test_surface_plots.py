"""Slices through a loss surface as they are drawn: the same colours for all, what is not measured left empty."""

import math

import numpy as np
import pytest

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Recording, Snapshot
from cnnviz.plots.live_plot import filled
from cnnviz.plots.surface import loss_along_line, loss_plane

AT = np.array([[-1, 0, 1]], np.float32)
PLANE = np.array([[np.nan] * 3, [10, 0.1, np.inf], [np.nan] * 3], np.float32)


@pytest.fixture
def recordings():
    columns = {"surface_at": AT, "surface_plane": PLANE, "surface_loss": PLANE[1:2], "surface_better": np.float32(0.5)}
    return {letter: Recording(Experiment(), ("fc1",)).extend([Snapshot(9, columns)]) for letter in "AB"}


def test_a_plane_leaves_empty_what_is_not_measured_or_beyond_float32(recordings):
    figure = filled(loss_plane(("A", "B")), recordings, 9)
    assert [trace.name for trace in figure.data] == ["A", "B"]
    for trace in figure.data:
        assert trace.x == trace.y == (-1, 0, 1)
        assert [list(row) for row in trace.z] == [[None] * 3, [pytest.approx(1), pytest.approx(-1), None], [None] * 3]


def test_all_planes_share_their_colours_and_axes_and_are_as_high_as_wide(recordings):
    layout = filled(loss_plane(("A", "B")), recordings, 9).layout
    assert (layout.coloraxis.cmin, layout.coloraxis.cmax) == (-1, 1)
    assert (layout.xaxis2.matches, layout.yaxis2.matches, layout.yaxis.scaleanchor) == ("x", "y", "x")


def test_the_trained_net_is_marked_in_each_plane():
    rings = loss_plane(("A", "B")).figure.layout.shapes
    assert [(ring.xref, ring.yref, ring.xanchor, ring.yanchor) for ring in rings] == [("x", "y", 0, 0), ("x2", "y2", 0, 0)]


def test_the_level_of_guessing_is_drawn_only_where_the_classes_are_told():
    *_, edge = loss_plane(("A",), classes=10).figure.data
    assert edge.contours.start == edge.contours.end == pytest.approx(math.log10(math.log(10)))
    assert len(loss_plane(("A",)).figure.data) == 1
    assert not loss_along_line(("A",)).figure.layout.shapes
    (line,) = loss_along_line(("A",), classes=4).figure.layout.shapes
    assert line.y0 == pytest.approx(math.log(4))
