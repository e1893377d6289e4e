"""Recording: grows, is saved and loaded whole, gives deltas and CSV, and says in a sentence what is no recording."""

import csv
import math
import zipfile

import numpy as np
import pytest

from cnnviz import Experiment, Recording, Snapshot, record, record_assets, replace
from cnnviz.engine.by_hand import EQUATIONS
from cnnviz.engine.experiment import Measure, rule
from cnnviz.engine.records import Ending, RecordingError
from cnnviz.settings import ASSETS

CSV = Experiment.of(
    dataset="digits", train_examples=60, test_examples=20, width=8, steps=2, batch_size=8, lr=0.01, snapshots=3, histograms=2,
    evaluations=2, depth=4,
)  # fmt: skip


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
    assert (tmp_path / "run.csv").read_bytes() == b"\xef\xbb\xbf" + text.encode()  # by which spreadsheets know UTF-8


def test_what_is_not_there_is_an_empty_cell_whatever_the_reason():
    recording = Recording(Experiment.of(depth=2), ("fc1", "fc2"))
    recording.append(Snapshot(0, {"running_var_ratio": np.array([1.5, math.nan]), "loss": np.float32(math.inf)}))
    recording.append(Snapshot(1, {"loss": np.float32(math.nan)}))
    assert recording.to_csv().splitlines()[1:] == ["0,1.5,,inf", "1,,,"]


def table_of(recording):
    """What a CSV says, read back: {(step, head): number or None}."""
    heads, *lines = csv.reader(recording.to_csv().splitlines())
    assert len(set(heads)) == len(heads)
    assert {len(line) for line in lines} == {len(heads)}
    cells = (zip(heads, line, strict=True) for line in lines)
    return {
        (int(line[0]), head): float(text) if text else None for line, row in zip(lines, cells, strict=True) for head, text in row
    }


def numbers_of_columns(recording):
    """The same from the columns themselves, each number under its own head."""
    numbers = {(step, "step"): step for step in recording.steps.tolist()}
    for name in recording.names:
        values, steps = recording.column(name), recording.steps_of(name).tolist()
        heads = [name] if values.ndim == 1 else [f"{name}[{place}]" for place in recording.places(name)]
        if values.ndim <= 2:
            numbers |= dict.fromkeys((step, head) for step in recording.steps.tolist() for head in heads)
            for step, row in zip(steps, values.reshape(len(steps), -1).tolist(), strict=True):
                there = zip(heads, row, strict=True)
                numbers |= {(step, head): None if math.isnan(number) else number for head, number in there}
    return numbers


def ends_of(recording):
    """The same recording with the first and the last row of each of its columns alone."""
    rows = {int(row) for name in recording.names for row in recording.rows(name)[[0, -1]]}
    short = Recording(recording.experiment, recording.layers, recording.about)
    short.extend(snapshot for row, snapshot in enumerate(recording.snapshots()) if row in rows)
    assert short.names == recording.names
    return short


@pytest.mark.parametrize("comparison", record_assets.comparisons(), ids=lambda comparison: comparison.path)
def test_in_every_presets_csv_each_number_stands_under_its_own_head(comparison):
    for experiment in comparison.variants.values():
        recording = ends_of(Recording.load(record_assets.file_of(ASSETS / "recordings", experiment)))
        assert table_of(recording) == numbers_of_columns(recording)


@pytest.mark.parametrize("calculation", rule("calculation").options)
@pytest.mark.parametrize(
    "settings", [{}, {"batch": (1.0, 2.0, 4.0, 7.0, 3.0, 5.0), "degree": 3, "dropout": "inverted"}], ids=repr
)
def test_in_every_calculations_csv_each_number_stands_under_its_own_head(calculation, settings):
    recording = record(replace(CSV, calculation=calculation, network="lenet", **settings))
    assert table_of(recording) == numbers_of_columns(recording)


MEASURED = {  # together all that can be measured
    "maps": {"net": "cnn", "norm": "batch", "dropout": "spatial", "passes": 2, "units": True, "shift": True, "landscape": True,
             "modes": True, "signal": True, "shifts": True, "unpooling": True, "confidence": True, "confusion": True,
             "clusters": True, "spectrum": True, "weights": True, "training_set": True, "maps": True, "task_classes": 4},
    "paths": {"paths": True},
    "domains": {"dataset": "shapes", "norm": "batch", "domains": True, "passes": 2, "dropout": "plain"},
    "boundary": {"dataset": "moons", "boundary": True, "validation": 10, "patience": 1, "activation": "prelu", "units": True},
    "members": {"net": "mixture", "members": 2, "confidence": True, "filters": 0},
    "a curve": {"dataset": "curve", "norm": "batch", "modes": True, "activation": "maxout", "signal": True},
    "pre-training": {"pretraining": "greedy", "pretraining_steps": 2, "filters": 4},
    "a teacher": {"teacher": True, "pretraining_steps": 2, "teacher_width": 4},
    "a sweep": {"sweep_over": "lr", "sweep_values": (0.01, 0.1)},
    "a map": {"sweep_over": "lr", "sweep_values": (0.01, 0.1), "sweep_across": "momentum", "sweep_across_values": (0, 0.5, 0.9)},
    "a surface": {"surface": True, "surface_points": 1, "surface_examples": 20},
}  # fmt: skip


