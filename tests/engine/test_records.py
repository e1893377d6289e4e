"""Recording: grows, is saved and loaded whole, gives deltas and CSV, and says in a sentence what is no recording."""

import zipfile

import numpy as np
import pytest

from cnnviz import Experiment, Recording, Snapshot
from cnnviz.engine.records import Ending, RecordingError


def recorded(snapshots=4):
    """Loss and a per-layer column at every snapshot, a histogram at every second one."""
    recording = Recording(Experiment.of(depth=2), ("fc1", "fc2"), {"device": "cpu"})
    for row in range(snapshots):
        values = {"loss": np.float32(2.5 - row), "grad_norm": np.array([row, 0.1 * row], np.float32)}
        if row % 2 == 0:
            values["grad_hist"] = np.full((2, 3), row, np.float32)
        recording.append(Snapshot(10 * row, values))
    return recording


def equal(first, second):
    assert first.experiment == second.experiment
    assert (first.layers, first.about, first.names) == (second.layers, second.about, second.names)
    assert first.steps.tolist() == second.steps.tolist()
    for name in first.names:
        np.testing.assert_array_equal(first.column(name), second.column(name))
        np.testing.assert_array_equal(first.rows(name), second.rows(name))
    return True


def test_columns_have_a_row_for_each_time_they_were_measured():
    recording = recorded()
    assert recording.steps.tolist() == [0, 10, 20, 30]
    assert recording.column("loss").tolist() == [2.5, 1.5, 0.5, -0.5]
    assert recording.column("grad_norm").shape == (4, 2)
    assert recording.column("grad_hist").shape == (2, 2, 3)
    assert (recording.rows("grad_hist").tolist(), recording.steps_of("grad_hist").tolist()) == ([0, 2], [0, 20])


@pytest.mark.parametrize(("step", "row"), [(-5, 0), (0, 0), (19, 0), (20, 2), (1_000, 2)])
def test_at_a_step_the_last_value_measured_by_then_holds(step, row):
    assert recorded().at("grad_hist", step).tolist() == [[row] * 3] * 2


def test_snapshots_come_back_as_they_were_appended():
    again = Recording(Experiment.of(depth=2), ("fc1", "fc2"), {"device": "cpu"}).extend(recorded().snapshots())
    assert equal(again, recorded())


def test_steps_must_rise():
    with pytest.raises(RecordingError, match=r"^step \(=30\) must be above the last recorded step, 30\.$"):
        recorded().append(Snapshot(30, {}))


def test_a_columns_values_have_one_shape():
    sentence = r"^column 'grad_norm' can't be recorded at step 40: its shape \(=\(3,\)\) must be \(2,\)\.$"
    with pytest.raises(RecordingError, match=sentence):
        recorded().append(Snapshot(40, {"grad_norm": np.zeros(3)}))


def test_what_was_handed_out_stays_as_it_was_when_the_recording_grows():
    recording = recorded(1)
    given = np.array([7, 8], np.float32)
    recording.append(Snapshot(10, {"grad_norm": given}))
    shown, delta, last = recording.column("grad_norm"), recording.delta(0)["columns"]["grad_norm"], recording.at("grad_norm", 10)
    given[:] = shown[:] = -1
    for row in range(2, 50):
        recording.append(Snapshot(10 * row, {"grad_norm": np.array([row, row], np.float32)}))
    assert (delta["rows"], delta["values"].tolist(), last.tolist()) == ([0, 1], [[0, 0], [7, 8]], [7, 8])
    assert recording.column("grad_norm").tolist() == [[0, 0], [7, 8], *([row, row] for row in range(2, 50))]


def test_an_unknown_column_lists_those_there_are():
    with pytest.raises(RecordingError, match=r"^column 'lose' was not recorded; there are loss, grad_norm, grad_hist\.$"):
        recorded().column("lose")


