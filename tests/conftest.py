"""What every test shares: the order, quick ones first."""

from pathlib import Path

import pytest

BROWSER = Path(__file__).parent / "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in a real browser come last: a fault that a quick test shows is seen quickly."""
    items.sort(key=lambda item: BROWSER in item.path.parents)
