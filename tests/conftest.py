"""What every test shares: quick ones come first, and small nets train on one thread, which is fastest for them."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is loaded

BROWSER = Path(__file__).parent / "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in a real browser come last: a fault that a quick test shows is seen quickly."""
    items.sort(key=lambda item: BROWSER in item.path.parents)