@pytest.mark.parametrize("ending", [None, Ending("diverged", "The loss became NaN.", 31, "fc2", 4e11)])
def test_a_saved_recording_is_loaded_as_it_was(tmp_path, ending):
    recording = recorded()
    recording.ending = ending
    loaded = Recording.load(recording.save(tmp_path / "run.npz"))
    assert equal(loaded, recording)
    assert loaded.ending == ending
    loaded.append(Snapshot(40, {"loss": np.float32(9)}))
    assert loaded.column("loss")[-1] == 9


def test_saving_leaves_nothing_beside_the_file(tmp_path):
    recorded().save(tmp_path / "run.npz")
    recorded(2).save(tmp_path / "run.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]


def damage(path):
    """A file for each way in which one can be no recording."""
    whole = path.read_bytes()
    yield b""
    yield b"not a recording"
    yield whole[: len(whole) // 2]
    for place in range(40, len(whole), max(1, len(whole) // 25)):
        yield whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]


def test_a_damaged_file_gives_a_recording_error_or_the_same_numbers(tmp_path):
    path = recorded().save(tmp_path / "run.npz")
    results = [loaded_or_refused(path, content) for content in list(damage(path))]
    refusals = [result for result in results if isinstance(result, str)]
    assert all(equal(result, recorded()) for result in results if isinstance(result, Recording))
    assert all(refusal.startswith("'run.npz' is not a recording that this cnnviz reads: ") for refusal in refusals)
    assert len(refusals) > 10


def loaded_or_refused(path, content):
    path.write_bytes(content)
    try:
        return Recording.load(path)
    except RecordingError as problem:
        return str(problem)


@pytest.mark.parametrize("name", ["other.npz", "array.npy"])
def test_another_numpy_file_is_no_recording(tmp_path, name):
    path = tmp_path / name
    np.savez(path, x=np.zeros(3)) if name.endswith("npz") else np.save(path, np.zeros(3))
    with pytest.raises(RecordingError, match=rf"^'{name}' is not a recording"):
        Recording.load(path)


def test_a_zip_of_something_else_is_no_recording(tmp_path):
    with zipfile.ZipFile(tmp_path / "run.npz", "w") as archive:
        archive.writestr("meta.npy", "x")
    with pytest.raises(RecordingError, match=r"^'run\.npz' is not a recording"):
        Recording.load(tmp_path / "run.npz")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RecordingError, match=r"^'run\.npz' is not a recording"):
        Recording.load(tmp_path / "run.npz")


def test_deltas_add_up_to_the_recording():
    recording = recorded()
    first, rest = recorded(2).delta(0), recording.delta(2)
    assert (first["from"], rest["from"]) == (0, 2)
    assert first["steps"] + rest["steps"] == recording.steps.tolist()
    for name in recording.names:
        parts = [delta["columns"][name] for delta in (first, rest)]
        assert [row for part in parts for row in part["rows"]] == recording.rows(name).tolist()
        np.testing.assert_array_equal(np.concatenate([part["values"] for part in parts]), recording.column(name))


def test_the_first_delta_names_the_layers_and_the_last_the_ending():
    recording = recorded()
    assert recording.delta(0)["layers"] == ["fc1", "fc2"]
    assert recording.delta(0)["about"] == {"device": "cpu"}
    assert not {"layers", "about", "ending"} & recording.delta(4).keys()
    recording.ending = Ending("done", "Done.", 30)
    assert recording.delta(4)["ending"]["state"] == "done"
    assert recording.delta(4)["columns"] == {}


def test_csv_has_a_line_a_snapshot_and_no_histograms(tmp_path):
    recording = recorded(2)
    recording.append(Snapshot(20, {"test_loss": np.float32(0.25)}))
    text = recording.to_csv(tmp_path / "run.csv")
    assert text.splitlines() == [
        "step,loss,grad_norm[fc1],grad_norm[fc2],test_loss",
        "0,2.5,0.0,0.0,",
        "10,1.5,1.0,0.10000000149011612,",
        "20,,,,0.25",
    ]
    assert (tmp_path / "run.csv").read_text(encoding="utf-8") == text
