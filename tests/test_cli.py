"""`python -m cnnviz`: every command's whole output, its files and its exit codes."""

import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cnnviz import Experiment, Recording, __main__, lessons, machine, record, replace, zoo
from cnnviz.__main__ import main, progress_line
from cnnviz.engine import export
from cnnviz.lessons import Lesson, Prediction, Preset
from cnnviz.zoo import rows, standalone, stored

ROOT = Path(__file__).resolve().parent.parent
SMALL = Experiment.of(dataset="moons", net="mlp", depth=2, width=4, train_examples=40, test_examples=20, steps=30,
                      batch_size=8, snapshots=6, histograms=2, evaluations=2)  # fmt: skip
LESSON = Lesson(
    number=110,
    slug="little",
    title="A little lesson",
    question="Which one?",
    presets={
        "pair": Preset("Two depths", {"A": SMALL, "B": replace(SMALL, depth=3)}, "Compare them."),
        "single": Preset("One rate", {"A": replace(SMALL, lr=0.01)}, "Look at it."),
    },
    prediction=Prediction("Which one?", ("A", "B"), lambda recordings: None, ("", "")),
    claims=(),
    try_this=(),
    references=(),
)


@pytest.fixture
def _one_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lessons, "all_lessons", lambda: {"little": LESSON})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _one_lesson: None) -> Path:
    """Where recordings of the one lesson go."""
    monkeypatch.setattr(__main__, "ASSETS", tmp_path)
    return tmp_path / "recordings"


def lines_of(recording: Recording) -> str:
    """What `run` prints for a recording whose every snapshot is printed."""
    assert recording.ending
    return "\n".join([*map(progress_line, recording.snapshots()), recording.ending.sentence]) + "\n"


