"""How the C library shares out this process's memory, where that is GNU's and can be told; elsewhere nothing happens.

The server's threads take theirs from two arenas. A process that trains keeps what a step frees for the next step: left to
itself glibc gives large tensors back to the kernel and asks for them again, now and then at every step, and their pages are
filled with zeros first: thousands of page faults, which can take as long as the step.
"""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # of malloc.h
ARENAS = 2
KEPT = 256 * 2**20  # bytes; what is free at the heap's end beyond them is given back
LARGEST = 32 * 2**20  # bytes of a tensor that comes from the heap: the most that glibc takes


def share_arenas() -> bool:
    """Have this process's threads take memory from two arenas; whether that can be had.

    Each script of Streamlit's runs in a new thread, and glibc gives threads eight arenas a core, each of which keeps what it
    once had, full of holes. To be called before there are threads.
    """
    return tell(M_ARENA_MAX, ARENAS)


def keep() -> bool:
    """Keep what is freed from now on, up to KEPT; whether that can be had."""
    return tell(M_MMAP_THRESHOLD, LARGEST) and tell(M_TRIM_THRESHOLD, KEPT)


def tell(option: int, value: int) -> bool:
    """Set one of the C library's options; whether it took it."""
    libc = glibc()
    return libc is not None and bool(libc.mallopt(option, value))


def give_back() -> None:
    """Let the machine have what is free, as between two runs."""
    libc = glibc()
    if libc is not None:
        libc.malloc_trim(0)


def glibc() -> ctypes.CDLL | None:
    """This process's C library, if it is GNU's."""
    try:
        library = ctypes.CDLL(None)
    except (OSError, TypeError):  # no such library, as Windows says it
        return None
    return library if hasattr(library, "gnu_get_libc_version") else None
