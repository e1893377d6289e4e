import importlib
import inspect
import json
import pkgutil
import re
from dataclasses import replace
from functools import cache

import pytest

import cnnviz
from cnnviz import plots
from cnnviz.engine.experiment import Experiment, rule
from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.lessons import all_lessons
from cnnviz.plots import theme
from cnnviz.plots.live_plot import filled, headline_text, values

NOT_PLOTS = {
    "live_plot",
    "lines",
    "log_ticks",
    "numbers",
    "plane",
    "theme",
    "curves",
    "lsuv",
    "norm_cube",
    "ages",
    "targets",
    "draws",
    "colours",
    "cost",
    "labels",
    "architecture",
    "published",
    "weight_masks",
}  # the last ten wait for no recording
SPECIAL = {"steps", "layers", "layer_numbers", "diverged"}
LETTERS = ("A", "B")


def found_plots():
    """Every public function of every module in cnnviz.plots that holds plots."""
    modules = [
        importlib.import_module(f"cnnviz.plots.{m.name}") for m in pkgutil.iter_modules(plots.__path__) if m.name not in NOT_PLOTS
    ]
    functions = [
        f for module in modules for f in vars(module).values() if inspect.isfunction(f) and f.__module__ == module.__name__
    ]
    return {f.__name__: f for f in functions if not f.__name__.startswith("_")}


PLOTS = found_plots()
every_plot = pytest.mark.parametrize("name", PLOTS)


