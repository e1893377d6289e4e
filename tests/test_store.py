"""The store: what is put can be got again; damage and a bad disk cost a log line, never an exception."""

import json
import logging
import os
import time
from contextlib import contextmanager

import numpy as np
import pytest

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.store import Store


def finished(seed=0, snapshots=3, state="done"):
    recording = Recording(Experiment.of(seed=seed), ("fc1", "fc2"), {"device": "cpu"})
    numbers = np.random.default_rng(seed)
    for step in range(snapshots):
        values = {"loss": np.float32(1 / (step + 1)), "grad_hist": numbers.random((2, 40), dtype=np.float32)}
        recording.append(Snapshot(step, values))
    recording.ending = Ending(state, "", snapshots)
    return recording


def key(seed=0):
    return Experiment.of(seed=seed).key()


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "assets").mkdir()
    return tmp_path / "assets", tmp_path / "cache"


@pytest.fixture
def store(folders):
    return Store(*folders, limit_mb=1)


def test_an_unknown_key_is_not_there(store):
    assert not store.has(key())
    assert store.get(key()) is None


def test_what_is_put_is_got_again_after_a_restart(store, folders):
    store.put(finished())
    again = Store(*folders, limit_mb=1)
    assert again.has(key())
    recording = again.get(key())
    assert recording.experiment == Experiment.of(seed=0)
    assert recording.ending == finished().ending or np.isnan(recording.ending.value)
    np.testing.assert_array_equal(recording.column("grad_hist"), finished().column("grad_hist"))


def test_what_was_loaded_once_is_not_read_again(store, folders):
    store.put(finished())
    again = Store(*folders, limit_mb=1)
    assert again.get(key()) is again.get(key())


def test_a_precomputed_recording_is_found_and_not_copied_to_the_cache(store, folders):
    assets, cache = folders
    finished().save(assets / f"{key()}.npz")
    assert store.get(key()).steps.tolist() == [0, 1, 2]
    store.put(finished())
    assert not cache.exists()


@pytest.mark.parametrize("state", ["cancelled", "failed"])
def test_only_finished_recordings_are_stored(store, state):
    with pytest.raises(ValueError, match=rf"recording \(={state}\) must be done or diverged"):
        store.put(finished(state=state))
    assert not store.has(key())


def test_an_unfinished_recording_is_not_stored(store):
    recording = finished()
    recording.ending = None
    with pytest.raises(ValueError, match="unfinished"):
        store.put(recording)


def test_a_diverged_recording_is_stored(store):
    store.put(finished(state="diverged"))
    assert store.get(key()).ending.state == "diverged"


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "0" * 15, "g" * 16, "0" * 16 + "\n"])
def test_a_name_that_is_no_key_finds_nothing(store, folders, name):
    assert not store.has(name)
    assert store.get(name) is None


def _half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flipped(path):
    """Damage inside the compressed bytes, past the file's head."""
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    path.write_bytes(content)


def _empty(path):
    path.write_bytes(b"")


def _another(path):
    finished(seed=9).save(path)


def _garbage(path):
    path.write_bytes(np.random.default_rng(0).bytes(5_000))


def _changed(path, **changes):
    """The same file, with other arrays in it."""
    with np.load(path) as stored:
        arrays = {**stored, **changes}
    np.savez_compressed(path, **arrays)


def _changed_meta(path, **changes):
    with np.load(path) as stored:
        meta = {**json.loads(str(stored["meta"])), **changes}
    _changed(path, meta=np.array(json.dumps(meta)))


def _later_format(path):
    _changed_meta(path, format=99)


def _unknown_setting(path):
    """As a later cnnviz would write it."""
    _changed_meta(path, experiment={"version": 1, "patience_of_saints": 3})


def _steps_lost(path):
    _changed(path, steps=np.arange(1))


DAMAGES = [_half, _flipped, _empty, _another, _garbage, _later_format, _unknown_setting, _steps_lost]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_file_is_ignored_told_once_and_removed(store, folders, caplog, damage):
    store.put(finished())
    path = folders[1] / f"{key()}.npz"
    damage(path)
    again = Store(*folders, limit_mb=1)
    assert again.get(key()) is None
    assert again.get(key()) is None
    assert not again.has(key())
    assert not path.exists()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert path.name in caplog.text


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_precomputed_file_is_ignored_and_left_alone(store, folders, caplog, damage):
    path = finished().save(folders[0] / f"{key()}.npz")
    damage(path)
    assert store.get(key()) is None
    assert not store.has(key())
    assert path.exists()
    assert len(caplog.records) == 1


def test_a_damaged_file_is_replaced_by_the_next_good_one(store, folders):
    store.put(finished())
    _half(folders[1] / f"{key()}.npz")
    again = Store(*folders, limit_mb=1)
    assert again.get(key()) is None
    again.put(finished())
    assert Store(*folders, limit_mb=1).get(key()).steps.tolist() == [0, 1, 2]


