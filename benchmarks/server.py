"""The course's server in a process of its own, as a benchmark starts it: on a free port, with no recording but the presets'."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

from cnnviz.settings import ROOT

END_SECONDS = 60


@contextmanager
def launched(
    stdout: int | IO[bytes], stderr: int | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Its address, where it may not answer yet, and its process, which is ended with the block.

    stdout, stderr: where what it says goes, as for Popen; settings: variables of its environment.
    """
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "cnnviz", "serve", "--port", str(port)]
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "CNNVIZ_CACHE": cache, **(settings or {})}
        process = subprocess.Popen(command, cwd=ROOT, stdout=stdout, stderr=stderr, env=environment)
        try:
            yield f"http://localhost:{port}", process
        finally:
            process.terminate()
            process.wait(timeout=END_SECONDS)
