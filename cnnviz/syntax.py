"""Python's syntax trees, read from any thread.

CPython 3.11 counts for all threads together how deep it is in a tree, and where two meet in one it fails with a SystemError (its
issue 106905). That says nothing about the text, which is read again. NumPy reads the headers of its files in the same way.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec, TypeVar

TRIES = 5

Given = ParamSpec("Given")
Result = TypeVar("Result")


def again(read: Callable[Given, Result]) -> Callable[Given, Result]:
    """The same function, called again where it met another thread; what else it raises is raised at once."""

    @wraps(read)
    def until_read(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        for _ in range(TRIES - 1):
            with suppress(SystemError):
                return read(*args, **kwargs)
        return read(*args, **kwargs)

    return until_read


@again
def parse(text: str) -> ast.Module:
    """The tree of a module's text. Raises SyntaxError."""
    return ast.parse(text)
