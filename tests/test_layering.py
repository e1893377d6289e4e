"""The walls of the house: who may import what, how long a file may be, and how it opens."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 450
MODULES = sorted([*ROOT.glob("cnnviz/**/*.py"), *ROOT.glob("pages/*.py"), ROOT / "app.py"])
SOURCES = sorted([*MODULES, *ROOT.glob("benchmarks/**/*.py"), *ROOT.glob("assets/*.py")])
SCRIPTS = sorted(ROOT.glob("cnnviz/**/*.js"))

MAY_IMPORT_STREAMLIT = ("cnnviz/ui/", "pages/", "app.py")
MAY_IMPORT_PLOTLY = ("cnnviz/plots/", "cnnviz/ui/", "cnnviz/live/")
RUN_BY_STREAMLIT = "cnnviz.ui.site"  # draws where it stands; the pages that it draws have a test of their own
RUNS_IN_A_WORKER = ("cnnviz/engine/train.py", "cnnviz/runners/worker.py")
BUILDS_NETWORKS = ("cnnviz/zoo/families/", "cnnviz/zoo/assets.py", "cnnviz/zoo/blocks.py", "cnnviz/zoo/operations.py",
                   "cnnviz/zoo/reach.py", "cnnviz/zoo/registry.py", "cnnviz/zoo/trace.py")  # fmt: skip
NEVER_TORCH = ("app", "cnnviz", "cnnviz.plots", "cnnviz.ui", "cnnviz.live", "cnnviz.lessons", "cnnviz.store", "cnnviz.settings",
               "cnnviz.zoo", "cnnviz.runners.base", "cnnviz.runners.local", "cnnviz.engine.export", "cnnviz.engine.data",
               "cnnviz.__main__")  # fmt: skip


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> set[str]:
    """The top-level packages that a file imports anywhere in it, inside functions too."""
    return {name.split(".")[0] for name in _imported(ast.parse(path.read_text(encoding="utf-8")))}


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def modules_of(package: str) -> list[str]:
    """A package's modules, itself first, by dotted name; for a module, its own."""
    base = ROOT / package.replace(".", "/")
    files = sorted(base.rglob("*.py")) if base.is_dir() and package != "cnnviz" else []
    inner = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files if file.name != "__init__.py"]
    elsewhere = (*RUNS_IN_A_WORKER, *BUILDS_NETWORKS)
    return [package, *(name for name in inner if not f"{name.replace('.', '/')}.py".startswith(elsewhere))]


def in_a_fresh_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_only_ui_pages_and_app_import_streamlit() -> None:
    importers = {place(path) for path in MODULES if "streamlit" in imports(path)}
    assert {name for name in importers if not name.startswith(MAY_IMPORT_STREAMLIT)} == set()


def test_pages_and_engine_never_import_plotly() -> None:
    importers = {place(path) for path in MODULES if "plotly" in imports(path)}
    assert {name for name in importers if not name.startswith(MAY_IMPORT_PLOTLY)} == set()


def test_pages_import_neither_torch_nor_numpy() -> None:
    found = {place(path): imports(path) & {"torch", "numpy"} for path in MODULES if place(path).startswith("pages/")}
    assert {name: packages for name, packages in found.items() if packages} == {}


def test_only_what_trains_imports_torch() -> None:
    importers = {place(path) for path in MODULES if "torch" in imports(path)}
    allowed = ("cnnviz/engine/", "cnnviz/zoo/", "cnnviz/runners/worker.py", "cnnviz/record_assets.py")
    assert {name for name in importers if not name.startswith(allowed)} == set()


def test_what_the_page_process_imports_leaves_torch_out() -> None:
    names = [name for package in NEVER_TORCH for name in modules_of(package) if name != RUN_BY_STREAMLIT]
    code = f"""
import sys
from importlib import import_module
for name in {json.dumps(names)}:
    import_module(name)
    if "torch" in sys.modules:
        print(name)
        break
"""
    assert in_a_fresh_process(code) == ""


def test_every_page_draws_without_torch() -> None:
    pages = sorted(path.name for path in ROOT.glob("pages/*.py"))
    code = f"""
import sys
sys.path.insert(0, ".")
from streamlit.testing.v1 import AppTest
test = AppTest.from_file("cnnviz/ui/site.py", default_timeout=60).run()
for name in {json.dumps(pages)}:
    test.switch_page("../../pages/" + name).run()
    print(name, [*test.exception, *test.error], "torch" in sys.modules)
"""
    assert in_a_fresh_process(code) == "".join(f"{name} [] False\n" for name in pages)


def test_a_training_name_loads_torch_at_its_first_use() -> None:
    code = "import sys, cnnviz; before = 'torch' in sys.modules; cnnviz.train; print(before, 'torch' in sys.modules)"
    assert in_a_fresh_process(code) == "False True\n"


@pytest.mark.parametrize("path", SOURCES, ids=place)
def test_a_file_opens_with_a_sentence(path: Path) -> None:
    opening = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first = opening.split("\n\n")[0]
    assert len(first) > 15, f"{place(path)} has no docstring that says what it is for"
    assert first.endswith((".", "?")), f"{place(path)} opens with {first!r}, which does not end as a sentence does"


@pytest.mark.parametrize("path", [*SOURCES, *SCRIPTS], ids=place)
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
