import json
import math

import numpy as np
import plotly.graph_objects as go
import pytest

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Recording, Snapshot
from cnnviz.plots.live_plot import Binding, Headline, LivePlot, Quantity, filled, headline_text, quantity, values

STEPS = (0, 1, 10)


@pytest.fixture
def recordings():
    recording = Recording(Experiment.of(depth=3), ("fc1", "fc2", "fc3"))
    for step in STEPS:
        columns = {"loss": 2.0 - step / 10, "grad_norm": np.array([0.001, 0.1, 10.0]) * (step + 1)}
        if step != 1:
            columns |= {
                "hist": np.array([[0, 2], [4, 1], [0, 0]]) + step,
                "low": np.array([0, -1, 0]),
                "high": np.array([1, 1, 4]),
            }
        recording.append(Snapshot(step, columns))
    return {"A": recording}


def bound(recordings, step=0, **binding):
    return values(Binding(trace=0, variant="A", **{"attr": "y", **binding}), recordings, step)


def test_a_scalar_column_runs_over_the_steps(recordings):
    assert bound(recordings, column="loss") == pytest.approx([2.0, 1.9, 1.0])
    assert bound(recordings, column="loss", attr="x") == [0, 1, 10]


def test_a_column_measured_more_seldom_has_its_own_steps(recordings):
    assert bound(recordings, column="hist", attr="x") == [0, 10]


def test_one_layer_runs_over_the_steps_counted_from_either_end(recordings):
    assert bound(recordings, column="grad_norm", layer=0) == pytest.approx([0.001, 0.002, 0.011])
    assert bound(recordings, column="grad_norm", layer=-1) == pytest.approx([10, 20, 110])


def test_a_band_is_bounded_by_one_column_above_and_below_another(recordings):
    column = recordings["A"].column("grad_norm")[:, 1]
    assert bound(recordings, column="grad_norm", layer=1, plus="grad_norm") == pytest.approx(2 * column)
    assert bound(recordings, column="loss", minus="loss") == [0, 0, 0]
    assert bound(recordings, column="loss", plus="loss", attr="x") == [0, 1, 10]
    assert bound(recordings, column="loss", plus="missing") == []


@pytest.mark.parametrize(("cursor", "factor"), [(0, 1), (1, 2), (9, 2), (10, 11), (99, 11)])
def test_all_layers_are_those_measured_at_or_before_the_cursor(recordings, cursor, factor):
    assert bound(recordings, cursor, column="grad_norm", over="layers") == pytest.approx(
        [0.001 * factor, 0.1 * factor, 10 * factor]
    )


def test_layers_go_by_name_and_by_number(recordings):
    assert bound(recordings, column="layers", over="layers") == ["fc1", "fc2", "fc3"]
    assert bound(recordings, column="layer_numbers", over="layers") == [1, 2, 3]
    assert bound(recordings, column="steps") == [0, 1, 10]


def test_a_grid_has_a_row_a_layer_and_a_column_a_snapshot(recordings):
    grid = bound(recordings, column="grad_norm", attr="z", over="grid", transform="log10")
    slow = [[math.log10(float(np.float32(base * (step + 1)))) for step in STEPS] for base in (0.001, 0.1, 10.0)]
    assert [len(row) for row in grid] == [3, 3, 3]
    assert np.array(grid) == pytest.approx(np.array(slow), rel=1e-5)


def test_ridges_are_closed_outlines_of_each_layers_histogram(recordings):
    x = bound(recordings, column="hist", attr="x", over="ridges", low="low", high="high")
    y = bound(recordings, column="hist", over="ridges", low="low", high="high")
    assert x == [0, 0.25, 0.75, 1, None, -1, -0.5, 0.5, 1, None, 0, 1, 3, 4, None]
    assert y == pytest.approx([1, 1, 1.9, 1, None, 2, 2.9, 2.225, 2, None, 3, 3, 3, 3, None])


def test_ridges_may_share_a_fixed_range(recordings):
    x = bound(recordings, column="hist", attr="x", over="ridges", low=-14.0, high=4.0)
    assert x == [-14, -9.5, -0.5, 4, None] * 3


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        ("", [-0.5, 0.0, 4.0, None]),
        ("abs", [0.5, 0.0, 4.0, None]),
        ("log10", [math.log10(0.5), None, math.log10(4), None]),
        ("product", [None, None, None, None]),
    ],
)
def test_a_transform_acts_on_each_number_and_what_is_not_finite_is_left_out(transform, expected):
    recording = Recording(Experiment(), ("a", "b", "c", "d")).extend([Snapshot(0, {"factor": np.array([-0.5, 0, 4, np.nan])})])
    assert bound({"A": recording}, column="factor", over="layers", transform=transform) == pytest.approx(expected)


