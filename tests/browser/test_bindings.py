"""The panel's script draws what Python draws: the same recordings through both, compared number by number."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.live.channel import encode
from cnnviz.plots.chain import all_paths, chain_walk
from cnnviz.plots.confusion import confusion_matrix
from cnnviz.plots.distributions import activation_ridges, gradient_ridges
from cnnviz.plots.gradients import (
    gradient_by_layer,
    gradient_heatmap,
    gradient_over_steps,
    update_ratio_by_layer,
    weight_norm_over_steps,
)
from cnnviz.plots.live_plot import (
    Binding,
    Given,
    Headline,
    LivePlot,
    Quantity,
    filled,
    headline_text,
    is_recorded,
    quantity,
    values,
)
from cnnviz.plots.log_ticks import LABELS
from cnnviz.plots.numbers import number_text, percent_text, times_text
from cnnviz.plots.pretraining import first_filters, pretraining_loss_over_steps
from cnnviz.plots.surface import accuracy_along_line, loss_along_line, loss_plane
from cnnviz.plots.sweeps import sweep_curve
from cnnviz.plots.training import accuracy_over_steps, loss_over_steps
from cnnviz.plots.variance import gram_image, row_difference_over_steps, variance_by_layer, weight_image

pytestmark = pytest.mark.browser

VARIANTS = ("A", "B")
LAYERS = {"A": 4, "B": 6}
SCALARS = ("loss", "accuracy")
BEFORE_THE_TASK = ("pretraining_loss", "first_moved")
CURVE = ("sweep_values", "sweep_mean", "sweep_low", "sweep_high")
SLICED = ("surface_at", "surface_loss", "surface_test_loss", "surface_accuracy", "surface_test_accuracy")
PER_LAYER = ("z_var", "row_difference", "grad_norm", "update_ratio", "weight_norm", "activation_std", "activation_grad_norm")
PATH = ("path_factor", "path_gradient", "path_slope", "path_weight")
ALL_PATHS = ("path_unit", "gradient_ratio", "gradient_rms", "expected_ratio", "expected_rms")
HISTOGRAMS = ("activation_hist", "activation_grad_hist")
CLASSES = ["circle", "ring", "square"]
STEPS = (0, 1, 2, 3, 10, 25, 60, 100)
CURSORS = (0, 2, 9, 10, 59, 100, 5_000)

PLOTS = (
    loss_over_steps,
    accuracy_over_steps,
    gradient_by_layer,
    gradient_heatmap,
    gradient_over_steps,
    update_ratio_by_layer,
    weight_norm_over_steps,
    activation_ridges,
    gradient_ridges,
    chain_walk,
    all_paths,
    pretraining_loss_over_steps,
    first_filters,
    sweep_curve,
    variance_by_layer,
    weight_image,
    gram_image,
    row_difference_over_steps,
    loss_plane,
    loss_along_line,
    accuracy_along_line,
    confusion_matrix,
)
TRANSFORMS = [
    Binding(0, "y", column, variant, over, layer, transform)
    for variant in (*VARIANTS, "C")
    for transform in ("", "abs", "log10", "product", "share")
    for column, over, layer in (
        ("loss", "steps", None),
        ("grad_norm", "steps", 1),
        ("grad_norm", "steps", -6),
        ("grad_norm", "layers", None),
        ("grad_norm", "grid", None),
        ("path_factor", "layers", None),
        ("dead_map", "rows", None),
        ("dead_map", "matrix", None),
        ("dead_map", "crosses", None),
        ("confusion", "counts", None),
        ("confusion", "names", None),
        ("confused_most", "names", None),
    )
    if (transform, over) != ("product", "grid")  # a product runs over layers, so it has no meaning for a matrix
    and not (transform and column.startswith("confus"))  # they are whole numbers and words
    and (transform, column) != ("log10", "dead_map")  # near 1 a logarithm is nothing but the last digit, which JSON rounds
]
BANDS = [
    Binding(0, "y", column, variant, layer=layer, **{side: other})
    for variant in (*VARIANTS, "C")
    for side in ("plus", "minus")
    for column, other, layer in (
        ("loss", "accuracy", None),
        ("grad_norm", "activation_std", 1),
        ("grad_norm", "activation_std", -6),
        ("loss", "not_recorded", None),
    )
]
COLUMNS = ("diverged", "steps", "layers", "layer_numbers", "test_accuracy", "not_recorded")
PLACES = [Binding(0, "x", column, variant) for variant in VARIANTS for column in COLUMNS]
QUANTITIES = [
    Quantity(variant, column, layer, per, at)
    for variant in (*VARIANTS, "C")
    for column in ("loss", "grad_norm", "test_accuracy", "not_recorded")
    for layer, per in ((None, None), (0, None), (0, -1), (-1, 0), (5, None), (0, 5))
    for at in ("cursor", "first", "last")
]


@pytest.fixture(scope="module")
def recordings() -> dict[str, Recording]:
    """Two nets of different depth, the second one measured for longer; columns sparse, numbers of every kind."""
    found = {"A": recording("A", STEPS[:6]), "B": recording("B", STEPS)}
    found["A"].ending = Ending("diverged", "The loss became NaN at step 26.", 26)
    return found


def recording(variant: str, steps: tuple[int, ...]) -> Recording:
    random = np.random.default_rng(ord(variant))
    names = tuple(f"fc{number}" for number in range(1, LAYERS[variant] + 1))
    found = Recording(Experiment(), names, {"places": {"confusion": CLASSES}})
    return found.extend(snapshot(random, row, step, len(names)) for row, step in enumerate(steps))


def snapshot(random: np.random.Generator, row: int, step: int, layers: int) -> Snapshot:
    found: dict[str, Any] = {name: wild(random, ()) for name in SCALARS}
    found |= {name: wild(random, (layers,)) for name in PER_LAYER}
    if row % 2 == 1:
        found["test_accuracy"] = random.random()
    if row % 3 == 0:
        found |= {name: random.random((layers, 5)) for name in HISTOGRAMS}
        more = np.random.default_rng(row)
        found |= {name: wild(more, ()) for name in BEFORE_THE_TASK} | {name: wild(more, (3,)) for name in CURVE}
        found["first_filters"] = wild(more, (5, 3, 2))
        found["activation_hist"][0] = 0.0
        found |= {name: wild(random, (layers,)) for name in PATH}
        found |= {name: wild(random, (3, 4)) for name in ("weight_rows", "weight_gram")} | {"gram_error": random.random()}
        found |= {name: wild(more, (layers,)) for name in ALL_PATHS}
        found |= {"activation_low": -random.random(layers), "activation_high": random.random(layers)}
    if row % 2 == 0:
        apart = np.random.default_rng(row)  # so that the other columns' numbers stay as they are
        found |= {name: wild(apart, (1, 4)) for name in SLICED} | {"surface_plane": wild(apart, (4, 4))}
        found |= {
            name: wild(apart, ())
            for name in ("surface_better", "surface_width_1", "surface_curvature_1", "surface_mean_accuracy")
        }
        counts = np.random.default_rng(row).integers(0, 4, (3, 3))
        found |= {"confusion": counts, "confused_most": [*((row % 3, 2, 3) if row else (math.nan, math.nan, 0)), 12]}
        apart = np.random.default_rng(row)
        found["dead_map"] = np.stack([wild(apart, (7,)) for _layer in range(layers)])
    return Snapshot(step, {name: np.asarray(value, np.float32) for name, value in found.items()})


def wild(random: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Numbers of both signs over many orders of magnitude, among them zeros, infinities and NaNs."""
    numbers = random.choice([-1, 1], shape) * 10.0 ** random.uniform(-12, 12, shape)
    return random.choice([numbers, numbers, numbers, np.zeros(shape), np.full(shape, np.inf), np.full(shape, np.nan)])