CURVE = {"dataset": "curve", "net": "maxout_difference", "test_examples": 51}
PRETRAINED = {"depth": 3, "filters": 5, "pretraining": "greedy", "pretraining_steps": 4}
RECURRENT = ("gradient_by_time_step", "statistics_by_time_step")
MODES = ("modes_over_steps", "one_among_others", "running_mean_gap", "running_var_ratio", "fold_difference_over_steps")
BY_HAND = ("batch_before_and_after", "gradients_by_hand", "relative_errors")
ALONG_THE_STEP = ("loss_along_step", "gradient_change_along_step", "smoothness_over_steps")
INSIDE = ("unit_percentiles", "input_shift_over_steps", "gradient_angle_by_layer", *ALONG_THE_STEP)
BETWEEN = ("accuracy_by_domain", "domains_over_steps")
POLYNOMIAL = ("polynomial_fit", "error_by_degree", "coefficient_sizes", "coefficient_paths")
PLANE = {"depth": 3, "dataset": "border", "boundary": True, "training_set": True}
MEMBERS = ("accuracy_of_members", "loss_of_members")
DRAWN = ("masked_net", "unit_by_unit", "mean_over_masks", "output_gap_by_layer", "sum_gap_by_layer", "twin_ratio_by_layer")
HOLES = ("maps_with_holes", "guess_error_over_steps")
ASKED = ("answers_with_masks", "spread_over_steps")
BOTH_SETS = ("loss_gap_over_steps", "accuracy_on_both_sets", "loss_on_both_sets")
WEIGHTS = ("zero_weights_over_steps", "largest_unit_by_layer")
CONFIDENT = (
    "margin_over_steps",
    "logits_and_weights",
    "confidence_histogram",
    "reliability_diagram",
    "calibration_error_over_steps",
)
POOLING = ("consistency_by_shift", "accuracy_by_shift", "change_by_shift", "consistency_over_steps", "rebuilt_maps")
POOLED = {"net": "cnn", "depth": 3, "width": 4, "shifts": True, "unpooling": True}
CLUSTERED = ("clusters_trained", "clusters_tested", "cluster_spread_over_steps")
TAUGHT = ("students_and_teachers", "teacher_says", "teacher_loss_over_steps")
NEEDS = {
    **{name: {"teacher": True, "teacher_width": 8, "pretraining_steps": 3} for name in TAUGHT},
    **{name: {"confidence": True, "smoothing": 0.1} for name in CONFIDENT},
    **{name: {"clusters": True} for name in CLUSTERED},
    "confusion_matrix": {"confusion": True},
    **dict.fromkeys(POOLING, POOLED),
    **{name: {"calculation": "polynomial", "strength": 1e-3} for name in POLYNOMIAL},
    "decision_boundary": PLANE,
    **{name: {"calculation": "dropout", "dropout": "inverted", "depth": 4} for name in DRAWN},
    **{name: {"net": "cnn", "depth": 4, "width": 4, "dropout": "inverted", "maps": True} for name in HOLES},
    **{name: {"depth": 3, "dropout": "inverted", "passes": 4, "task_classes": 5} for name in ASKED},
    **{name: {"depth": 3, "training_set": True} for name in BOTH_SETS},
    **{name: {"depth": 3, "net": "ensemble", "members": 3, "units": False, "signal": False} for name in MEMBERS},
    "gate_regions": PLANE | {"net": "mixture", "members": 3},
    "validation_over_steps": {"depth": 3, "validation": 20, "patience": 2, "look_every": 1},
    **{name: {"depth": 3, "weights": True, "l1": 0.01} for name in WEIGHTS},
    "top_singular_over_steps": {"spectrum": True},
    "fitted_curve": CURVE,
    "convex_halves": CURVE,
    "learned_slopes": {"activation": "prelu"},
    "slope_by_layer": {"activation": "prelu"},
    "first_filters": PRETRAINED,
    "pretraining_loss_over_steps": PRETRAINED,
    **{
        name: {"depth": 4, "surface": True, "surface_points": 2, "surface_examples": 50}
        for name in ("loss_plane", "loss_along_line", "accuracy_along_line")
    },
    **{name: {"calculation": "batch_norm"} for name in BY_HAND},
    "pass_times": {"calculation": "timing", "network": "lenet"},
    **{name: {"norm": "batch", "modes": True} for name in MODES},
    **{name: {"depth": 4, "shift": True, "landscape": True} for name in INSIDE},
    **{name: {"depth": 3, "dataset": "shapes", "norm": "batch", "domains": True} for name in BETWEEN},
    **{name: {"net": "rnn", "norm": "batch", "modes": True} for name in RECURRENT},
    "sweep_map": {
        "depth": 2,
        "sweep_over": "lr",
        "sweep_values": (0.01, 0.1, 1.0),
        "sweep_across": "init_scale",
        "sweep_across_values": (0.5, 2.0),
        "units": False,
    },
    "sweep_curve": {"depth": 2, "sweep_over": "labels", "sweep_values": (10, 20, 40), "sweep_seeds": 2, "units": False},
}  # what fills these plots
NO_IMAGES = {
    "chain_walk",
    "all_paths",
    "fitted_curve",
    "convex_halves",
    "first_filters",
    "pretraining_loss_over_steps",
    "sweep_curve",
}
NO_IMAGES |= {"all_paths", "pass_times", "loss_plane", "loss_along_line", "accuracy_along_line"}
NO_IMAGES |= {*BY_HAND, "sweep_map", "statistics_by_time_step", *POLYNOMIAL, "decision_boundary", "gate_regions", *DRAWN[1:]}
MAPS = {"heatmap", "contour"}
BARE = Recording(Experiment(), ("fc1", "fc2", "fc3")).extend([Snapshot(0, {"nothing_drawn": 1.0})])


def recorded(name, **settings):
    """Small recordings that have what a plot needs."""
    return record(**{**settings, **NEEDS.get(name, {})})


@cache
def record(**settings):
    small = {
        "dataset": "digits",
        "train_examples": 100,
        "test_examples": 50,
        "width": 16,
        "steps": 6,
        "batch_size": 10,
        "snapshots": 5,
    }
    measured = {"histograms": 3, "evaluations": 2, "units": True, "signal": True, "paths": True}
    base = Experiment.of(**{**small, **measured, "lr": 0.01, **settings})
    return cnnviz.record_together(
        {"A": base, "B": cnnviz.replace(base, **({"activation": "tanh"} if base.net.activation == "relu" else {"lr": 0.02}))}
    )


@cache
def built_anew(name):
    """A plot that was built for this alone, as JSON: of the others each is built once and shared."""
    return inspect.unwrap(PLOTS[name])(LETTERS).to_json()


