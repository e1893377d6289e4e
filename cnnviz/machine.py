"""How much memory the machine has, or the container that this process is kept in."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

CONTAINER_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of cgroups 2 and 1
ASSUMED = 8 * 2**30  # where the machine does not tell, as on Windows


@cache
def memory(container_limits: tuple[str, ...] = CONTAINER_LIMITS) -> int:
    """Bytes."""
    return min([_physical(), *(limit for path in container_limits if (limit := _limit(Path(path))))])


def _physical() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return ASSUMED


def _limit(path: Path) -> int | None:
    """What a file of the kernel's says; None where it is not there or says that there is no limit."""
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None