def test_a_product_runs_from_the_output_side_inwards():
    recording = Recording(Experiment(), ("a", "b", "c")).extend([Snapshot(0, {"factor": np.array([0.5, -2, 4])})])
    assert bound({"A": recording}, column="factor", over="layers", transform="product") == [-4, -8, 4]


@pytest.mark.parametrize(
    "binding", [{"column": "nothing"}, {"column": "grad_norm", "layer": 3}, {"column": "grad_norm", "layer": -4}]
)
def test_a_binding_without_its_column_or_layer_is_empty(recordings, binding):
    assert bound(recordings, **binding) == []


def test_a_binding_without_its_variant_or_before_the_first_snapshot_is_empty(recordings):
    assert values(Binding(0, "y", "loss", "B"), recordings, 0) == []
    assert values(Binding(0, "y", "loss", "A"), {"A": Recording(Experiment(), ("fc1",))}, 0) == []


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        (Quantity("A", "loss"), 1.9),
        (Quantity("A", "loss", at="first"), 2.0),
        (Quantity("A", "loss", at="last"), 1.0),
        (Quantity("A", "grad_norm", layer=0), 0.002),
        (Quantity("A", "grad_norm", layer=0, per=-1), 1e-4),
        (Quantity("A", "grad_norm", layer=7), None),
        (Quantity("A", "grad_norm", layer=0, per=7), None),
        (Quantity("A", "nothing"), None),
        (Quantity("B", "loss"), None),
    ],
)
def test_a_quantity_is_one_number_out_of_a_recording(recordings, wanted, number):
    assert quantity(wanted, recordings, 5) == (None if number is None else pytest.approx(number))


def test_a_quantity_that_is_not_finite_is_no_number():
    recording = Recording(Experiment(), ("a", "b")).extend([Snapshot(0, {"g": np.array([1.0, 0.0])})])
    assert quantity(Quantity("A", "g", layer=0, per=1), {"A": recording}, 0) is None


def test_a_quantity_of_a_recording_without_snapshots_is_no_number():
    assert quantity(Quantity("A", "loss"), {"A": Recording(Experiment(), ("fc1",))}, 0) is None


def test_a_headline_tells_its_numbers_or_waits_for_them(recordings):
    share = Quantity("A", "grad_norm", layer=0, per=-1, form="percent")
    times = Quantity("A", "loss", form="times")
    headline = Headline("{share} and {times}", {"share": share, "times": times}, "Wait")
    assert headline_text(headline, recordings, 0) == "0.01 % and 2 times"
    assert headline_text(headline, {}, 0) == "{share} and {times}"


def test_a_headline_has_a_dash_for_each_number_that_is_not_known_and_its_subject_while_none_is(recordings):
    told = {"A": Quantity("A", "loss"), "B": Quantity("B", "loss")}
    headline = Headline("Loss of the batch: A {A}, B {B}", told, "Needs a run.")
    assert headline_text(headline, recordings, 10) == "Loss of the batch: A 1, B –"
    assert headline_text(headline, {}, 0) == "Loss of the batch"


@pytest.mark.parametrize(
    ("top", "bottom", "text"), [(0, 0, "0 of 0"), (2, 0, "2 of 0"), (1, 4, "0.25 times"), (math.inf, 4, "–")]
)
def test_a_share_of_nothing_is_told_as_what_it_is(top, bottom, text):
    recording = Recording(Experiment(), ("a", "b")).extend([Snapshot(0, {"g": np.array([top, bottom]), "loss": 1.0})])
    shares = {"share": Quantity("A", "g", layer=0, per=-1, form="times"), "loss": Quantity("A", "loss")}
    headline = Headline("Layer 1 has: {share} at {loss}", shares, "")
    assert headline_text(headline, {"A": recording}, 0) == f"Layer 1 has: {text} at 1"


def empty_or_not(y, kind="log"):
    figure = go.Figure(go.Scatter(name="A"), layout={"yaxis": {"type": kind}})
    plot = LivePlot("variance", figure, (Binding(0, "y", "var", "A", "layers"),), Headline("Variance", {}, "Needs a net."), "")
    recording = Recording(Experiment(), ("a", "b")).extend([Snapshot(0, {"var": np.array(y)})])
    filled_in = filled(plot, {"A": recording}, 0)
    return [note.text.replace("<br>", " ") for note in filled_in.layout.annotations], filled_in.layout.yaxis.visible