@pytest.fixture(params=[2, 5, 40])
def recordings(request):
    name = request.node.callspec.params.get("name")
    return recorded(name if name in NEEDS else None, depth=request.param)


@pytest.fixture
def convolutional(name):
    whole = name in (
        *MODES,
        *INSIDE,
        *BETWEEN,
        *BOTH_SETS,
        *WEIGHTS,
        *CONFIDENT,
        *CLUSTERED,
        *POOLING,
        *TAUGHT,
        *HOLES,
        *ASKED,
        "validation_over_steps",
        "confusion_matrix",
    )
    needed = NEEDS[name] if whole else {"activation": "prelu"} if "slope" in name else {}
    return record(**{**needed, "net": "cnn", "depth": 4, "width": 4, "spectrum": "singular" in name})


def axis_titles(figure, letter):
    """The titles of all axes of one letter, and the ones that axes side by side share, which are annotations."""
    own = [axis.title.text for axis in figure.select_xaxes() if letter == "x"] + [
        axis.title.text for axis in figure.select_yaxes() if letter == "y"
    ]
    shared = [note.text for note in figure.layout.annotations if letter == "x" and note.y == 0 and note.yanchor == "top"]
    return [title for title in own + shared if title]


def test_the_plots_of_the_lesson_are_there():
    assert {"gradient_by_layer", "gradient_heatmap", "loss_over_steps", "activation_ridges", "chain_walk"} <= set(PLOTS)


EDGE_AXIS = theme.EDGE.replace("y", "yaxis")


def unmarked(figure):
    """The traces that are numbers: not the marks at the upper edge, which nothing but a divergence fills."""
    return [trace for trace in figure.data if trace.yaxis != theme.EDGE]


@every_plot
def test_a_plot_is_named_after_its_function(name):
    assert PLOTS[name](LETTERS).name == name


@every_plot
def test_both_axes_say_in_words_what_they_show(name):
    figure = PLOTS[name](LETTERS).figure
    for letter in "xy":
        titles = axis_titles(figure, letter)
        assert titles
        assert all(re.search(r"[A-Za-z]{4}", title) for title in titles)


@every_plot
def test_bindings_name_real_columns(name, recordings):
    for binding in PLOTS[name](LETTERS).bindings:
        assert binding.column in SPECIAL | set(recordings[binding.variant].names)


@every_plot
def test_every_data_attribute_is_bound_once(name):
    targets = [(binding.trace, binding.attr) for binding in PLOTS[name](LETTERS).bindings]
    assert len(targets) == len(set(targets))


@every_plot
@pytest.mark.parametrize("step", [0, 3, 6])
def test_a_filled_plot_leaves_no_trace_empty_at_any_depth(name, recordings, step):
    for trace in unmarked(filled(PLOTS[name](LETTERS), recordings, step)):
        bound = [trace[attr] for attr in ("x", "y", "z") if attr in trace and trace[attr] is not None]
        assert len(bound) >= 2 or (trace.type in MAPS and trace.z is not None)
        assert all(any(value is not None for value in column) for column in bound)


@every_plot
def test_the_lists_that_one_trace_draws_together_are_equally_long(name, recordings):
    plot = PLOTS[name](LETTERS)
    for trace, drawn in enumerate(plot.figure.data):
        lengths = {b.attr: len(values(b, recordings, 3)) for b in plot.bindings if b.trace == trace}
        if drawn.type in MAPS:
            z = next(values(b, recordings, 3) for b in plot.bindings if b.trace == trace and b.attr == "z")
            assert (len(z), len(z[0])) == (lengths.get("y", len(z)), lengths.get("x", len(z[0])))
        else:
            assert len(set(lengths.values())) == (1 if lengths else 0)  # none where a trace is given as a whole


@every_plot
def test_a_figure_depends_on_the_letters_alone(name):
    assert inspect.unwrap(PLOTS[name])(LETTERS).to_json() == built_anew(name)
    one, two, six = (PLOTS[name](tuple("ABCDEF")[:count]) for count in (1, 2, 6))
    assert len(two.figure.data) == 2 * len(one.figure.data)
    assert len(six.figure.data) == 6 * len(one.figure.data)


