"""What a command prints is UTF-8, whatever the machine's own encoding: titles have “×”, and Python reads a script as UTF-8."""

from __future__ import annotations

import io
import sys


def print_utf8() -> None:
    """Have the standard streams write UTF-8 from here on; a file's name that is none leaves with the bytes that it came with."""
    for stream, errors in ((sys.stdout, "surrogateescape"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):  # none where there is no console, another kind where a notebook shows it
            stream.reconfigure(encoding="utf-8", errors=errors)
