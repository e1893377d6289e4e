"""Visiting a page as a browser does: through the site's navigation."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.settings import ROOT

SITE = ROOT / "cnnviz" / "ui" / "site.py"


@pytest.fixture
def visit() -> Callable[..., AppTest]:
    """visit(page file, **query parameters): the page after its first run."""

    def visited(page: Path, **params: str) -> AppTest:
        test = AppTest.from_file(str(SITE), default_timeout=60).run()
        if "home" not in page.stem:
            test.switch_page(f"../../pages/{page.name}")
        for name, value in params.items():
            test.query_params[name] = value
        return test.run()

    return visited
