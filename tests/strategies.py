"""What hypothesis draws where input is bad: JSON of any kind, values that a setting may have, experiments of every lesson."""

import math
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cnnviz.engine.experiment import Experiment, rule
from cnnviz.engine.fields import Checked, Rule
from cnnviz.lessons import all_lessons

SETTINGS = [
    name
    for part, value in Experiment().everything().items()
    for name in (value.everything() if isinstance(value, Checked) else (part,))
]
PRESETS = [
    experiment
    for lesson in all_lessons().values()
    for preset in lesson.presets.values()
    for experiment in preset.variants.values()
]
LANGUAGES_OWN = ["cls", "self", "experiment", "__class__", "__init__", "version"]
MARKUP = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "$\\frac{1}{0}$",
    "`rm`",
    "{}",
    "%s",
    "\n\n# head",
    "\0",
    "\u202e",
]
HUGE = [10**400, -(10**400), 2**63, 1e308, -1e308, 5e-324, -0.0, math.nan, math.inf, -math.inf]

numbers = st.one_of(st.integers(), st.floats(), st.sampled_from(HUGE))
texts = st.one_of(st.text(max_size=60), st.sampled_from(MARKUP))
leaves = st.one_of(st.none(), st.booleans(), numbers, texts)
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)
names = st.one_of(st.sampled_from(SETTINGS), st.sampled_from(LANGUAGES_OWN), texts)
nested = st.integers(1, 4_000).map(lambda depth: "[" * depth + "]" * depth)
presets = st.sampled_from(PRESETS)


def allowed(wanted: Rule) -> SearchStrategy[Any]:
    """Values that a setting may have by itself, its limits and what is off among them."""
    if wanted.kind == "switch":
        return st.booleans()
    if wanted.kind == "choice":
        return st.sampled_from(wanted.options)
    number = _number(wanted)
    if wanted.kind == "numbers":
        return st.lists(number, min_size=wanted.count, max_size=wanted.count)
    if wanted.kind == "several":
        return st.lists(number, min_size=1, max_size=wanted.count)
    if wanted.kind == "series":
        return st.lists(st.floats(1e-6, 100), max_size=6, unique=True).map(sorted)
    return number


def _number(wanted: Rule) -> SearchStrategy[Any]:
    ends = st.sampled_from([wanted.low, wanted.high, *([] if wanted.off is None else [wanted.off])])
    inside: SearchStrategy[Any] = (
        st.integers(int(wanted.low), int(wanted.high)) if wanted.kind == "whole" else st.floats(wanted.low, wanted.high)
    )
    return ends | inside


def chosen(most: int) -> SearchStrategy[dict[str, Any]]:
    """Some settings, each with a value that it may have; together they may be impossible."""
    each = st.sampled_from(SETTINGS).flatmap(lambda name: st.tuples(st.just(name), allowed(rule(name))))
    return st.lists(each, max_size=most).map(dict)


# Experiments that are trained in a moment: the values of what costs time, smallest first, and what is chosen most often.
CHEAP: dict[str, tuple[Any, ...]] = {
    "train_examples": (60, 10, 129),
    "test_examples": (20, 10, 129),
    "steps": (2, 0, 1),
    "batch_size": (8, 1, 2, 10, 60),
    "depth": (3, 2, 4, 8),
    "width": (4, 2, 3, 8),
    "members": (2, 1, 3),
    "pieces": (2, 1, 3),
    "groups": (2, 1, 4),
    "snapshots": (3, 2, 50),
    "histograms": (2, 0, 1),
    "evaluations": (2, 0, 1),
    "passes": (0, 1, 3),
    "pretraining_steps": (0, 2, 5),
    "labels": (0, 10, 40),
    "validation": (0, 10, 40),
    "patience": (0, 1, 2),
    "look_every": (1, 2),
    "teacher_width": (4, 2),
    "surface_points": (1, 2),
    "surface_examples": (20, 10, 60),
    "network": ("lenet",),
    "input_side": (0, 32),
    "sweep_seeds": (1, 2),
    "sweep_examples": (0, 100),
    "seed": (0, 1),
}
COMPANY = {  # without which a setting does nothing
    "pretraining": {"pretraining_steps": 2, "task_classes": 4},
    "teacher": {"pretraining_steps": 2},
    "patience": {"validation": 10},
}
SWEEPS = {"sweep_over": "sweep_values", "sweep_across": "sweep_across_values"}
SHAPING = ("dataset", "net", "activation", "init", "norm", "dropout", "pretraining", "pooling", "sweep_over", "calculation")
SWITCHES = [name for name in SETTINGS if rule(name).kind == "switch"]


def _cheap(name: str) -> SearchStrategy[Any]:
    return st.sampled_from(CHEAP[name]) if name in CHEAP else allowed(rule(name))


@st.composite
def cheap(draw: st.DrawFn) -> dict[str, Any]:
    """Settings of an experiment that is trained in a moment, each with a value that it may have, with something of everything:
    what the net is and learns from, what is measured, and whatever else there is. Together they may be impossible."""
    names = {
        *draw(st.lists(st.sampled_from(SHAPING), max_size=6)),
        *draw(st.lists(st.sampled_from(SWITCHES), max_size=4)),
        *draw(st.lists(st.sampled_from(SETTINGS), max_size=6)),
    }
    settings = {"dataset": "digits", **{name: values[0] for name, values in CHEAP.items()}}
    for name in sorted(names & COMPANY.keys()):
        settings |= COMPANY[name]
    settings |= {name: draw(_cheap(name)) for name in sorted(names)}
    swept = {SWEEPS[name]: settings[name] for name in SWEEPS if settings.get(name, "none") != "none"}
    return settings | {values: sorted({draw(_cheap(name)), draw(_cheap(name))}) for values, name in swept.items()}