def test_everything_that_can_be_measured_is_told_apart_here():
    switches = {name for name, value in Measure().everything().items() if value is False}
    assert switches <= {name for settings in MEASURED.values() for name in settings}


@pytest.mark.parametrize("settings", MEASURED.values(), ids=MEASURED)
def test_each_number_of_a_column_is_a_layers_or_is_named_by_the_recording(settings):
    """Whatever the depth: a column that happens to have as many numbers as there are layers is not taken for theirs."""
    layers = {}
    for depth in (4, 5):
        recording = record(replace(CSV, depth=depth, **settings))
        vectors = [name for name in recording.names if recording.column(name).ndim == 2]
        layers[depth] = {name for name in vectors if recording.places(name) == recording.layers}
        named = {name for name in vectors if recording.places(name) == recording.about.get("places", {}).get(name)}
        assert layers[depth] ^ named == set(vectors)
        assert table_of(recording) == numbers_of_columns(recording)
    assert layers[4] == layers[5]


def test_heads_say_what_a_columns_numbers_are_about():
    cnn = replace(CSV, **MEASURED["maps"])
    assert places(cnn, "mates", "mates_alone", "mc_spread", "fold_difference", "unpooled_once") == {
        "mates": [f"batch {number}" for number in range(1, 25)],
        "mates_alone": ["batch 1", "batch 24"],
        "mc_spread": ["learned classes", "other classes"],
        "fold_difference": None,
        "unpooled_once": ["switches", "corner", "spread"],
    }
    assert places(replace(cnn, task_classes=0), "mc_confidence") == {"mc_confidence": ["learned classes"]}
    assert places(replace(CSV, **MEASURED["a map"]), "sweep_values", "sweep_across_values") == {
        "sweep_values": ["0.01", "0.1"], "sweep_across_values": ["0", "0.5", "0.9"],
    }  # fmt: skip
    assert places(replace(CSV, calculation="batch_norm"), "x", "d_x", "d_gamma", "relative_error") == {
        "x": [f"x{number}" for number in range(1, 9)],
        "d_x": [f"x{number}" for number in range(1, 9)],
        "d_gamma": ["all examples"],
        "relative_error": list(EQUATIONS),
    }
    assert places(replace(CSV, calculation="polynomial"), "coefficients", "degrees", "degree_test_rms") == {
        "coefficients": [f"w{digit}" for digit in "₀₁₂₃₄₅₆₇₈₉"],
        "degrees": [f"degree {degree}" for degree in range(10)],
        "degree_test_rms": [f"degree {degree}" for degree in range(10)],
    }


def places(experiment, *columns):
    """What the heads of some columns say in brackets; None for a number without brackets."""
    heads = record(experiment).to_csv().splitlines()[0].split(",")
    found = {name: [head[len(name) + 1 : -1] for head in heads if head.startswith(f"{name}[")] for name in columns}
    return {name: names or (None if name in heads else []) for name, names in found.items()}


def test_numbers_that_nothing_tells_apart_are_numbered():
    recording = Recording(Experiment.of(depth=2), ("1.23", "1.23"))
    recording.append(Snapshot(0, {"sweep_mean": np.array([1, 2]), "mates": np.array([3, 4, 5])}))
    assert recording.to_csv().splitlines()[0] == "step,sweep_mean[1],sweep_mean[2],mates[1],mates[2],mates[3]"


def test_a_divergence_goes_along_as_a_column_with_its_step_at_the_last_snapshot():
    recording = Recording(Experiment(), ("fc1",)).extend(Snapshot(step, {"loss": np.float32(step)}) for step in (0, 1, 2))
    assert "diverged" not in recording.delta()["columns"]
    recording.ending = Ending("diverged", "The loss became NaN at step 7.", 7)
    for since in (0, 3):
        sent = recording.delta(since)["columns"]["diverged"]
        assert (sent["rows"], list(sent["values"])) == ([2], [7])
    assert "diverged" not in recording.names
