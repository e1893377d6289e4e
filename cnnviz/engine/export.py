"""Code export: experiments as a standalone PyTorch script or notebook, without cnnviz, that prints the same losses.

`standalone.py` holds the code, `bundle` cuts it to what the experiments use; here is which features and values those are.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from cnnviz.engine import calculation_source, sweep_source
from cnnviz.engine.augment.script import rescales, scale_text
from cnnviz.engine.bundle import CELL, PACKAGE, bundled
from cnnviz.engine.compatible import check
from cnnviz.engine.data import points2d
from cnnviz.engine.experiment import Data, Experiment, ExperimentError
from cnnviz.engine.lockstep import check_lockstep
from cnnviz.engine.marks import FILES, features, kind
from cnnviz.engine.sweep_source import runs_of
from cnnviz.engine.variant_source import Variants, variants_text
from cnnviz.settings import settings

TEMPLATE, LAST = "standalone.py", "standalone_run.py"
INSERTED = {  # cells of other files, by the heading that they stand before
    "standalone_data.py": "Networks",
    "standalone_nets.py": "Augmentation",
    "standalone_pretraining.py": "Augmentation",
    "standalone_results.py": "What is compared",
    "standalone_dropout.py": "What is compared",
}
CELLS = {
    "cnnviz.engine.augment": "Augmentation",
    "cnnviz.engine.data": "Data",
    "cnnviz.engine.nets": "Networks",
    "cnnviz.engine.targets": "Learning",
    "cnnviz.engine.penalties": "Learning",
    "cnnviz.engine.stopping": "Learning",
    "cnnviz.engine.calibration": "Results",
    "cnnviz.engine.confusion": "Results",
    "cnnviz.engine.evaluation": "Results",
    "cnnviz.engine.members": "Results",
    "cnnviz.engine.objectives": "Results",
    "cnnviz.engine.shifts": "Results",
    "cnnviz.engine.words": "Results",
}


def script(variants: Variants) -> str:
    """The source of a Python script that trains the variants one after the other, on the same batches, and prints losses.

    It needs torch and NumPy; Fashion-MNIST and the digits are read from the file named on its command line, whatever else
    is drawn by the script itself. Raises ExperimentError where variants differ in their data or length.
    """
    check_exportable(variants)
    file = data_file(variants)
    usage = f"Run it beside {file}, which the lesson's page offers, too: python script.py" if file else "Run it: python script.py"
    path = f'sys.argv[1] if len(sys.argv) > 1 else "{file}"'
    return f'"""{opening(variants)}\n\n{usage}\n"""\n\n{code(variants, path)}'


def notebook(variants: Variants) -> str:
    """The same code as a Jupyter notebook, nbformat 4 JSON, a cell for each of its parts. Raises ExperimentError."""
    check_exportable(variants)
    file = data_file(variants)
    place = f" Put `{file}`, which the lesson's page offers, beside this notebook, or name its place below." if file else ""
    imports, *parts = re.split(f"\n\n+{CELL}", code(variants, f'"{file}"'))
    cells = [_markdown("# " + opening(variants).replace("\n", "\n\n", 1) + place), _cell(imports)]
    for part in parts:
        heading, _, body = part.partition("\n")
        cells += [_markdown(f"## {heading}"), _cell("main()" if heading == "Run" else body.strip("\n"))]
    numbered = [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells)]
    about = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return json.dumps({"cells": numbered, "metadata": about, "nbformat": 4, "nbformat_minor": 5}, ensure_ascii=False, indent=1)


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _cell(text: str) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": text}


def opening(variants: Variants) -> str:
    """What the script is, in two sentences a line apart."""
    first = first_of(variants)
    if is_calculation(variants):
        return calculation_source.opening(variants)
    if first.is_sweep:
        return sweep_source.opening(variants)
    number = "One network" if len(variants) == 1 else f"{len(variants)} networks"
    return (
        f"{number} on {first.get('dataset')}, trained for {first.steps:,} steps in plain PyTorch.\n"
        "It prints the course's losses with the same torch build, processor and number of threads, then what findings read;\n"
        "elsewhere sums round otherwise, and losses part, often after some 50 steps."
    )


def summary(variants: Variants) -> str:
    """What the script prints, in a sentence."""
    return opening(variants).partition("\n")[2]


def code(variants: Variants, data_path: str) -> str:
    """The script below its docstring, in cells. data_path: source of the expression that gives the data file's path."""
    if first_of(variants).calculation.calculation in calculation_source.WITHOUT_DATA:
        return calculation_source.code(variants)
    return bundled(_template(), features(variants), _values(variants, data_path), CELLS)