@every_plot
def test_a_plot_is_built_once_and_filling_it_leaves_it_as_it_was(name, recordings):
    before = built_anew(name)
    filled(PLOTS[name](list(LETTERS)), recordings, 3)
    assert PLOTS[name](LETTERS) is PLOTS[name](list(LETTERS))
    assert PLOTS[name](LETTERS).to_json() == before


@every_plot
def test_every_trace_wears_its_variants_name_and_colour(name):
    for trace in PLOTS[name](("A", "B", "C")).figure.data:
        colour = theme.VARIANT_COLOURS["ABC".index(trace.name)]
        if trace.type in MAPS:
            assert trace.coloraxis == "coloraxis"
        else:
            assert colour in {trace.marker.color, getattr(trace, "line", trace.marker).color}


@every_plot
@pytest.mark.parametrize("letters", ["A", "AB"])
def test_the_headline_is_a_finding_with_a_number_for_each_variant(name, recordings, letters):
    headline = PLOTS[name](tuple(letters)).headline
    text = headline_text(headline, recordings, 6)
    assert text != headline.subject
    assert re.search(r"\d", text)
    told = letters[1:] if name == "pretraining_loss_over_steps" else letters  # its first variant waits for the others
    assert len(letters) == 1 or len(told) == 1 or all(re.search(rf"\b{letter} −?\d", text) for letter in told)


@every_plot
def test_the_headline_says_what_it_is_about_while_nothing_is_recorded(name):
    headline = PLOTS[name](LETTERS).headline
    assert headline_text(headline, {}, 0) == headline.subject != ""
    assert "{" not in headline.subject


@pytest.mark.parametrize("name", [name for name in PLOTS if name != "masked_net"])  # whose net is there without a mask
@pytest.mark.parametrize("measured", [{}, {"A": BARE, "B": BARE}], ids=["nothing", "something else"])
def test_a_chart_without_its_numbers_has_no_axes_and_says_what_it_needs(name, measured):
    figure = filled(PLOTS[name](LETTERS), measured, 0)
    assert [axis.visible for axis in (*figure.select_xaxes(), *figure.select_yaxes())].count(False) >= 2
    assert not any(axis.visible for axis in (*figure.select_xaxes(), *figure.select_yaxes()))
    (note,) = figure.layout.annotations
    assert note.text.replace("<br>", " ") == PLOTS[name](LETTERS).headline.needs


@every_plot
def test_a_chart_with_its_numbers_has_all_its_axes(name, recordings):
    figure = filled(PLOTS[name](LETTERS), recordings, 6)
    axes = (*figure.select_xaxes(), *figure.select_yaxes())
    assert all(axis.visible is None for axis in axes if axis.plotly_name != EDGE_AXIS)
    assert not any(note.text.startswith("Needs") for note in figure.layout.annotations)


@every_plot
def test_what_a_chart_needs_is_one_sentence_that_names_what_is_on_a_page(name):
    needs = PLOTS[name](LETTERS).headline.needs
    assert re.fullmatch(r"Needs [^.]+\.", needs)
    titles = [preset.title for lesson in all_lessons().values() for preset in lesson.recorded.values()]
    for part in re.findall("“(.+?)”", needs):
        alike = [title for title in titles if title.startswith(part)]
        assert part in titles if "the starting point “" in needs else len(alike) >= 2
    for label in re.findall(r"under (\w+)\.", needs):
        assert label in {rule(setting).label for setting in ("activation", "dropout", "net")}


@every_plot
def test_a_share_of_another_layers_number_is_told_with_the_number_itself(name):
    quantities = list(PLOTS[name](LETTERS).headline.quantities.values())
    for share in quantities:
        if share.per is not None:
            assert replace(share, per=None, form="number") in quantities


@every_plot
def test_explain_is_one_sentence(name):
    assert re.fullmatch(r"[A-Z∂].{20,160}[^.]\.", PLOTS[name](LETTERS).explain)
    assert ". " not in PLOTS[name](LETTERS).explain