@pytest.fixture(scope="module")
def script(browser: Any, server: str) -> Any:
    """A page of the server's that holds nothing but the panel's modules."""
    page = browser.new_page()
    page.goto(f"{server}/cnnviz/panel/numbers.js")
    page.evaluate("""async () => {
      const modules = await Promise.all(['bindings', 'numbers', 'stack', 'stay'].map(name => import(`/cnnviz/panel/${name}.js`)))
      window.cnn = Object.assign({ recordings: {} }, ...modules)
    }""")
    yield page
    page.close()


@pytest.fixture(scope="module")
def loaded(script: Page, recordings: dict[str, Recording]) -> Page:
    """The page with the recordings, as two deltas each, the way in which they come live."""
    for variant, recording in recordings.items():
        first = Recording(recording.experiment, recording.layers, recording.about)
        snapshots = list(recording.snapshots())
        deltas = [first.extend(snapshots[:3]).delta(0)]
        first.extend(snapshots[3:]).ending = recording.ending
        deltas.append(first.delta(3))
        script.evaluate(
            "([variant, deltas]) => { cnn.recordings[variant] = deltas.reduce(cnn.extend, cnn.emptyRecording()) }",
            [variant, [json.loads(encode(delta)) for delta in deltas]],
        )
    return script


def same(ours: Any, theirs: Any) -> bool:
    """Equal to 1e-6, None only where there is None."""
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, float) and isinstance(theirs, (int, float)):
        return math.isclose(ours, theirs, rel_tol=1e-6, abs_tol=1e-30)
    return bool(ours == theirs)


