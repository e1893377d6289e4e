"""What every test shares: quick ones come first, small nets train on one thread, and workers share the tests file by file."""

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is loaded

# Everybody meets the same examples, and a busy machine is no fault of the code's.
settings.register_profile("cnnviz", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=2_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cnnviz")

BROWSER, PAGES = "tests/browser/", "tests/browser/test_access.py"
TURNS = (PAGES, "tests/engine/", BROWSER)  # what several workers begin with


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests in a real browser come last, so that a fault that a quick test shows is seen quickly.

    Of several workers one begins with the visit to every page, another takes the browser's other tests after the engine's:
    these two last the longest, and what is short fills the time until both are done.
    """
    several = getattr(config, "workerinput", {}).get("workercount", 1) > 1
    items.sort(key=turn if several else lambda item: item.nodeid.startswith(BROWSER))


def turn(item: pytest.Item) -> int:
    return next((place for place, start in enumerate(TURNS) if item.nodeid.startswith(start)), len(TURNS))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "LoadScopeScheduling":
    """A file's tests go to one worker, so that what they share is made once.

    All that need the browser are as one file, but for the visit to every page: it grows with every lesson.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            return BROWSER if file.startswith(BROWSER) and file != PAGES else file

    config.option.loadscopereorder = False
    return ByFile(config, log)
