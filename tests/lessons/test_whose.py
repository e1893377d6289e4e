"""Whose knob it is, over all lessons and presets: what a knob moves is what its label says, and nothing else."""

import ast

import pytest

import cnnviz
from cnnviz.engine.experiment import Experiment, ExperimentError, replace, rule
from cnnviz.lessons import all_lessons, find, whose
from cnnviz.settings import ROOT
from cnnviz.ui.link import preset_remedies

PRESETS = [(slug, preset) for slug, lesson in all_lessons().items() for preset in lesson.presets]
OVERFITTING = find("overfitting")


def settings_of(slug):
    """The settings that a page names for its controls."""
    (page,) = (ROOT / "pages").glob(f"*_{slug}.py")
    named = (node for node in ast.parse(page.read_text(encoding="utf-8")).body if isinstance(node, ast.Assign))
    return next(ast.literal_eval(node.value) for node in named if node.targets[0].id == "SETTINGS")


def others(knob, value):
    """Other values of a knob, the near ones first."""
    ruled = rule(whose.setting(knob))
    values = {
        "switch": lambda: [not value],
        "choice": lambda: ruled.options,
        "whole": lambda: [value + 1, value - 1, *range(1, 40)],
        "real": lambda: [value * 0.9, value * 1.1, 0.3, 1.3],
        "numbers": lambda: [tuple(0.5 - number for number in value)],
        "several": lambda: [(*value[1:], 1.0)],
    }[ruled.kind]()
    return [other for other in values if other != value]


def moved(lesson, preset, settings, remedies, knob):
    """The page's variants with this knob somewhere else; as they are where it can't be, as lasso with so small a penalty."""
    for value in others(knob, settings[knob]):
        try:
            return whose.variants(lesson, preset, {**settings, knob: value}, remedies)
        except ExperimentError:
            continue
    assert (lesson.slug, preset, knob) == ("overfitting", "ridge", "shrinkage")
    return whose.variants(lesson, preset, settings, remedies)


def at_start(slug, preset):
    lesson = find(slug)
    knobs = whose.knobs(lesson, preset, settings_of(slug))
    return {knob: whose.start(lesson.presets[preset], knob) for knob in knobs}, preset_remedies(lesson, preset)


@pytest.mark.parametrize(("slug", "preset"), PRESETS)
def test_a_pages_knobs_at_their_start_are_the_preset(slug, preset):
    settings, remedies = at_start(slug, preset)
    assert whose.variants(find(slug), preset, settings, remedies) == find(slug).presets[preset].variants


@pytest.mark.parametrize(("slug", "preset"), PRESETS)
def test_a_knob_moves_the_variants_that_its_label_names_and_no_other(slug, preset):
    lesson = find(slug)
    settings, remedies = at_start(slug, preset)
    before = whose.variants(lesson, preset, settings, remedies)
    for knob in settings:
        name = whose.setting(knob)
        letters = whose.letters(lesson, preset, knob, remedies)
        label = whose.said(name, whose.moves(knob, letters, before), before)
        _, _, named = label.partition(" of ")
        after = moved(lesson, preset, settings, remedies, knob)
        if after == before:
            continue
        changed = {letter for letter, experiment in after.items() if experiment != before[letter]}
        used = {letter for letter in changed if whose.in_use(before[letter], name)}
        assert changed == {*letters} & {*before}, knob
        assert used <= (set(named.replace(" and ", ", ").split(", ")) if named else {*before}), knob
        assert not named or used == set(named.replace(" and ", ", ").split(", ")), knob


@pytest.mark.parametrize(("slug", "preset"), PRESETS)
def test_each_variant_belongs_to_one_knob_of_a_setting_and_has_it_drawn_unless_it_is_there_without(slug, preset):
    lesson = find(slug)
    settings, _ = at_start(slug, preset)
    for name in settings_of(slug):
        groups = whose.groups(lesson, preset, name)
        assert sorted(letter for letters in groups.values() for letter in letters) == [*lesson.presets[preset].variants]
        drawn = whose.drawn(lesson, preset, name, settings)
        assert all(settings[knob] in (0, "none", False) for knob in {*groups} - {*drawn})
        assert drawn


USING = {  # another value, and what makes use of it
    "keep": (0.7, {"dropout": "inverted"}),
    "block_size": (2, {"dropout": "drop_block", "net": "cnn"}),
    "members": (3, {"net": "ensemble"}),
    "noise_mean": (2.0, {"norm": "noisy_batch"}),
    "noise_scale": (3.0, {"norm": "noisy_batch"}),
    "groups": (2, {"norm": "group"}),
    "power_steps": (3, {"norm": "spectral"}),
    "pool_p": (8.0, {"net": "cnn", "pooling": "lp"}),
    "pieces": (3, {"activation": "maxout"}),
    "init_std": (0.1, {"init": "normal"}),
    "corruption": (0.5, {"pretraining": "autoencoder", "pretraining_steps": 2}),
    "pretraining_lr": (0.01, {"pretraining": "autoencoder", "pretraining_steps": 2}),
    "smoothing_over": ("all", {"smoothing": 0.2}),
    "temperature": (1.0, {"teacher": True, "pretraining_steps": 2}),
    "teacher_share": (0.2, {"teacher": True, "pretraining_steps": 2}),
    "teacher_width": (20, {"teacher": True, "pretraining_steps": 2}),
}
SMALL = Experiment.of(
    dataset="digits", train_examples=32, test_examples=10, batch_size=16, depth=3, width=8, steps=2, snapshots=3, histograms=0,
    evaluations=2,
)  # fmt: skip


def losses(experiment):
    return cnnviz.record(experiment).column("loss").tolist()


@pytest.mark.parametrize("name", USING)
def test_a_setting_that_is_not_in_use_changes_no_loss_and_one_that_is_does(name):
    value, settings = USING[name]
    used = replace(SMALL, **settings)
    assert whose.in_use(used, name)
    assert not whose.in_use(SMALL, name)
    assert losses(replace(SMALL, **{name: value})) == losses(SMALL)
    assert losses(replace(used, **{name: value})) != losses(used)


def test_the_nets_of_410_have_a_knob_each_for_what_they_are_compared_in():
    settings, _ = at_start("overfitting", "penalties")
    drawn = {name: whose.drawn(OVERFITTING, "penalties", name, settings) for name in ("weight_decay", "l1", "max_norm")}
    assert drawn == {"weight_decay": ("weight_decay.C",), "l1": ("l1.B", "l1.C"), "max_norm": ("max_norm.D",)}


def test_a_link_that_sets_what_a_variant_is_there_without_has_its_knob_drawn():
    settings, _ = at_start("overfitting", "plane")
    knobs = whose.drawn(OVERFITTING, "plane", "weight_decay", {**settings, "weight_decay": 0.0015})
    assert knobs == ("weight_decay", "weight_decay.B")
    variants = whose.each(OVERFITTING, "plane", {**settings, "weight_decay": 0.0015, "weight_decay.B": 0.01})
    assert [it.optimiser.weight_decay for it in variants.values()] == [0.0015, 0.01, 0.0015]