def _values(variants: Variants, data_path: str) -> dict[str, str]:
    """The source of what stands in the template's constants, by name."""
    first = first_of(variants)
    values = {
        "THREADS": str(settings.thread_count),
        "STEPS": f"{first.steps:_}",
        "BATCH_SIZE": str(first.batch_size),
        "SEED": str(first.seed),
        "TRAIN_EXAMPLES": f"{first.get('train_examples'):_}",
        "TEST_EXAMPLES": f"{first.get('test_examples'):_}",
        "PRETRAINING_STEPS": f"{first.get('pretraining_steps'):_}",
        "VALIDATION": f"{first.get('validation'):_}",
        "LABELS": f"{first.get('labels'):_}",
        "TASK_CLASSES": str(first.get("task_classes")),
        "DATA_FILE": data_path,
        "POINTS": points_text(first.data),
        "CURVE": curve_text(first.data),
        "DOMAIN": f'"{first.data.domain}"',
        "SCALE": scale_text(first) if rescales(runs_of(variants)) else "()",
    }
    if first.is_sweep:
        return values | sweep_source.values(variants)
    return values | {"VARIANTS": variants_text(variants, variants)}


@cache
def _template() -> str:
    """`standalone` with the cells of the other files in their place."""
    whole = (PACKAGE / "engine" / TEMPLATE).read_text(encoding="utf-8")
    for name, heading in INSERTED.items():
        cell = (PACKAGE / "engine" / name).read_text(encoding="utf-8")
        before, mark, after = whole.partition(f"{CELL}{heading}")
        whole = f"{before}{cell[cell.index(CELL) :]}\n\n{mark}{after}"
    last = (PACKAGE / "engine" / LAST).read_text(encoding="utf-8")
    return f"{whole}\n\n{last[last.index(CELL) :]}"


def data_file(variants: Variants) -> str:
    """The name of the data file that the script reads, "" where it draws its own data, or calculates."""
    if first_of(variants).calculation.calculation in calculation_source.WITHOUT_DATA:
        return ""
    return FILES.get(first_of(variants).get("dataset"), "")


def first_of(variants: Variants) -> Experiment:
    """The first variant, which stands for all in what lockstep shares."""
    return next(iter(variants.values()))


def is_calculation(variants: Variants) -> bool:
    """Whether something is calculated instead of trained."""
    return any(experiment.calculation.calculation != "none" for experiment in variants.values())


def check_exportable(variants: Variants) -> None:
    """Raises ExperimentError for what the engine would not run either, and for what has no script."""
    if not variants:
        raise ExperimentError("There is nothing to export: give one variant at least.")
    first = check_lockstep(variants)
    if is_calculation(variants):
        calculation_source.check_exportable(variants)
        return
    if first.surface.surface:
        raise ExperimentError("surface (=True) has no script: switch it off for that of the training, whose losses are the same.")
    for name, experiment in variants.items():
        if experiment.sweep.sweep_measure != first.sweep.sweep_measure and first.is_sweep:
            theirs = experiment.sweep.sweep_measure
            raise ExperimentError(f"sweep_measure must be the same in all variants of a script: it is {theirs} in {name}.")
    for run in runs_of(variants).values():
        check(run)
        _check_data(run)


def _check_data(experiment: Experiment) -> None:
    source, net = kind(experiment.data), experiment.get("net")
    if source != "curve" and net == "maxout_difference":
        raise ExperimentError("net (=maxout_difference) has one output: it must have the data set curve.")
    for name, needs in (("cnn", "a convolution needs images"), ("rnn", "a recurrent net reads an image's rows")):
        if source in ("points", "curve") and net == name:
            raise ExperimentError(f"net (={net}) must be mlp for points in the plane: {needs}.")


def points_text(data: Data) -> str:
    """The curve, its number of classes and its noise, for points in the plane; else nothing."""
    name = data.dataset
    return f"({name}, {len(points2d.CLASSES[name])}, {points2d.NOISE[name]})" if name in points2d.CLASSES else "()"


def curve_text(data: Data) -> str:
    """The function of x that is fitted."""
    return f"partial(drawn, heights={data.heights})" if data.curve == "drawn" else data.curve
