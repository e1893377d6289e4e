"""Running exported code in this process, which has torch already, and reading what it prints."""

import contextlib
import io
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from cnnviz import Experiment, Recording, record_together
from cnnviz.settings import ASSETS

Losses = dict[str, dict[int, float]]
Figures = dict[str, dict[str, list[float]]]
NUMBER = r"-?(?:\d[\d.e+-]*|nan|inf)"
PRINTED = 1e-4  # relative: printed to seven digits, recorded in float32


def run_script_here(text: str, monkeypatch: pytest.MonkeyPatch, folder: Path = ASSETS) -> str:
    """Execute a script in a folder, that of the data files unless another is named; what it prints."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["script.py"])
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile(text, "script.py", "exec", dont_inherit=True), {"__name__": "__main__"})
    return output.getvalue()


def run_notebook(text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Execute a notebook's code cells in order beside the data files; what they print."""
    monkeypatch.chdir(ASSETS)
    space: dict[str, object] = {"__name__": "__main__"}
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        for cell in json.loads(text)["cells"]:
            if cell["cell_type"] == "code":
                exec(compile(cell["source"], "cell", "exec", dont_inherit=True), space)
    return output.getvalue()


def printed_losses(output: str) -> Losses:
    """The losses that a script printed: by variant, by step."""
    losses: Losses = {}
    for name, step, loss in re.findall(r"^(\w+) +step +(\d+) +loss (\S+)$", output, re.MULTILINE):
        losses.setdefault(name, {})[int(step)] = float(loss)
    return losses


def printed_figures(output: str) -> Figures:
    """What a script printed of its trained nets, or of a calculation: by variant, by name, a number or one a layer."""
    figures: Figures = {}
    for name, figure, values in re.findall(rf"^(\w+)  ([a-z_]+)((?:  {NUMBER})+)$", output, re.MULTILINE):
        figures.setdefault(name, {})[figure] = [float(value) for value in values.split()]
    return figures


def printed_ends(output: str, measure: str) -> dict[str, list[float]]:
    """The figure that each run of a sweep printed at its end, in order, by variant."""
    ends: dict[str, list[float]] = {}
    for name, value in re.findall(rf"^(\w+)  .*  seed \d+  {measure} ({NUMBER})$", output, re.MULTILINE):
        ends.setdefault(name, []).append(float(value))
    return ends


def recorded_losses(recordings: Mapping[str, Recording]) -> Losses:
    """The losses of recordings: by variant, by step."""
    return {
        name: dict(zip(recording.steps_of("loss").tolist(), recording.column("loss").tolist(), strict=True))
        for name, recording in recordings.items()
    }


def recorded_figure(recording: Recording, figure: str) -> list[float]:
    """A figure of a recording at its end, or, with first_ before its name, at its beginning."""
    column = recording.column(figure.removeprefix("first_"))
    values = np.atleast_1d(column[0 if figure.startswith("first_") else -1]).reshape(-1)
    return [float(value) for value in values]


def assert_same_losses(printed: Losses, recorded: Losses) -> None:
    """The recording's losses are those printed at the same steps; a diverged run's last is not recorded."""
    assert printed.keys() == recorded.keys()
    for name, losses in recorded.items():
        common = [step for step in losses if step in printed[name]]
        assert common
        assert [printed[name][step] for step in common] == pytest.approx([losses[step] for step in common], rel=1e-6)


def assert_same_figures(printed: Figures, recordings: Mapping[str, Recording]) -> int:
    """Every printed figure that is recorded too has the same value; how many there were."""
    compared = 0
    for name, figures in printed.items():
        recording = recordings[name]
        for figure, values in figures.items():
            if figure.removeprefix("first_") in recording.names:
                recorded = recorded_figure(recording, figure)
                layered = len(recorded) > 1 and figure not in recording.about.get("places", {})
                if recording.experiment.net.net == "rnn" and layered:  # every time step is the same layer
                    recorded = [recorded[0], recorded[-1]]
                if figure == "coefficients":  # NaN above a polynomial's degree
                    recorded = [value for value in recorded if not np.isnan(value)]
                assert values == pytest.approx(recorded, rel=PRINTED, abs=1e-7, nan_ok=True), (name, figure)
                compared += 1
    return compared


def assert_same_ends(output: str, variants: Mapping[str, Experiment]) -> None:
    """Each run of a sweep ended with the figure that its recording has."""
    first = next(iter(variants.values()))
    ends = printed_ends(output, first.sweep.sweep_measure)
    assert ends.keys() == variants.keys()
    for name, recording in record_together(variants).items():
        cells = recording.column("sweep_cells")[-1]  # (values, seeds) or (across, values, seeds)
        recorded = np.moveaxis(cells, -1, 0).reshape(-1).tolist()
        assert ends[name] == pytest.approx(recorded, rel=PRINTED, abs=1e-7, nan_ok=True)
