"""Text that is read, written or printed is UTF-8 by name, whatever encoding the machine has for its own."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnnviz import console, lessons
from cnnviz.__main__ import main
from cnnviz.zoo import standalone

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    [
        ROOT / "app.py",
        *(path for folder in ("cnnviz", "pages", "benchmarks", "assets", "docs") for path in (ROOT / folder).rglob("*.py")),
    ]
)
TEXT = {"read_text": 0, "write_text": 1}  # the place of the encoding among a method's arguments
OPENERS = ("", "os", "tempfile", "gzip", "io")  # "": a bare name
OPENED = {"open": 1, "fdopen": 1, "NamedTemporaryFile": 0, "TemporaryFile": 0}  # the place of the mode


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))


def without_encoding(call: ast.Call) -> bool:
    """Whether a call reads or writes text in the machine's own encoding."""
    named = {word.arg: word.value for word in call.keywords}
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if "encoding" in named:
        return False
    if name in TEXT:
        return len(call.args) <= TEXT[name]
    owner = "" if isinstance(call.func, ast.Name) else getattr(getattr(call.func, "value", None), "id", None)
    if name in OPENED and owner in OPENERS and (owner, name) != ("os", "open"):  # os.open gives a number
        mode = named.get("mode", call.args[OPENED[name]] if len(call.args) > OPENED[name] else None)
        return not (isinstance(mode, ast.Constant) and "b" in str(mode.value)) and not (mode is None and "File" in name)
    return any(isinstance(named.get(word), ast.Constant) and named[word].value for word in ("text", "universal_newlines"))


@pytest.mark.parametrize("path", SOURCES, ids=place)
def test_whatever_opens_text_names_its_encoding(path: Path) -> None:
    assert [call.lineno for call in calls(path) if without_encoding(call)] == []


@pytest.mark.parametrize(
    ("code", "bare"),
    [
        ("open(path)", True), ("open(path, 'w')", True), ("open(path, 'rb')", False), ("open(path, mode='xb')", False),
        ("open(path, encoding='utf-8')", False), ("file.read_text()", True), ("file.read_text('ascii')", False),
        ("file.write_text(text)", True), ("file.write_text(text, 'utf-8')", False), ("os.fdopen(0, 'rb')", False),
        ("tempfile.NamedTemporaryFile()", False), ("tempfile.NamedTemporaryFile('w')", True),
        ("subprocess.run(command, text=True)", True), ("subprocess.run(command, encoding='utf-8')", False),
    ],
)  # fmt: skip
def test_the_test_above_sees_what_it_must(code: str, bare: bool) -> None:
    (call,) = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call))
    assert without_encoding(call) == bare


def prints(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print" for node in ast.walk(tree))


EXPORTED = "cnnviz/engine/standalone"  # templates of scripts that leave cnnviz
PROGRAMS = [path for path in SOURCES if 'if __name__ == "__main__":\n' in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", [path for path in PROGRAMS if not place(path).startswith(EXPORTED)], ids=place)
def test_a_program_that_prints_prints_utf_8(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = any(isinstance(node, ast.Attribute) and node.attr == "print_utf8" for node in ast.walk(tree))
    assert told or not prints(tree)


def printed(monkeypatch: pytest.MonkeyPatch, encoding: str, *arguments: str) -> bytes:
    """What a command prints where the standard output was opened in another encoding."""
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding=encoding, newline="\n"))
    assert main(arguments) == 0
    sys.stdout.flush()
    return out.getvalue()


other_encodings = pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "utf-16"])


@other_encodings
def test_every_title_of_a_lesson_is_listed(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed(monkeypatch, encoding, "list").decode("utf-8")
    assert not text.isascii()
    assert all(preset.title in text for lesson in lessons.all_lessons().values() for preset in lesson.presets.values())


@other_encodings
def test_a_networks_code_can_be_read_by_python(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = printed(monkeypatch, encoding, "code", "resnet50")
    assert source.decode("utf-8") == standalone.script("resnet50") + "\n"
    compile(source, "resnet50.py", "exec")


@other_encodings
def test_a_table_for_a_terminal_has_its_signs(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "20×24×24" in printed(monkeypatch, encoding, "table", "lenet").decode("utf-8")


def test_a_sentence_that_the_terminal_could_not_show_is_printed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    complained = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(complained, encoding="ascii"))
    assert main(["table", "rés×net"]) == 2
    sys.stderr.flush()
    assert complained.getvalue().decode("utf-8").startswith("python -m cnnviz table: There is no network 'rés×net'; try ")


def test_a_files_name_that_is_no_text_leaves_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="ascii", newline="\n"))
    console.print_utf8()
    print(os.fsdecode(b"caf\xe9.csv"), flush=True)
    assert printed.getvalue() == b"caf\xe9.csv\n"


def test_streams_of_another_kind_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    console.print_utf8()


def test_the_command_itself_writes_utf_8_to_a_file_on_a_machine_of_another_encoding() -> None:
    machine = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1252", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "cnnviz", "list"], cwd=ROOT, env=machine, capture_output=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "×" in done.stdout.decode("utf-8")