def as_json(binding: Any) -> Any:
    return json.loads(json.dumps(binding, default=vars))


def compare_values(page: Page, bindings: list[Binding], recordings: dict[str, Recording]) -> None:
    theirs = page.evaluate(
        "([bindings, steps]) => steps.map(step => bindings.map(binding => cnn.values(binding, cnn.recordings, step)))",
        [as_json(bindings), list(CURSORS)],
    )
    for step, row in zip(CURSORS, theirs, strict=True):
        for binding, found in zip(bindings, row, strict=True):
            ours = values(binding, recordings, step)
            assert same(ours, found), f"{binding} at step {step}: Python {ours}, script {found}"


@pytest.fixture(params=PLOTS, ids=lambda plot: plot.__name__)
def plot(request: pytest.FixtureRequest) -> LivePlot:
    """Built where it is needed: every process that has a share of the tests collects them all."""
    built: LivePlot = request.param(VARIANTS)
    return built


def test_every_binding_of_a_plot_gives_the_same_numbers(plot: LivePlot, loaded: Page, recordings: dict[str, Recording]) -> None:
    compare_values(loaded, list(plot.bindings), recordings)


def test_headlines_read_the_same(plot: LivePlot, loaded: Page, recordings: dict[str, Recording]) -> None:
    headline = plot.to_json()["headline"]
    theirs = loaded.evaluate(
        "([headline, steps]) => steps.map(step => cnn.headlineText(headline, cnn.recordings, step))", [headline, list(CURSORS)]
    )
    assert theirs == [headline_text(plot.headline, recordings, step) for step in CURSORS]


EMPTY = """([plot, empty]) => {
  const recordings = empty ? {} : cnn.recordings
  const traces = plot.figure.data.map(trace => ({ ...trace }))
  for (const given of plot.given) traces[given.trace][given.attr] = given.values
  for (const binding of plot.bindings) traces[binding.trace][binding.attr] = cnn.values(binding, recordings, 0)
  const { axes, sentence } = cnn.emptyAreas(traces, plot.figure.layout, plot.headline.needs)
  return [axes.sort(), sentence]
}"""


@pytest.mark.parametrize("empty", [False, True], ids=["recorded", "empty"])
def test_axes_that_nothing_is_drawn_on_are_the_same(
    plot: LivePlot, empty: bool, loaded: Page, recordings: dict[str, Recording]
) -> None:
    layout = filled(plot, {} if empty else recordings, 0).layout
    axes = sorted(name for name, axis in layout.to_plotly_json().items() if "axis" in name and axis.get("visible") is False)
    notes = [note.text.replace("<br>", " ") for note in layout.annotations] if axes else [""]
    assert loaded.evaluate(EMPTY, [as_json(plot.to_json()), empty]) == [axes, notes[0] if len(notes) == 1 else ""]
    assert bool(axes) >= empty