@every_plot
def test_the_docstring_says_what_the_plot_lets_you_diagnose(name):
    assert "Diagnoses:" in inspect.getdoc(PLOTS[name])


@every_plot
def test_a_plot_can_be_sent_as_json(name):
    sent = json.loads(json.dumps(PLOTS[name](LETTERS).to_json(), allow_nan=False))
    assert set(sent) == {"name", "figure", "bindings", "headline", "explain", "details", "given"}


@every_plot
def test_a_picked_layer_is_told_with_columns_that_exist(name, recordings):
    for variant, sentence in PLOTS[name](LETTERS).details.items():
        named = set(re.findall(r"{(\w+)}", sentence)) - {"layer"}
        assert named
        assert named <= set(recordings[variant].names)


@every_plot
def test_a_convolutional_net_is_drawn_too_but_for_the_chain(name, convolutional):
    figure = filled(PLOTS[name](LETTERS), convolutional, 6)
    drawn = [bool(trace.z if trace.type in MAPS else trace.y) for trace in unmarked(figure)]
    if name in MEMBERS:  # a single net has none, but is tested
        tested = {binding.trace for binding in PLOTS[name](LETTERS).bindings if binding.column.startswith("test_")}
        assert drawn == [trace in tested for trace in range(len(drawn))]
    else:
        assert drawn == [name not in NO_IMAGES] * len(drawn)


def test_the_chain_multiplies_up_to_the_line_below_it(recordings):
    for recording in recordings.values():
        factors, along = (recording.at(column, 0).astype(float) for column in ("path_factor", "path_gradient"))
        product = [float(recording.at("path_start", 0))]
        for factor in factors[:0:-1]:
            product.insert(0, product[0] * factor)
        assert along == pytest.approx(product, rel=1e-3)


def test_the_level_of_guessing_is_drawn_only_where_the_classes_are_told():
    loss_over_steps = PLOTS["loss_over_steps"]
    assert not loss_over_steps(LETTERS).figure.layout.shapes
    (line,) = loss_over_steps(LETTERS, classes=10).figure.layout.shapes
    assert line.y0 == line.y1 == pytest.approx(2.302585)


def test_a_layer_kind_never_looks_like_a_variant():
    assert len({*theme.KIND_COLOURS.values(), *theme.VARIANT_COLOURS}) == len(theme.KIND_COLOURS) + len(theme.VARIANT_COLOURS)


@pytest.mark.parametrize("letter", ["a", "AB", "", "Z"])
def test_a_variant_without_a_colour_is_an_error_that_names_it(letter):
    with pytest.raises(ValueError, match=f"variant \\(='{letter}'\\) must be a letter from A to F"):
        theme.variant_colour(letter)


DIVERGED = Ending("diverged", "The loss became NaN at step 7; the gradient norm of fc1 was 8 the step before.", 7, "fc1", 8.0)
MARKED = [name for name in PLOTS if any(trace.yaxis == theme.EDGE for trace in PLOTS[name](LETTERS).figure.data)]


def test_loss_accuracy_and_gradients_over_the_run_mark_a_divergence():
    assert {"loss_over_steps", "accuracy_over_steps", "gradient_over_steps", "weight_norm_over_steps"} <= set(MARKED)


@pytest.mark.parametrize("name", MARKED)
def test_a_line_that_ends_because_its_run_diverged_says_so_at_the_edge(name):
    done = recorded(name if name in NEEDS else None, depth=5)
    lost = Recording(done["A"].experiment, done["A"].layers, done["A"].about, DIVERGED).extend(done["A"].snapshots())
    figure = filled(PLOTS[name](LETTERS), {**done, "A": lost}, 6)
    marks = [trace for trace in figure.data if trace.yaxis == theme.EDGE and trace.x]
    assert {trace.name for trace in marks} == {"A"}
    told = [(trace.texttemplate, *trace.x, *trace.y, *trace.text) for trace in marks if trace.mode == "text"]
    assert told == [("× A diverged at step %{text}", lost.steps[-1], 0, "7")]
