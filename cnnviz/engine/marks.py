"""Which lines of `standalone` stay for some variants: those whose mark is one of `features`. Torch-free."""

from __future__ import annotations

from collections.abc import Iterator

from cnnviz.engine.augment.script import AUGMENTED, rescales
from cnnviz.engine.data import points2d
from cnnviz.engine.experiment import Data, Experiment
from cnnviz.engine.sweep_source import follows, runs_of
from cnnviz.engine.variant_source import WITHOUT, Variants, needs_pieces, used

FILES = {"fashion_mnist": "fashion_mnist.npz", "digits": "digits.npz"}
MEASURED = ("training_set", "weights", "spectrum", "confidence", "confusion", "shifts", "domains")  # printed where asked for


def kind(data: Data) -> str:
    """How the script comes by its data: "file", "points", "shapes" or "curve"."""
    return "file" if data.dataset in FILES else "points" if data.dataset in points2d.CLASSES else data.dataset


def features(variants: Variants) -> set[str]:
    """The marks in the template whose lines stay."""
    runs = runs_of(variants)
    first, settings = next(iter(variants.values())), set(used(runs))
    without = {mark for setting, mark in WITHOUT.items() if setting not in settings}
    found = {*settings, *without, kind(first.data), *_prepared(runs), *_run(first, runs)}
    if kind(first.data) == "curve":
        found.discard("all_classes")
    else:
        found |= {"classify", "teacher" if "teacher" in settings else "smoothed" if "smoothing" in settings else "hard_targets"}
    for run in runs.values():
        found.update(_of_net(run))
    if "prelu" not in found:
        found.add("fixed")
    if settings & AUGMENTED.keys():
        found.add("augmented")
    if rescales(runs):
        found |= {"scale", "moving_scale"} if first.is_sweep else {"scale"}
    return found | _figures(variants, found)


def _prepared(runs: Variants) -> set[str]:
    """The marks for what comes before the task, and for how few labels it has."""
    found = {name for name in ("labels", "task_classes", "validation") if any(run.get(name) for run in runs.values())}
    if any(run.get("pretraining_steps") for run in runs.values()):
        found.add("pretraining")
    return found if found - {"validation"} else {*found, "all_labels", "all_classes"}


def _run(first: Experiment, runs: Variants) -> Iterator[str]:
    """The marks for one run a variant, for a sweep, or for a calculation."""
    if first.calculation.calculation != "none":
        yield "dropout_masks"
        yield from ["twins"] if any(run.get("dropout") == "inverted" for run in runs.values()) else []
    elif first.is_sweep:
        yield "sweep"
        yield from ["map"] if first.is_map else []
        yield from ["follows"] if follows(first) else []
    else:
        yield "single"
        yield "counted_on" if any(run.get("pretraining_steps") for run in runs.values()) else "counted"


def _of_net(experiment: Experiment) -> Iterator[str]:
    """The marks for what a net is made of."""
    if experiment.get("activation") == "prelu":
        yield "prelu"
    if needs_pieces(experiment):
        yield "maxout"
    if experiment.get("init") == "lsuv":
        yield "lsuv"
    if experiment.get("norm") == "noisy_batch":
        yield "noise"
    if experiment.get("dropout") != "none":
        yield "masks"
    if (experiment.get("net"), experiment.get("pooling")) == ("cnn", "stochastic"):
        yield "stochastic"


def _figures(variants: Variants, found: set[str]) -> set[str]:
    """The marks for what a trained net is judged by."""
    first = next(iter(variants.values()))
    if first.is_sweep:
        measure = first.sweep.sweep_measure
        figures = {"training_set"} if measure.endswith("_gap") else {"confidence"} if measure == "ece" else set()
    else:
        figures = {name for name in MEASURED if any(experiment.get(name) for experiment in variants.values())}
        layered = all(
            experiment.get("net") in ("mlp", "cnn") and experiment.measure.histograms for experiment in variants.values()
        )
        figures |= {"gradients"} if layered else set()
    return figures | ({"trained"} if "training_set" in figures or "members" in found else set())
