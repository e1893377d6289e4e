"""What every test shares: quick ones come first, small nets train on one thread, and workers share the tests file by file."""

import os
from pathlib import Path
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

BROWSER = Path(__file__).parent / "browser"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests in a real browser come last, so that a fault that a quick test shows is seen quickly.

    Of several workers one takes them at once: they are mostly waiting, and together they last the longest.
    """
    several = getattr(config, "workerinput", {}).get("workercount", 1) > 1
    items.sort(key=lambda item: (BROWSER in item.path.parents) != several)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "LoadScopeScheduling":
    """A file's tests go to one worker, so that what they share is made once; all that need the browser are as one file."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            return "tests/browser" if file.startswith("tests/browser/") else file

    config.option.loadscopereorder = False
    return ByFile(config, log)