@pytest.mark.parametrize("column", ["test_accuracy", "activation_low", "dead_map", "not_recorded"])
def test_both_know_what_is_recorded_already(column: str, loaded: Page, recordings: dict[str, Recording]) -> None:
    own = {"B": recordings["B"]}
    row = [float(value) for value in np.ravel(own["B"].at(column, 3))] if column in own["B"].names else [0.0]
    asked = [row, [value + 2e-5 for value in row], [value + 1e-3 for value in row], row[:-1], [None, *row[1:]]]
    ours = [is_recorded(Given(0, "y", tuple(values), column), own, 3) for values in asked]
    theirs = loaded.evaluate(
        "([asked, column]) => asked.map(values => cnn.isRecorded(values, column, { B: cnn.recordings.B }, 3))",
        [as_json(asked), column],
    )
    assert theirs == ours
    assert ours == [column in ("test_accuracy", "activation_low")] * 2 + [False] * 3


@pytest.mark.parametrize("build", [loss_over_steps, gradient_over_steps, accuracy_over_steps])
def test_a_line_of_one_number_is_the_same_mark(build: Callable[..., LivePlot], loaded: Page) -> None:
    numbers = {"loss": 2.3, "accuracy": 0.1, "grad_norm": [0.5, 2.0]}
    first = Snapshot(0, {name: np.asarray(value, np.float32) for name, value in numbers.items()})
    recordings = {letter: Recording(Experiment(), ("fc1", "fc2"), {}).extend([first]) for letter in VARIANTS}
    plot = build(VARIANTS)
    ours = filled(plot, recordings, 0).data
    lines = [{**line, "y": list(one.y or ())} for line, one in zip(plot.to_json()["figure"]["data"], ours, strict=True)]
    theirs = loaded.evaluate("traces => traces.map(cnn.marked)", as_json(lines))
    drawn = as_json([one.to_plotly_json() for one in ours])
    assert [(one.get("mode"), one.get("marker")) for one in theirs] == [(one.get("mode"), one.get("marker")) for one in drawn]
    assert sum(one.get("mode") == "markers" for one in drawn) >= len(VARIANTS)


def test_every_transform_gives_the_same_numbers(loaded: Page, recordings: dict[str, Recording]) -> None:
    compare_values(loaded, TRANSFORMS + BANDS + PLACES, recordings)


def test_quantities_are_the_same_and_missing_in_the_same_places(loaded: Page, recordings: dict[str, Recording]) -> None:
    theirs = loaded.evaluate(
        "([wanted, steps]) => steps.map(step => wanted.map(one => cnn.quantity(one, cnn.recordings, step)))",
        [as_json(QUANTITIES), list(CURSORS)],
    )
    ours = [[quantity(wanted, recordings, step) for wanted in QUANTITIES] for step in CURSORS]
    assert same(ours, theirs)
    assert 0 < sum(value is None for row in ours for value in row) < len(QUANTITIES) * len(CURSORS)


@pytest.mark.parametrize("form", ["number", "percent", "times"])
def test_forms_of_a_number_read_the_same(form: str, loaded: Page, recordings: dict[str, Recording]) -> None:
    headline = Headline("B: {value}!", {"value": Quantity("B", "weight_norm", 0, at="first", form=form)}, "Needs B.")
    theirs = loaded.evaluate(
        "headline => cnn.headlineText(headline, cnn.recordings, 0)",
        {"text": headline.text, "needs": headline.needs, "quantities": as_json(dict(headline.quantities))},
    )
    assert theirs == headline_text(headline, recordings, 0)


@pytest.mark.parametrize(
    ("plot", "stacks_below"),
    [
        (loss_plane(("A", "B", "C")), 600),
        (loss_plane(("A", "B")), 400),
        (loss_plane(("A",)), 0),
        (loss_over_steps(("A", "B")), 0),
    ],
    ids=["three maps", "two maps", "one map", "lines in one area"],
)
def test_plot_areas_side_by_side_come_to_stand_one_below_the_other_on_a_narrow_page(
    plot: LivePlot, stacks_below: int, script: Page
) -> None:
    layout = plot.to_json()["figure"]["layout"]
    widths = [0, 300, 399, 400, 599, 600, 1_200]
    stacks = script.evaluate("([layout, widths]) => widths.map(width => cnn.isStacked(layout, width))", [layout, widths])
    assert stacks == [0 < width < stacks_below for width in widths]