@pytest.mark.usefixtures("_one_lesson")
def test_list_names_every_lesson_and_preset(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert capsys.readouterr().out == "110 A little lesson\n    little/pair    A, B  Two depths\n    little/single  A  One rate\n"


@pytest.mark.usefixtures("_one_lesson")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "nothing/here"], "run: There is no lesson 'nothing'; try little."),
        (["run", "little/pear"], "run: There is no preset of little 'pear'; try pair."),
        (["run", "little/pair/Z"], "run: There is no variant of little/pair 'Z'; try A, B."),
        (["run", '{"depth": 1000}'], "run: depth (=1000) must be between 2 and 100 layers."),
        (["run", '{"depth": }'], "run: An experiment must be JSON: Expecting value: line 1 column 11 (char 10)."),
        (["run", "absent.json"], "run: 'absent.json' can't be read: No such file or directory."),
        (["run", "{}", "--out", "loss.txt"], "run: --out (='loss.txt') must end in .npz or .csv."),
        (
            ["run", "{}", "--out", "nowhere/a.csv"],
            "run: --out (='nowhere/a.csv') must be in a folder that exists; 'nowhere' does not.",
        ),
        (["code", "little/pair", "--out", "a.ipynb"], "code: --out (='a.ipynb') must end in .py."),
        (["code", "little/pair", "--notebook", "--out", "a.py"], "code: --out (='a.py') must end in .ipynb."),
        (["record-assets", "--lesson", "big"], "record-assets: There is no lesson 'big'; try little."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert capsys.readouterr() == ("", f"python -m cnnviz {sentence}\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "python -m cnnviz: the following arguments are required: COMMAND\n"),
        (["run"], "python -m cnnviz run: the following arguments are required: PRESET_OR_JSON\n"),
        (["serve", "--port", "0"], "python -m cnnviz serve: argument --port: '0' must be a whole number from 1 to 65535\n"),
        (["serve", "--port", "x"], "python -m cnnviz serve: argument --port: 'x' must be a whole number from 1 to 65535\n"),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert capsys.readouterr() == ("", sentence)


@pytest.mark.usefixtures("_one_lesson")
@pytest.mark.parametrize("form", ["preset", "json", "file"])
def test_run_prints_the_losses_of_the_experiment(form: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "experiment.json"
    file.write_text(SMALL.to_json(), encoding="utf-8")
    assert main(["run", {"preset": "little/pair", "json": SMALL.to_json(), "file": str(file)}[form]]) == 0
    assert capsys.readouterr().out == lines_of(record(SMALL))


def test_a_run_that_does_not_fit_into_the_machines_memory_is_not_begun(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "memory", lambda: 100_000_000)
    assert main(["run", replace(SMALL, width=1024, depth=50).to_json()]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(
        r"python -m cnnviz run: This run needs about \d+ MB of memory, and a run may have 100 MB here\. Choose .+\.\n", said.err
    )


def test_run_prints_about_twenty_lines_whatever_is_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", replace(SMALL, steps=200, snapshots=200).to_json()]) == 0
    steps = [int(step) for step in re.findall(r"^step +(\d+)  loss", capsys.readouterr().out, re.MULTILINE)]
    assert 18 <= len(steps) <= 22
    assert (steps[0], steps[-1]) == (0, 200)


def test_a_diverged_run_ends_with_its_sentence_and_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    exploding = replace(SMALL, lr=100.0, init_scale=100.0, activation="linear", depth=30)
    assert main(["run", exploding.to_json()]) == 0
    ending = record(exploding).ending
    assert ending is not None
    assert ending.state == "diverged"
    assert capsys.readouterr().out.splitlines()[-1] == ending.sentence


def test_run_writes_the_recording(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "run.npz"
    assert main(["run", SMALL.to_json(), "--out", str(target)]) == 0
    expected = record(SMALL)
    assert capsys.readouterr().out == f"{lines_of(expected)}Written to {target}.\n"
    np.testing.assert_array_equal(Recording.load(target).column("loss"), expected.column("loss"))
    assert str(Recording.load(target).ending) == str(expected.ending)


def test_run_writes_csv(tmp_path: Path) -> None:
    target = tmp_path / "run.csv"
    assert main(["run", SMALL.to_json(), "--out", str(target)]) == 0
    head, *rows = target.read_text(encoding="utf-8").splitlines()
    losses = [float(row.split(",")[head.split(",").index("loss")]) for row in rows]
    np.testing.assert_array_equal(np.float32(losses), record(SMALL).column("loss"))


@pytest.mark.usefixtures("_one_lesson")
@pytest.mark.parametrize(("path", "letters"), [("little/pair", "AB"), ("little/pair/B", "B"), ("little/single", "A")])
def test_code_is_the_export_of_the_presets_variants(
    path: str, letters: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    preset = LESSON.presets[path.split("/")[1]]
    variants = {letter: preset.variants[letter] for letter in letters}
    assert main(["code", path]) == 0
    assert capsys.readouterr().out == export.script(variants) + "\n"
    target = tmp_path / "notebook.ipynb"
    assert main(["code", path, "--notebook", "--out", str(target)]) == 0
    assert json.loads(target.read_text(encoding="utf-8")) == json.loads(export.notebook(variants))


def test_record_assets_records_each_preset_once_and_removes_what_is_stale(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record-assets", "--check"]) == 1
    assert capsys.readouterr().out == "missing little/pair/A\nmissing little/pair/B\nmissing little/single/A\n"
    assert main(["record-assets"]) == 0
    keys = [e.key() for preset in LESSON.presets.values() for e in preset.variants.values()]
    assert sorted(path.stem for path in folder.iterdir()) == sorted(keys)
    capsys.readouterr()

    written = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    (folder / "0123456789abcdef.npz").write_bytes(b"an old one")
    assert main(["record-assets", "--check"]) == 1
    assert capsys.readouterr().out == "stale 0123456789abcdef.npz\n"
    assert main(["record-assets"]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first == "removed 0123456789abcdef.npz, which no preset asks for"
    assert re.fullmatch(r"3 recordings, 0\.\d MB in all\.", last)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == written
    assert main(["record-assets", "--check"]) == 0
    assert capsys.readouterr().out == "Every preset is recorded.\n"


def test_a_damaged_asset_is_recorded_anew(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["record-assets"])
    damaged = folder / f"{SMALL.key()}.npz"
    damaged.write_bytes(damaged.read_bytes()[:100])
    capsys.readouterr()
    assert main(["record-assets", "--check"]) == 1
    assert capsys.readouterr().out == "missing little/pair/A\n"
    assert main(["record-assets"]) == 0
    assert Recording.load(damaged).experiment == SMALL


def test_an_asset_keeps_four_digits_of_every_number(folder: Path) -> None:
    main(["record-assets"])
    stored, exact = Recording.load(folder / f"{SMALL.key()}.npz"), record(SMALL)
    assert set(stored.names) == set(exact.names)
    for name in set(exact.names) - {"seconds"}:
        np.testing.assert_allclose(stored.column(name), exact.column(name), rtol=1.3e-4)


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, -2.5e-39, 3.4028235e38, np.inf, -np.inf, np.nan, 123456.0])
def test_rounding_keeps_what_it_must(value: float) -> None:
    from cnnviz.record_assets import round_mantissa

    rounded = round_mantissa(np.float32(value))
    assert rounded.shape == ()
    np.testing.assert_allclose(rounded, np.float32(value), rtol=1.3e-4, atol=1e-41)


def test_table_prints_the_rows_of_a_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", "lenet"]) == 0
    assert capsys.readouterr().out == rows.to_text(zoo.table("lenet")) + "\n"
    assert main(["table", "lenet", "--csv"]) == 0
    assert capsys.readouterr().out == rows.to_csv(zoo.table("lenet"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["table", "lenet_5"], r"table: There is no network 'lenet_5'; try lenet, .*\."),
        (["table", ""], r"table: There is no network ''; try lenet, .*\."),
        (["zoo-assets", "--family", "lenets"], r"zoo-assets: There is no family 'lenets'; try lenet, .*\."),
    ],
)
def test_an_unknown_network_or_family_names_the_near_ones(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert re.fullmatch(f"python -m cnnviz {sentence}\n", capsys.readouterr().err)


def test_code_of_a_network_is_its_own_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "lenet.py"
    assert main(["code", "lenet", "--out", str(target)]) == 0
    assert target.read_text(encoding="utf-8") == standalone.script("lenet")
    capsys.readouterr()
    assert main(["code", "lenet", "--notebook"]) == 2
    assert capsys.readouterr().err == ("python -m cnnviz code: a network's code (=lenet) is a script; leave --notebook out.\n")


def test_table_without_a_name_prints_a_line_for_each_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(zoo.names())
    assert lines[0].split() == ["lenet", "1998", "0.431", "M", "parameters", "0.002", "G", "multiply-adds"]


def test_zoo_assets_writes_what_changed_and_removes_what_no_network_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cnnviz.zoo import assets, registry

    lenets = {name: registry.find(name) for name in ("lenet", "lenet5_1998")}
    monkeypatch.setattr(assets, "networks", lambda: lenets)
    monkeypatch.setattr(__main__, "ASSETS", tmp_path)
    assert main(["zoo-assets"]) == 0
    written = [line.split(",")[0] for line in capsys.readouterr().out.splitlines()]
    assert written == [
        "wrote tables/lenet.json.gz",
        "wrote tables/lenet5_1998.json.gz",
        "wrote cards/lenet.json",
        "wrote sizes/lenet.json",
    ]
    cards, table = tmp_path / "zoo" / "cards" / "lenet.json", tmp_path / "zoo" / "tables" / "lenet.json.gz"
    assert stored.read_cards(cards)[0] == stored.entries()["lenet"]
    assert stored.read_table("lenet", tmp_path / "zoo") == zoo.table("lenet")
    assert stored.read_sizes("lenet", tmp_path / "zoo") == stored.read_sizes("lenet")

    table.rename(table.with_name("lenet9.json.gz"))
    assert main(["zoo-assets"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == "removed lenet9.json.gz, which no network asks for"
    assert second.startswith("wrote tables/lenet.json.gz")
    assert main(["zoo-assets", "--family", "lenet"]) == 0
    assert capsys.readouterr().out == ""


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_serve_refuses_a_taken_port(taken_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", str(taken_port)]) == 2
    assert capsys.readouterr() == (
        "",
        f"python -m cnnviz serve: port {taken_port} is taken; leave --port out for the first free one from 8501 up.\n",
    )


def test_serve_says_where_it_is_and_answers_there() -> None:
    server = subprocess.Popen([sys.executable, "-m", "cnnviz", "serve"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        said = (
            r"cnnviz is at (http://localhost:\d+)(?:, for others on your network at http://[\d.]+:\d+)? \(Ctrl\+C ends it\)\.\n"
        )
        found = re.fullmatch(said, server.stdout.readline())
        assert found
        assert healthy(f"{found[1]}/_stcore/health", seconds=300)
    finally:
        server.terminate()
        server.communicate(timeout=120)


def healthy(url: str, seconds: float) -> bool:
    """Whether an address answers "ok" within this time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.read() == b"ok")
        except OSError:
            time.sleep(0.1)
    return False
