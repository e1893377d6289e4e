"""README.md tells of everything that there is, and of nothing else."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from cnnviz.__main__ import COMMANDS
from cnnviz.settings import ROOT, Settings

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_every_make_target_is_told_and_exists() -> None:
    told = set(re.findall(r"\bmake ([a-z-]+)`|^make ([a-z-]+)$", README, re.MULTILINE))
    targets = set(re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[1].split())  # type: ignore[index]
    assert {a or b for a, b in told} == targets - {"help"}
    assert targets == set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def test_every_command_is_told_and_exists() -> None:
    assert set(
        re.findall(r"^\| `([a-z-]+)[^`]*` \|", README.split("python -m cnnviz …")[1].split("## ")[0], re.MULTILINE)
    ) == set(COMMANDS)


def test_every_setting_is_told_with_its_default() -> None:
    told = dict(re.findall(r"^\| `(CNNVIZ_[A-Z_]+)` \| *`?([^`|]*?)`? *\|", README, re.MULTILINE))
    defaults = {f"CNNVIZ_{part.name.upper()}": str(part.default) for part in fields(Settings)}
    assert told == {name: default.removeprefix(f"{ROOT}/") for name, default in defaults.items()}


def test_every_part_of_the_package_is_on_the_map() -> None:
    there = {path.name for path in (ROOT / "cnnviz").iterdir() if (path / "__init__.py").exists()}
    told = set(re.findall(r"^  ([a-z]+)/ ", README, re.MULTILINE))
    assert told == there


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_a_linked_file_exists(link: str) -> None:
    assert (ROOT / link).is_file()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:[\w.]+/)*[\w]+\.(?:md|py|toml|txt))`", README))))
def test_a_named_file_exists(path: str) -> None:
    assert (ROOT / path).is_file()


def test_the_course_names_no_package_registrys_host() -> None:
    hosts = re.compile(r"index-url|find-links|https?://\S*(pypi|pytorch\.org/whl)")
    files = [
        ROOT / name for name in ("README.md", "Makefile", "requirements.txt", "requirements-dev.txt", ".ci/run", ".ci/chromium")
    ]
    assert [path.name for path in files if hosts.search(Path(path).read_text(encoding="utf-8"))] == []
