"""Syntax trees are read again where CPython 3.11 lost count of them between two threads, and nothing else is."""

import ast
import tomllib

import pytest

from cnnviz.settings import ROOT
from cnnviz.syntax import TRIES, again, parse

LOST_COUNT = SystemError("AST constructor recursion depth mismatch (before=18, after=15)")


def failing(*problems):
    """A function that fails with each of these in turn, then gives its argument back."""
    left = list(problems)

    @again
    def read(text):
        if left:
            raise left.pop(0)
        return text

    return read


def test_what_met_another_thread_is_read_again():
    assert failing(*[LOST_COUNT] * (TRIES - 1))("text") == "text"


def test_what_never_can_be_read_says_so_at_last():
    with pytest.raises(SystemError, match="recursion depth"):
        failing(*[LOST_COUNT] * TRIES)("text")


def test_what_else_is_raised_is_raised_at_once():
    with pytest.raises(OSError, match="gone"):
        failing(OSError("gone"))("text")


def test_a_tree_is_pythons_own():
    text = (ROOT / "cnnviz/syntax.py").read_text("utf-8")
    assert ast.dump(parse(text)) == ast.dump(ast.parse(text))
    with pytest.raises(SyntaxError):
        parse("def")


def test_nothing_else_in_the_course_makes_trees_nor_does_streamlit_of_its_pages():
    makers = [
        path.relative_to(ROOT).as_posix() for path in ROOT.glob("cnnviz/**/*.py") if "ast.parse(" in path.read_text("utf-8")
    ]
    assert makers == ["cnnviz/syntax.py"]
    assert tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))["runner"]["magicEnabled"] is False
