"""The heap: the server's threads share it; a process that trains keeps what is freed, and gives it back between two runs."""

import subprocess
import sys

import pytest

from cnnviz import heap
from cnnviz.settings import ROOT

on_glibc = pytest.mark.skipif(heap.glibc() is None, reason="only glibc can be told")

ROUNDS, BLOCKS, BLOCK = 10, 12, 3 * 2**20
PAGES = ROUNDS * BLOCKS * BLOCK // 4096
TOUCH = f"""
import os, resource
from cnnviz import heap

def touch():
    return [b"x" * size for size in [{BLOCK}] * {BLOCKS}]

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def resident():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
"""

# How many arenas 24 threads at once take their memory from.
THREADS = """
import ctypes, tempfile, threading

together, libc = threading.Barrier(24), ctypes.CDLL(None)

def work():
    held = [bytes(1000 + number) for number in range(1000)]
    together.wait()

threads = [threading.Thread(target=work) for _ in range(24)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
libc.fopen.restype = ctypes.c_void_p
with tempfile.NamedTemporaryFile() as told:
    file = ctypes.c_void_p(libc.fopen(told.name.encode(), b"w"))
    libc.malloc_info(0, file), libc.fclose(file)
    print(told.read().count(b"<heap"))
"""


def told(program):
    """What a fresh process prints."""
    return subprocess.run(
        [sys.executable, "-c", TOUCH + program], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    ).stdout.split()


@on_glibc
@pytest.mark.parametrize(("before", "least", "most"), [("", PAGES // 2, 2 * PAGES), ("assert heap.keep()", 0, PAGES // 100)])
def test_blocks_that_are_freed_each_step_are_met_as_new_pages_only_without_it(before, least, most):
    (count,) = told(f"{before}\ntouch()\nbegan = faults()\nfor _round in range({ROUNDS}): touch()\nprint(faults() - began)")
    assert least <= int(count) <= most


@on_glibc
def test_what_is_kept_is_given_back_between_two_runs():
    steps = ("assert heap.keep()", "touch()", "heap.give_back()")
    fresh, kept, given_back = map(int, told("\nprint(resident())\n".join([*steps, ""])))
    assert kept - fresh > BLOCKS * BLOCK * 0.9
    assert given_back - fresh < BLOCK


@on_glibc
def test_the_servers_threads_share_two_arenas():
    (apart,), (shared,) = told(THREADS), told("assert heap.share_arenas()" + THREADS)
    assert int(shared) == heap.ARENAS < int(apart)


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: object())
    assert heap.glibc() is None
    assert not heap.keep()
    heap.give_back()


def test_so_is_windows(monkeypatch):
    def refuse(name):
        raise TypeError

    monkeypatch.setattr(heap.ctypes, "CDLL", refuse)
    assert not heap.keep()