def test_in_a_stack_each_area_has_the_whole_width_its_own_ticks_and_its_letter_above_it(script: Page) -> None:
    built = as_json(loss_plane(("A", "B", "C")).to_json()["figure"]["layout"])
    layout = script.evaluate("layout => cnn.stacked(layout)", built)
    height = script.evaluate("layout => cnn.stackHeight({ ...layout, margin: { t: 0, b: 0 } })", built)
    numbers = ("", "2", "3")
    assert [layout[f"xaxis{number}"]["domain"] for number in numbers] == [[0, 1]] * 3
    areas = [[round(edge * height) for edge in layout[f"yaxis{number}"]["domain"]] for number in numbers]
    assert areas == [[512, 712], [256, 456], [0, 200]]
    assert all(layout[f"yaxis{number}"]["title"] == built["yaxis"]["title"] for number in numbers)
    assert all(layout[f"yaxis{number}"].get("showticklabels", True) for number in numbers)
    x_title, *heads = layout["annotations"]
    assert x_title == built["annotations"][0]
    assert [round(head["y"] * height) for head in heads] == [712, 456, 200]


def test_a_panel_outlives_its_place_until_no_other_comes(script: Page) -> None:
    told = script.evaluate("""async () => {
      const told = []
      const mount = cnn.staying(first => {
        told.push(`made in ${first}`)
        return { move: place => told.push(`put in ${place}`), update: () => {}, close: () => told.push('ended') }
      })
      const at = place => mount({ parentElement: place, data: { page: 'lesson' } })
      const goes = at('one')
      goes()
      const anew = at('one')
      const elsewhere = at('two')
      anew()
      await new Promise(done => setTimeout(done, 1000))
      told.push('waited')
      elsewhere()
      await new Promise(done => setTimeout(done, 1000))
      at('three')
      return told
    }""")
    places = ["made in one", "put in one", "put in one", "put in two", "waited", "ended", "made in three", "put in three"]
    assert told == places


def test_before_the_first_snapshot_there_is_nothing_to_draw(script: Page) -> None:
    empty = {"A": Recording(Experiment(), ("fc1",))}
    found = script.evaluate(
        "bindings => bindings.map(binding => cnn.values(binding, { A: cnn.emptyRecording() }, 0))",
        as_json(TRANSFORMS + BANDS + PLACES),
    )
    assert found == [values(binding, empty, 0) for binding in TRANSFORMS + BANDS + PLACES]


def test_numbers_read_the_same(script: Page) -> None:
    random = np.random.default_rng(0)
    spread = 10.0 ** random.uniform(-40, 20, 2_000) * random.choice([-1, 1], 2_000)
    edges = [
        0.0,
        1.0,
        9.995e-4,
        9.994e-4,
        999.5,
        999.4,
        9_999.5,
        9_999.4,
        999_500.0,
        9.995e8,
        99.95,
        9.995,
        0.125,
        12.25,
        12.35,
        1_000.5,
        2.5e-7,
        0.00995,
        12_250.0,
        999_499.9,
        9.995e11,
    ]
    exact = [10.0**power * digit for power in range(-12, 13) for digit in (1, 2.5, 9.95, 9.949)]
    numbers = [*map(float, spread), *edges, *exact]
    theirs = script.evaluate(
        "numbers => numbers.map(number => [cnn.numberText, cnn.percentText, cnn.timesText].map(text => text(number)))", numbers
    )
    assert theirs == [[number_text(number), percent_text(number), times_text(number)] for number in numbers]
    assert script.evaluate("[NaN, Infinity, -Infinity].map(cnn.numberText)") == [
        number_text(x) for x in (math.nan, math.inf, -math.inf)
    ]


def test_labels_of_log_axes_read_the_same(script: Page) -> None:
    assert script.evaluate("import('/cnnviz/panel/ticks.js').then(({ LABELS }) => LABELS)") == LABELS
