"""What the live channel's tests share: a runner, a run and a clock that do as they are told."""

import pytest
from by_hand import VARIANTS, Clock, HandRunner

from cnnviz.live.offers import Offers
from cnnviz.runners.base import Run


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def runner() -> HandRunner:
    return HandRunner()


@pytest.fixture
def offers() -> Offers:
    return Offers()


@pytest.fixture
def run(runner: HandRunner) -> Run:
    return runner.submit(VARIANTS, "learner", "page")
