"""What the tests of lessons share: presets trained here and now."""

from collections.abc import Callable, Mapping
from functools import cache

import pytest

import cnnviz
from cnnviz.engine.records import Recording


@pytest.fixture(scope="module")
def recorded(request: pytest.FixtureRequest) -> Callable[[str], Mapping[str, Recording]]:
    """Trains a preset of the module's LESSON once; recorded("dying") gives its recordings by variant."""
    presets = request.module.LESSON.presets
    return cache(lambda name: cnnviz.record_together(presets[name].variants))
