"""The command line: `python -m cnnviz list | run | code | table | serve | record-assets | zoo-assets`."""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from cnnviz import console, heap, lessons, machine, record_assets, zoo
from cnnviz.engine.experiment import Experiment, ExperimentError
from cnnviz.engine.records import Ending, Recording, RecordingError, Snapshot
from cnnviz.runners import memory
from cnnviz.runners.base import RefusedError
from cnnviz.settings import ASSETS, ROOT, settings
from cnnviz.zoo import rows as zoo_rows

FIRST_PORT = 8501


class UsageError(Exception):
    """A command that can't be carried out, in one sentence."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage above it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; the exit code: 0, 1 where a check failed, 2 where the command can't be carried out."""
    console.print_utf8()
    given = parser().parse_args(arguments)
    try:
        return COMMANDS[given.command](given)
    except (ExperimentError, RecordingError, RefusedError, UsageError, zoo.ZooError) as problem:
        print(f"python -m cnnviz {given.command}: {problem}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `python -m cnnviz list | head`: nobody reads on, so there is nothing left to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def parser() -> Parser:
    """The commands, their arguments and what `--help` says of them."""
    top = Parser(prog="python -m cnnviz", description="An interactive course on convolutional networks, from the command line.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="every lesson with its presets")

    run = commands.add_parser("run", help="train one experiment, printing the loss as it falls")
    run.add_argument(
        "experiment", metavar="PRESET_OR_JSON", help="lesson/preset, lesson/preset/B, an experiment's JSON, or a .json file"
    )
    run.add_argument(
        "--out", type=Path, metavar="FILE", help="write what was recorded: .npz (everything) or .csv (no histograms)"
    )

    code = commands.add_parser("code", help="the same experiment, or a published network, as plain PyTorch, without cnnviz")
    code.add_argument(
        "preset", metavar="PRESET_OR_NETWORK", help="lesson/preset (all its variants), lesson/preset/B, or a network's name"
    )
    code.add_argument("--notebook", action="store_true", help="a Jupyter notebook instead of a script")
    code.add_argument("--out", type=Path, metavar="FILE", help="write it there instead of printing it")

    table = commands.add_parser("table", help="a published network's layers: sizes, parameters, multiply-adds, receptive fields")
    table.add_argument("network", metavar="NAME", nargs="?", help="all networks, a line each, where none is given")
    table.add_argument("--csv", action="store_true", help="every column, separated by commas")

    serve = commands.add_parser("serve", help="open the course for a browser")
    serve.add_argument("--port", type=port, help=f"the first free one from {FIRST_PORT} up where none is given")

    record = commands.add_parser("record-assets", help="record every lesson's presets into assets/recordings")
    record.add_argument("--lesson", metavar="SLUG", help="this lesson only")
    record.add_argument(
        "--check", action="store_true", help="write nothing; say what is missing or stale, and fail where something is"
    )

    zoo_files = commands.add_parser("zoo-assets", help="write the published networks' cards, tables and costs into assets/zoo")
    zoo_files.add_argument("--family", metavar="NAME", help="this family only")
    return top


def port(text: str) -> int:
    """A port number. Raises ArgumentTypeError with the rule."""
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"'{text[:20]}' must be a whole number from 1 to 65535")
    return int(text)


def list_lessons(given: argparse.Namespace) -> int:
    for lesson in lessons.all_lessons().values():
        print(f"{lesson.number} {lesson.title}")
        names = {f"{lesson.slug}/{name}": preset for name, preset in lesson.presets.items()}
        width = max(map(len, names))
        for name, preset in names.items():
            print(f"    {name:{width}}  {', '.join(preset.variants)}  {preset.title}")
    return 0


def run_experiment(given: argparse.Namespace) -> int:
    experiment = experiment_from(given.experiment)
    if given.out:
        check_writable(given.out, (".npz", ".csv"))
    memory.check([experiment], machine.memory())
    recording = run_aloud(experiment)
    if given.out:
        (recording.save if given.out.suffix == ".npz" else recording.to_csv)(given.out)
        print(f"Written to {given.out}.")
    return 0


def experiment_from(text: str) -> Experiment:
    """The experiment that a preset's path, a JSON text or a .json file names. Raises ExperimentError or UsageError."""
    if text.lstrip().startswith("{"):
        return Experiment.from_json(text)
    if not text.endswith(".json"):
        return lessons.preset(text)
    try:
        return Experiment.from_json(Path(text).read_bytes())
    except OSError as problem:
        raise UsageError(f"'{text}' can't be read: {problem.strerror}.") from None


def train_as_a_worker_does() -> None:
    """Have torch, which is not loaded yet, use as many threads as the page's workers, on which the last digits depend at first
    and all digits after some 50 steps; and keep what each step frees, as they do."""
    heap.keep()
    os.environ.setdefault("OMP_NUM_THREADS", str(settings.thread_count))


def run_aloud(experiment: Experiment) -> Recording:
    """Train, printing about twenty lines on the way and the ending's sentence; what was recorded."""
    train_as_a_worker_does()
    from cnnviz.engine.train import train_together

    recordings: dict[str, Recording] = {}

    def end(variant: str, ending: Ending) -> None:
        recordings[variant].ending = ending
        print(ending.sentence)

    every, due = max(1, experiment.total_steps // 20), 0
    for variant, snapshot in train_together({"A": experiment}, on_begin=recordings.__setitem__, on_end=end):
        recordings[variant].append(snapshot)
        if snapshot.step >= due or snapshot.step == experiment.total_steps:
            print(progress_line(snapshot), flush=True)
            due = snapshot.step + every
    return recordings["A"]


def progress_line(snapshot: Snapshot) -> str:
    """The step, the batch's loss and accuracy, and the test accuracy where it was measured; what else a snapshot has to tell."""
    step = f"step {snapshot.step:>6}"
    if "relative_error" in snapshot.values:
        return f"{step}  largest relative error {snapshot.values['relative_error'].max():.2g}"
    if "sweep_map" in snapshot.values:
        rows = " | ".join(" ".join(f"{mean:.3g}" for mean in row) for row in snapshot.values["sweep_map"])
        return f"{step}  map {rows}"
    if "sweep_mean" in snapshot.values:
        means = " ".join(f"{mean:.4g}" for mean in snapshot.values["sweep_mean"])
        return f"{step}  means {means}"
    if "pretraining_loss" in snapshot.values:
        return f"{step}  pre-training loss {snapshot.values['pretraining_loss']:.4g}"
    line = f"{step}  loss {snapshot.values['loss']:.4g}  accuracy {snapshot.values['accuracy']:.1%}"
    tested = snapshot.values.get("test_accuracy")
    return line if tested is None else f"{line}  test accuracy {tested:.1%}"


def write_code(given: argparse.Namespace) -> int:
    if given.out:
        check_writable(given.out, (".ipynb",) if given.notebook else (".py",))
    text = network_code(given) if given.preset in zoo.names() else experiment_code(given)
    if given.out:
        given.out.write_text(text, encoding="utf-8")
        print(f"Written to {given.out}.")
    else:
        print(text)
    return 0


def experiment_code(given: argparse.Namespace) -> str:
    from cnnviz.engine import export

    variants = variants_of(given.preset)
    return export.notebook(variants) if given.notebook else export.script(variants)


def network_code(given: argparse.Namespace) -> str:
    from cnnviz.zoo import standalone

    if given.notebook:
        raise UsageError(f"a network's code (={given.preset}) is a script; leave --notebook out.")
    return standalone.script(given.preset)


def variants_of(path: str) -> Mapping[str, Experiment]:
    """The variants that "lesson/preset" or "lesson/preset/B" names. Raises ExperimentError naming the near ones."""
    first = lessons.preset(path)
    slug, name, *variant = path.split("/")
    return {variant[0]: first} if variant and variant[0] else lessons.find(slug).presets[name].variants


def check_writable(path: Path, suffixes: tuple[str, ...]) -> None:
    """Raises UsageError before any work is done for a file that could not be written after it."""
    if path.suffix not in suffixes:
        raise UsageError(f"--out (='{path}') must end in {' or '.join(suffixes)}.")
    if not path.parent.is_dir():
        raise UsageError(f"--out (='{path}') must be in a folder that exists; '{path.parent}' does not.")
    if not os.access(path if path.exists() else path.parent, os.W_OK) or path.is_dir():
        raise UsageError(f"--out (='{path}') can't be written there.")


def print_table(given: argparse.Namespace) -> int:
    if given.network is not None:
        print((zoo_rows.to_csv if given.csv else zoo_rows.to_text)(zoo.table(given.network)).rstrip())
        return 0
    width = max(map(len, zoo.names()))
    for name in zoo.names():
        millions, billions = zoo.totals(name).params / 1e6, zoo.totals(name).macs / 1e9
        print(f"{name:{width}}  {zoo.card(name).year}  {millions:9.3f} M parameters  {billions:7.3f} G multiply-adds")
    return 0


def serve(given: argparse.Namespace) -> int:
    chosen = given.port or next((p for p in range(FIRST_PORT, FIRST_PORT + 100) if is_free(p)), FIRST_PORT)
    if not is_free(chosen):
        raise UsageError(f"port {chosen} is taken; leave --port out for the first free one from {FIRST_PORT} up.")
    print(f"cnnviz is at http://localhost:{chosen}{_for_others(chosen)} (Ctrl+C ends it).", flush=True)
    # With an address given, Streamlit does not ask a service on the internet for this machine's.
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(chosen)]
    command += ["--browser.serverAddress", "localhost"]
    os.environ["PYTHONIOENCODING"] = "utf-8"  # the server and its training processes print titles and sentences, too
    os.chdir(ROOT)
    if os.name == "nt":  # exec there starts a second process and leaves the console to both
        return subprocess.call(command)
    return os.execv(command[0], command)


def _for_others(number: int) -> str:
    """Where others on the same network find it; "" without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a datagram socket only picks its own address here: nothing is sent
        except OSError:
            return ""
        return f", for others on your network at http://{probe.getsockname()[0]}:{number}"


def is_free(number: int) -> bool:
    """Whether a server can listen on this port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name != "nt":  # there the option would let two servers share a port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", number))
        except OSError:
            return False
    return True


def record_all(given: argparse.Namespace) -> int:
    folder = ASSETS / "recordings"
    chosen = record_assets.comparisons(given.lesson)
    stale = [] if given.lesson else record_assets.stale(folder)
    if given.check:
        return _report([f"{c.path}/{letter}" for c in chosen for letter in record_assets.missing(folder, c)], stale)
    for path in stale:
        path.unlink()
        print(f"removed {path.name}, which no preset asks for")
    for comparison in chosen:
        for path in record_assets.record_missing(folder, comparison):
            print(f"recorded {comparison.path}: {path.name}, {path.stat().st_size / 1e3:,.0f} kB", flush=True)
    files = sorted(folder.glob("*.npz"))
    print(f"{len(files)} recordings, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB in all.")
    return 0


def _report(missing: Sequence[str], stale: Sequence[Path]) -> int:
    for name in missing:
        print(f"missing {name}")
    for path in stale:
        print(f"stale {path.name}")
    if not missing and not stale:
        print("Every preset is recorded.")
    return 1 if missing or stale else 0


def write_zoo(given: argparse.Namespace) -> int:
    from cnnviz.zoo import assets

    folder = ASSETS / "zoo"
    chosen = assets.families(given.family)
    for path in [] if given.family else assets.stale(folder):
        path.unlink()
        print(f"removed {path.name}, which no network asks for")
    for family, members in chosen.items():
        for path in assets.write(family, members, folder):
            print(f"wrote {path.parent.name}/{path.name}, {path.stat().st_size / 1e3:,.1f} kB", flush=True)
    return 0


COMMANDS = {
    "list": list_lessons,
    "run": run_experiment,
    "code": write_code,
    "table": print_table,
    "serve": serve,
    "record-assets": record_all,
    "zoo-assets": write_zoo,
}


if __name__ == "__main__":
    sys.exit(main())