def test_the_least_recently_used_recordings_leave_when_the_folder_is_full(folders):
    one = finished(seed=0, snapshots=100)
    store = Store(*folders, limit_mb=1)
    store.put(one)
    size = (folders[1] / f"{key(0)}.npz").stat().st_size
    store = Store(*folders, limit_mb=3.5 * size / 2**20)
    for seed in (1, 2):
        store.put(finished(seed, snapshots=100))
    for age, seed in enumerate((2, 1, 0)):
        os.utime(folders[1] / f"{key(seed)}.npz", (1_000 + age, 1_000 + age))
    store.get(key(2))
    store.put(finished(3, snapshots=100))
    assert [seed for seed in range(4) if (folders[1] / f"{key(seed)}.npz").exists()] == [0, 2, 3]


def test_a_write_that_was_cut_off_is_cleaned_up_an_hour_after_it_was_seen(folders):
    seconds = [0.0]
    store = Store(*folders, limit_mb=1, clock=lambda: seconds[0])
    store.put(finished())
    left, fresh = folders[1] / "left.part", folders[1] / "fresh.part"
    left.touch()
    os.utime(left, (1_000, 1_000))  # which says nothing: the clock may have been put forward since
    store.put(finished(1))
    assert left.exists()
    seconds[0] = 3_601.0
    fresh.touch()
    store.put(finished(2))
    assert (left.exists(), fresh.exists()) == (False, True)


@pytest.mark.parametrize("jump", [-400, 400], ids=["back", "forward"])
def test_what_is_used_last_is_kept_longest_though_the_clock_was_put_back_or_forward(folders, monkeypatch, jump):
    Store(*folders, limit_mb=1).put(finished(0, snapshots=100))
    size = (folders[1] / f"{key(0)}.npz").stat().st_size
    now = time.time_ns() + jump * 86_400 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: now)
    store = Store(*folders, limit_mb=2.5 * size / 2**20)
    for seed in (1, 2, 3):
        store.put(finished(seed, snapshots=100))
        assert (folders[1] / f"{key(seed)}.npz").exists()
    assert [seed for seed in range(4) if (folders[1] / f"{key(seed)}.npz").exists()] == [2, 3]


def test_a_good_recording_in_the_cache_serves_for_a_damaged_precomputed_one_after_a_restart_too(folders, caplog):
    _half(finished().save(folders[0] / f"{key()}.npz"))
    store = Store(*folders, limit_mb=1)
    assert (store.get(key()), store.has(key())) == (None, False)
    store.put(finished())
    assert store.get(key()).steps.tolist() == [0, 1, 2]
    assert Store(*folders, limit_mb=1).get(key()).steps.tolist() == [0, 1, 2]
    assert len(caplog.records) == 2  # one line each time the server starts


@contextmanager
def disk_with_room_for(size):
    """No file can grow beyond so many bytes: a write ends in the midst, as on a disk that is full."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_write_that_ends_in_the_midst_leaves_nothing_behind_and_memory_serves(folders, caplog):
    store = Store(*folders, limit_mb=1)
    with disk_with_room_for(1_000):
        for seed in range(3):
            store.put(finished(seed, snapshots=100))
    assert list(folders[1].iterdir()) == []
    assert [len(store.get(key(seed))) for seed in range(3)] == [100, 100, 100]
    assert len(caplog.records) == 1
    store.put(finished(3))
    assert Store(*folders, limit_mb=1).get(key(3)).steps.tolist() == [0, 1, 2]


def test_a_disk_that_can_not_be_written_costs_one_log_line_and_memory_serves(folders, caplog):
    folders[1].write_text("a file where the folder should be")
    store = Store(*folders, limit_mb=1)
    for seed in range(3):
        store.put(finished(seed))
    assert len(caplog.records) == 1
    assert "can't be written" in caplog.text
    assert store.has(key(2))
    assert store.get(key(2)).ending.state == "done"


def test_a_full_disk_costs_one_log_line(store, monkeypatch, caplog):
    def full(self, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Recording, "save", full)
    store.put(finished())
    store.put(finished(1))
    assert len(caplog.records) == 1
    assert store.get(key()).steps.tolist() == [0, 1, 2]


def test_memory_holds_no_more_than_its_limit(store, monkeypatch, folders):
    monkeypatch.setattr("cnnviz.limits.STORE_MEMORY_MB", 2.5 * finished(snapshots=100).column("grad_hist").nbytes / 2**20)
    recordings = [finished(seed, snapshots=100) for seed in range(4)]
    for recording in recordings:
        store.put(recording)
    assert [store.get(key(seed)) is recordings[seed] for seed in (3, 2, 1, 0)] == [True, True, False, False]


def test_a_recording_that_python_failed_to_read_beside_another_thread_is_read_again(store, monkeypatch, folders):
    store.put(finished())
    other = Store(*folders, 10)
    load, failures = Recording.load, [SystemError("AST constructor recursion depth mismatch")] * 2

    def failing(path):
        if failures:
            raise failures.pop()
        return load(path)

    monkeypatch.setattr(Recording, "load", failing)
    assert other.get(key()).steps.tolist() == [0, 1, 2]
    assert failures == []
