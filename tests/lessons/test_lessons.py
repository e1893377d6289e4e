import dataclasses
import re
from pathlib import Path

import pytest

import cnnviz
from cnnviz.engine.experiment import Experiment, ExperimentError, replace
from cnnviz.lessons import CHAPTERS, all_lessons, find, load, preset

PAGES = Path(cnnviz.__file__).parent.parent / "pages"
LESSONS = all_lessons()
every_lesson = pytest.mark.parametrize("slug", LESSONS)
every_preset = pytest.mark.parametrize(("slug", "name"), [(slug, name) for slug, it in LESSONS.items() for name in it.presets])


@every_lesson
def test_a_lesson_has_the_page_that_its_number_and_slug_name(slug):
    lesson = LESSONS[slug]
    page = PAGES / f"{lesson.number}_{slug}.py"
    assert page.is_file()
    assert load(str(page)) is lesson
    assert lesson.chapter in CHAPTERS.values()


def test_lessons_have_numbers_of_their_own_and_come_in_their_order():
    numbers = [lesson.number for lesson in LESSONS.values()]
    assert numbers == sorted(set(numbers))


@every_lesson
def test_a_lesson_has_all_its_parts(slug):
    lesson = LESSONS[slug]
    assert lesson.question.endswith("?")
    assert lesson.summary.endswith(".")
    assert lesson.prediction.question.endswith("?")
    assert len(set(lesson.prediction.options)) == len(lesson.prediction.options) >= 2
    assert len(set(lesson.prediction.because)) == len(lesson.prediction.because) == len(lesson.prediction.options)
    assert lesson.asks(next(iter(lesson.presets))) is lesson.prediction
    assert set(lesson.prediction.presets) <= lesson.presets.keys()
    assert lesson.claims
    assert 2 <= len(lesson.try_this) <= 3
    assert lesson.references


@every_lesson
def test_slices_are_loss_surfaces_with_names_of_their_own(slug):
    lesson = LESSONS[slug]
    assert not set(lesson.slices) & set(lesson.presets)
    assert all(e.surface.surface for preset in lesson.slices.values() for e in preset.variants.values())


def test_slices_are_recorded_but_are_no_starting_points():
    lesson = LESSONS["vanishing_gradients"]
    cut = dataclasses.replace(lesson, slices={"slice": next(iter(lesson.presets.values()))})
    assert [*cut.recorded] == [*lesson.presets, "slice"]
    assert cut.presets == lesson.presets


@every_lesson
def test_references_are_links(slug):
    for paper in LESSONS[slug].references:
        assert re.fullmatch(r"https://[\w.-]+/\S+", paper.link)
        assert 1900 < paper.year < 2100


@every_preset
def test_a_presets_experiments_survive_json_and_are_found_by_name(slug, name):
    variants = LESSONS[slug].presets[name].variants
    assert list(variants) == sorted(variants)
    assert preset(f"{slug}/{name}") == variants["A"]
    for letter, experiment in variants.items():
        assert Experiment.from_json(experiment.to_json()) == experiment
        assert preset(f"{slug}/{name}/{letter}") == experiment


@every_preset
def test_a_presets_variants_can_train_in_lockstep(slug, name):
    variants = LESSONS[slug].presets[name].variants.values()
    assert len({(e.steps, e.batch_size, e.seed, replace(e, domain="any").data) for e in variants}) == 1


@every_preset
def test_remedies_lead_from_a_to_b(slug, name):
    lesson = LESSONS[slug]
    a, *others = lesson.presets[name].variants.values()
    for b in others[: len(lesson.remedies) and 1]:
        reached = a
        for remedy in lesson.remedies.values():
            if remedy.applied(a) != a and remedy.applied(b) == b:
                reached = remedy.applied(reached)
        assert reached == b


@every_lesson
def test_claims_name_presets_of_their_lesson_and_wait_for_recordings(slug):
    lesson = LESSONS[slug]
    for claim in lesson.claims:
        assert claim.preset in lesson.recorded
        assert claim.text.endswith(".")
        assert claim.ask.endswith(("?", "."))
        assert claim.measure({}) is None
    assert lesson.prediction.answer({}) is None


def test_an_unknown_lesson_or_preset_names_the_near_ones():
    with pytest.raises(ExperimentError, match="no lesson 'vanishing_gradient'; try vanishing_gradients"):
        find("vanishing_gradient")
    with pytest.raises(ExperimentError, match="no preset of vanishing_gradients 'sigmod'; try sigmoid"):
        preset("vanishing_gradients/sigmod")
    with pytest.raises(ExperimentError, match="no variant of vanishing_gradients/sigmoid 'C'; try A, B"):
        preset("vanishing_gradients/sigmoid/C")
