"""The clock on the wall may be put forward or back at any time: nothing depends on it."""

import ast
import re
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
WALL = {"time", "time_ns", "localtime", "gmtime", "ctime", "asctime", "strftime"}  # of the module time
# Files' times are the wall's; tests/test_store.py puts them forward and back.
ALLOWED = {("cnnviz/store.py", "time_ns")}


def read(path: Path) -> Iterator[str]:
    """The names by which a module reads the wall clock."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "time" and node.attr in WALL:
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (alias.name for alias in node.names if alias.name in WALL)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None)]
            yield from ("datetime" for name in names if name == "datetime")


def test_no_module_reads_it_but_where_files_are_marked_as_used() -> None:
    modules = [ROOT / "app.py", *ROOT.glob("pages/*.py"), *ROOT.glob("cnnviz/**/*.py")]
    assert {(path.relative_to(ROOT).as_posix(), name) for path in modules for name in read(path)} == ALLOWED


def test_no_script_in_the_browser_reads_it() -> None:
    scripts = list(ROOT.glob("cnnviz/**/*.js"))
    assert scripts
    assert [path.name for path in scripts if re.search(r"\bDate\b", path.read_text(encoding="utf-8"))] == []


def test_a_run_under_a_clock_that_runs_backwards_gives_the_same_numbers_and_its_seconds_rise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import cnnviz

    experiment = cnnviz.Experiment.of(dataset="digits", train_examples=100, test_examples=50, depth=3, width=8, steps=20)
    before = cnnviz.record(experiment)
    days = count(0, -86_400)
    monkeypatch.setattr(time, "time", lambda: float(next(days)))
    after = cnnviz.record(experiment)
    assert set(after.names) == set(before.names)
    for name in set(before.names) - {"seconds"}:
        np.testing.assert_array_equal(after.column(name), before.column(name), err_msg=name)
    assert np.all(np.diff(after.column("seconds")) > 0)