def test_a_log_axis_with_nothing_but_zeros_is_not_made_up():
    zeros = ["All numbers are 0 here, and a logarithmic axis has no place for 0."]
    assert empty_or_not([0.0, 0.0]) == (zeros, False)
    assert empty_or_not([0.0, 1.0]) == ([], None)
    assert empty_or_not([0.0, 0.0], "linear") == ([], None)
    assert empty_or_not([math.nan, math.nan], "linear") == (["Needs a net."], False)


def test_an_area_without_numbers_loses_its_axes_and_the_one_beside_it_keeps_them(recordings):
    figure = go.Figure([go.Scatter(name="A"), go.Scatter(name="B", xaxis="x2", yaxis="y2")], layout={"xaxis2": {}, "yaxis2": {}})
    bindings = tuple(Binding(trace, "y", "loss", variant) for trace, variant in enumerate("AB"))
    layout = filled(LivePlot("loss", figure, bindings, Headline("Loss", {}, "Needs a run."), ""), recordings, 10).layout
    assert [layout[axis].visible for axis in ("xaxis", "yaxis", "xaxis2", "yaxis2")] == [None, None, False, False]
    assert not layout.annotations


def test_filling_leaves_the_plots_own_figure_empty(recordings):
    plot = LivePlot(
        "loss",
        go.Figure(go.Scatter()),
        (Binding(0, "x", "loss", "A"), Binding(0, "y", "loss", "A")),
        Headline("Loss {now}", {"now": Quantity("A", "loss")}, "Wait"),
        "The loss.",
    )
    figure = filled(plot, recordings, 10)
    assert list(figure.data[0].x) == [0, 1, 10]
    assert list(figure.data[0].y) == pytest.approx([2.0, 1.9, 1.0])
    assert figure.layout.title.text == "Loss 1"
    assert plot.figure.data[0].y is None


def test_a_plot_goes_to_the_panel_as_json(recordings):
    plot = LivePlot(
        "loss", go.Figure(go.Scatter(name="A")), (Binding(0, "y", "loss", "A"),), Headline("", {}, ""), "The loss.", {"A": "x"}
    )
    sent = json.loads(json.dumps(plot.to_json()))
    assert sent["figure"]["data"] == [{"name": "A", "type": "scatter"}]
    assert sent["bindings"] == [
        {
            "trace": 0,
            "attr": "y",
            "column": "loss",
            "variant": "A",
            "over": "steps",
            "layer": None,
            "transform": "",
            "low": 0.0,
            "high": 1.0,
            "plus": "",
            "minus": "",
        }
    ]
    assert sent["headline"] == {"text": "", "quantities": {}, "needs": ""}
    assert (sent["name"], sent["explain"], sent["details"]) == ("loss", "The loss.", {"A": "x"})


COUNTED = {"places": {"counts": ["cat", "dog", "cow"]}}


@pytest.fixture
def counted():
    """Three classes, of the last of which there are no examples."""
    recording = Recording(Experiment(), ("fc1",), COUNTED)
    table = np.array([[3, 1, 0], [2, 2, 4], [0, 0, 0]])
    return {"A": recording.append(Snapshot(0, {"counts": table, "most": np.array([1, 2, 4, math.nan])})) or recording}


def test_counts_are_words_and_nothing_for_none(counted):
    assert bound(counted, column="counts", attr="text", over="counts") == [["3", "1", ""], ["2", "2", "4"], ["", "", ""]]


def test_a_share_is_of_its_row_and_of_an_empty_row_there_is_none(counted):
    shares = bound(counted, column="counts", attr="z", over="matrix", transform="share")
    assert shares == [[0.75, 0.25, 0], [0.25, 0.25, 0.5], [None, None, None]]


def test_what_a_columns_numbers_are_about_is_named_and_else_numbered(counted):
    assert bound(counted, column="counts", attr="x", over="names") == ["cat", "dog", "cow"]
    assert bound(counted, column="most", attr="x", over="names") == ["1", "2", "3", "4"]
    assert bound(counted, column="missing", attr="x", over="names") == []


def test_a_headline_tells_a_class_by_its_name(counted):
    quantities = {name: Quantity("A", "most", place, names="counts") for name, place in (("true", 0), ("said", 1), ("none", 3))}
    headline = Headline("Mistaken: {true} for {said}, {none}", quantities, "Needs A.")
    assert headline_text(headline, counted, 0) == "Mistaken: dog for cow, –"


def test_crosses_stand_where_there_is_a_number():
    recording = Recording(Experiment(), ("0.1", "1"))
    recording.append(Snapshot(0, {"sweep_lost": np.array([[0, math.nan], [math.nan, math.nan]])}))
    assert bound({"A": recording}, column="sweep_lost", attr="text", over="crosses") == [["×", ""], ["", ""]]
