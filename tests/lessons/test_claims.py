"""What lessons claim, all alike: it holds on the recordings that the course ships, in numbers, and nothing is said of nothing."""

import pytest

from cnnviz.engine.records import Recording
from cnnviz.lessons import all_lessons

every_claim = pytest.mark.parametrize(
    ("slug", "claim"),
    [
        pytest.param(slug, claim, id=f"{slug}-{claim.measure.__name__}")
        for slug, lesson in all_lessons().items()
        for claim in lesson.claims
    ],
)


@every_claim
def test_a_claim_holds_on_its_presets_stored_recordings_and_gives_numbers(shipped, slug, claim):
    measured = claim.measure(shipped(slug, claim.preset))
    assert measured is not None
    assert measured.holds, measured.sentence
    assert any(letter.isdigit() for letter in measured.sentence)
    assert measured.sentence.endswith(".")


@every_claim
def test_no_claim_is_made_of_a_run_that_was_not_measured(slug, claim):
    variants = all_lessons()[slug].recorded[claim.preset].variants
    assert claim.measure({letter: Recording(experiment, ()) for letter, experiment in variants.items()}) is None


def test_every_claim_of_a_lesson_has_a_name_of_its_own():
    for lesson in all_lessons().values():
        names = [claim.measure.__name__ for claim in lesson.claims]
        assert sorted(names) == sorted(set(names)), lesson.slug
