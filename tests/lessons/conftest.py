"""What the tests of lessons share: the recordings that the course ships."""

from collections.abc import Callable, Mapping
from functools import cache, partial

import pytest

from cnnviz import record_assets
from cnnviz.engine.records import Recording
from cnnviz.lessons import find
from cnnviz.settings import ASSETS

Recordings = Mapping[str, Recording]


@cache
def _shipped(slug: str, name: str) -> Recordings:
    variants = find(slug).recorded[name].variants
    return {letter: Recording.load(record_assets.file_of(ASSETS / "recordings", e)) for letter, e in variants.items()}


@pytest.fixture(scope="session")
def shipped() -> Callable[[str, str], Recordings]:
    """shipped("activations", "dying"): a preset's recordings by variant, as the course ships them."""
    return _shipped


@pytest.fixture(scope="module")
def stored(request: pytest.FixtureRequest) -> Callable[[str], Recordings]:
    """The same for the module's LESSON: stored("dying")."""
    return partial(_shipped, request.module.LESSON.slug)
