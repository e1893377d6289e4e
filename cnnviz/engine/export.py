"""Code export: experiments as a standalone PyTorch script or notebook, without cnnviz, that prints the same losses.

`standalone.py` holds the code, `bundle` cuts it to what the experiments use; here is which features and values those are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from cnnviz.engine.augment.script import AUGMENTED, augmentations_text, rescales, scale_text
from cnnviz.engine.bundle import CELL, PACKAGE, bundled
from cnnviz.engine.compatible import check
from cnnviz.engine.data import points2d
from cnnviz.engine.experiment import Data, Experiment, ExperimentError
from cnnviz.engine.words import COMMITTEES, INITS_WITH_STD, WEIGHT_DROPS, WEIGHT_NORMS

Variants = Mapping[str, Experiment]

TEMPLATES = ("standalone.py", "standalone_nets.py", "standalone_pretraining.py")
CELLS = {
    "cnnviz.engine.augment": "Augmentation",
    "cnnviz.engine.data": "Data",
    "cnnviz.engine.nets": "Networks",
    "cnnviz.engine.targets": "Learning",
    "cnnviz.engine.penalties": "Learning",
    "cnnviz.engine.stopping": "Learning",
}
FILES = {"fashion_mnist": "fashion_mnist.npz", "digits": "digits.npz"}

ACTIVATIONS = {
    "sigmoid": "torch.sigmoid",
    "tanh": "torch.tanh",
    "relu": "F.relu",
    "leaky_relu": "F.leaky_relu",
    "elu": "F.elu",
    "gelu": "F.gelu",
    "silu": "F.silu",
    "linear": "nn.Identity()",
    "prelu": "nn.PReLU",
    "relu6": "F.relu6",
    "maxout": "partial(maxout, pieces={pieces})",
}
OPTIMISERS = {
    "sgd": "partial(optim.SGD, fused=True)",
    "momentum": "partial(optim.SGD, momentum={momentum}, fused=True)",
    "nesterov": "partial(optim.SGD, momentum={momentum}, nesterov={nesterov}, fused=True)",
    "rmsprop": "partial(optim.RMSprop, alpha={beta2}, foreach=True)",
    "adam": "partial(optim.Adam, betas=({momentum}, {beta2}), fused=True)",
    "adamw": "partial(optim.AdamW, betas=({momentum}, {beta2}), weight_decay=0.0, fused=True)",
}
SCHEDULES = {
    "constant": "lambda step: 1.0",
    "step": "partial(stairs, every={decay_every}, factor={decay_factor})",
    "cosine": "cosine",
}
NORMS = {
    ("none", "mlp"): "nn.Identity",
    ("none", "rnn"): "nn.Identity",
    ("batch", "rnn"): "nn.BatchNorm1d",
    ("layer", "rnn"): "nn.LayerNorm",
    ("group", "rnn"): "partial(nn.GroupNorm, {groups})",
    ("none", "cnn"): "nn.Identity",
    ("batch", "mlp"): "nn.BatchNorm1d",
    ("batch", "cnn"): "nn.BatchNorm2d",
    ("noisy_batch", "mlp"): "partial(NoisyBatch, spatial=False, mean={noise_mean}, scale={noise_scale})",
    ("noisy_batch", "cnn"): "partial(NoisyBatch, spatial=True, mean={noise_mean}, scale={noise_scale})",
    ("layer", "mlp"): "nn.LayerNorm",
    ("layer", "cnn"): "partial(nn.GroupNorm, 1)",
    ("instance", "cnn"): "partial(nn.InstanceNorm2d, affine=True)",
    ("group", "mlp"): "partial(nn.GroupNorm, {groups})",
    ("group", "cnn"): "partial(nn.GroupNorm, {groups})",
}
REWEIGHTS = {
    "weight": "WeightNorm",
    "spectral": "partial(SpectralNorm, steps={power_steps})",
    "drop_connect": "lambda units: DropConnect({keep})",
}
DROPS = {
    "plain": "partial(PlainDropout, {keep})",
    "inverted": "partial(InvertedDropout, {keep})",
    "spatial": "partial(SpatialDropout, {keep})",
    "drop_block": "partial(DropBlock, {keep}, {block_size})",
}
POOLS = {
    "max": "partial(nn.MaxPool2d, 2)",
    "average": "partial(nn.AvgPool2d, 2)",
    "stochastic": "Stochastic",
    "lp": "partial(LpPool, {pool_p})",
    "strided": "nn.Identity",
    "blur": "BlurPool",
    "none": "nn.Identity",
}
ENDINGS = {"global_average": "partial(nn.AdaptiveAvgPool2d, 1)", "flatten": "nn.Identity"}
OPTIONAL = {  # settings that leave no trace in the script where every variant has this value
    "bias_init": 0.0,
    "init_scale": 1.0,
    "norm": "none",
    "dropout": "none",
    "skip": False,
    "pooling": "max",
    "ending": "global_average",
    "fancy_pca": 0.0,
    "weight_decay": 0.0,
    "schedule": "constant",
    "warmup_steps": 0,
    "clip_value": 0.0,
    "clip_norm": 0.0,
    "clip_weight": 0.0,
    "smoothing": 0.0,
    "teacher": False,
    "l1": 0.0,
    "max_norm": 0.0,
    "patience": 0,
    "look_every": 10,
}
TAUGHT = ("smoothing", "teacher_width", "teacher_smoothing", "temperature", "teacher_share")  # used wherever a teacher is
WITHOUT = {  # the marks of lines that stay where no variant has such a setting
    "weight_decay": "no_decay",
    "pooling": "max_pooling",
    "stride": "unit_stride",
    "ending": "average_ending",
}


def script(variants: Variants) -> str:
    """The source of a Python script that trains the variants one after the other, on the same batches, and prints losses.

    It needs torch and NumPy; Fashion-MNIST and the digits are read from the file named on its command line, whatever else
    is drawn by the script itself. Raises ExperimentError where variants differ in their data or length.
    """
    check_trainable(variants)
    file = data_file(variants)
    usage = f"Run it with the data file: python script.py {file}" if file else "Run it: python script.py"
    path = f'sys.argv[1] if len(sys.argv) > 1 else "{file}"'
    return f'"""{opening(variants)}\n\n{usage}\n"""\n\n{code(variants, path)}'


def notebook(variants: Variants) -> str:
    """The same code as a Jupyter notebook, nbformat 4 JSON, a cell for each of its parts. Raises ExperimentError."""
    check_trainable(variants)
    file = data_file(variants)
    place = f" Put `{file}` beside this notebook, or name its place below." if file else ""
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
    first = next(iter(variants.values()))
    number = "One network" if len(variants) == 1 else f"{len(variants)} networks"
    return (
        f"{number} on {first.get('dataset')}, trained for {first.steps:,} steps in plain PyTorch.\n"
        "It prints the losses that the course shows, with the same torch build, processor and number of threads;\n"
        "elsewhere sums round otherwise, and losses part, often after some 50 steps."
    )


def code(variants: Variants, data_path: str) -> str:
    """The script below its docstring, in cells. data_path: source of the expression that gives the data file's path."""
    first = next(iter(variants.values()))
    values = {
        "STEPS": f"{first.steps:_}",
        "BATCH_SIZE": str(first.batch_size),
        "SEED": str(first.seed),
        "TRAIN_EXAMPLES": f"{first.get('train_examples'):_}",
        "PRETRAINING_STEPS": f"{first.get('pretraining_steps'):_}",
        "VALIDATION": f"{first.get('validation'):_}",
        "LABELS": f"{first.get('labels'):_}",
        "TASK_CLASSES": str(first.get("task_classes")),
        "DATA_FILE": data_path,
        "POINTS": points_text(first.data),
        "CURVE": curve_text(first.data),
        "DOMAIN": f'"{first.data.domain}"',
        "SCALE": scale_text(first) if rescales(variants) else "()",
        "VARIANTS": variants_text(variants),
    }
    return bundled(_template(), features(variants), values, CELLS)


@cache
def _template() -> str:
    """`standalone` with the cells of the other files in their place."""
    whole, *cells = ((PACKAGE / "engine" / name).read_text(encoding="utf-8") for name in TEMPLATES)
    before, heading, after = whole.partition(f"{CELL}Augmentation")
    return before + "".join(cell[cell.index(CELL) :] + "\n\n" for cell in cells) + heading + after


def data_file(variants: Variants) -> str:
    """The name of the data file that the script reads, "" where it draws its own data."""
    return FILES.get(next(iter(variants.values())).get("dataset"), "")


def check_trainable(variants: Variants) -> None:
    """Raises ExperimentError for what the engine would not train either."""
    if not variants:
        raise ExperimentError("There is nothing to export: give one variant at least.")
    (name, first), *others = variants.items()
    if first.calculation.calculation != "none":
        raise ExperimentError("A calculation trains nothing, so it has no script: choose a starting point with a network.")
    if first.is_sweep:
        raise ExperimentError(
            f"A sweep of {len(list(first.cells()))} runs has no script of its own: take that of a single run, from another "
            "starting point."
        )
    if first.surface.surface:
        raise ExperimentError("surface (=True) has no script: switch it off for that of the training, whose losses are the same.")
    for setting in (
        "steps", "batch_size", "seed", "dataset", "train_examples", "curve", "heights", "domain",
        "pretraining_steps", "labels", "task_classes", "validation",
    ):  # fmt: skip
        for other, experiment in others:
            ours, theirs = first.get(setting), experiment.get(setting)
            if ours != theirs:
                raise ExperimentError(f"{setting} must be the same in {name} (={ours}) and {other} (={theirs}).")
    for experiment in variants.values():
        check(experiment)
    if kind(first.data) != "curve" and any(experiment.get("net") == "maxout_difference" for experiment in variants.values()):
        raise ExperimentError("net (=maxout_difference) has one output: it must have the data set curve.")
    if kind(first.data) in ("points", "curve"):
        _check_images(variants)


def _check_images(variants: Variants) -> None:
    for net, needs in (("cnn", "a convolution needs images"), ("rnn", "a recurrent net reads an image's rows")):
        if any(experiment.get("net") == net for experiment in variants.values()):
            raise ExperimentError(f"net (={net}) must be mlp for points in the plane: {needs}.")


def prepared(variants: Variants) -> set[str]:
    """The marks for what comes before the task, and for how few labels it has."""
    first = next(iter(variants.values()))
    found = {name for name in ("labels", "task_classes") if first.get(name)}
    found |= {"pretraining"} if first.get("pretraining_steps") else {"from_the_start"}
    return found if found - {"from_the_start"} else found | {"all_labels"}


def pretraining_settings(experiment: Experiment) -> dict[str, str]:
    """The source of what a Variant learns before the task."""
    scheme = experiment.get("pretraining")
    return {
        "pretraining": "scratch" if scheme == "none" else scheme,
        "pretraining_lr": repr(experiment.get("pretraining_lr")),
        "corruption": repr(experiment.get("corruption")),
    }


def kind(data: Data) -> str:
    """How the script comes by its data: "file", "points", "shapes" or "curve"."""
    return "file" if data.dataset in FILES else "points" if data.dataset in points2d.CLASSES else data.dataset


def used(variants: Variants) -> list[str]:
    """The optional settings that some variant uses."""
    names = [name for name, off in OPTIONAL.items() if any(differs(experiment, name, off) for experiment in variants.values())]
    names += ["reweight"] if any(reweight_of(experiment) for experiment in variants.values()) else []
    names += [name for name in AUGMENTED if any(augmentations_text(experiment, name) for experiment in variants.values())]
    names += ["own_statistics"] if any(has_own_statistics(experiment) for experiment in variants.values()) else []
    names += [name for name in TAUGHT if "teacher" in names and name not in names]
    names += ["smoothing_over"] if "smoothing" in names else []
    names += ["stride"] if any(is_strided(experiment) for experiment in variants.values()) else []
    names += ["members"] if any(has_members(experiment) for experiment in variants.values()) else []
    return ["pieces", *names] if any(needs_pieces(experiment) for experiment in variants.values()) else names


def has_members(experiment: Experiment) -> bool:
    """Whether its net is several nets."""
    return experiment.get("net") in COMMITTEES


def differs(experiment: Experiment, setting: str, off: Any) -> bool:
    """Whether it uses an optional setting; norms and dropouts of weights are told apart from those of outputs."""
    value = experiment.get(setting)
    if setting in ("pooling", "ending") and experiment.get("net") != "cnn":
        return False
    return value != off and value not in {"norm": WEIGHT_NORMS, "dropout": WEIGHT_DROPS}.get(setting, ())


def reweight_of(experiment: Experiment) -> str:
    """The norm or the dropout of its weights, "" where it has none."""
    wanted: tuple[str, ...] = (experiment.get("norm"), experiment.get("dropout"))
    return next((name for name in wanted if name in REWEIGHTS), "")


def has_own_statistics(experiment: Experiment) -> bool:
    """Whether each of its time steps keeps running statistics."""
    return (experiment.get("net"), experiment.get("norm"), experiment.get("norm_over_time")) == ("rnn", "batch", "each")


def is_strided(experiment: Experiment) -> bool:
    """Whether some of its convolutions leave places out."""
    return (experiment.get("net"), experiment.get("pooling")) == ("cnn", "strided")


def needs_pieces(experiment: Experiment) -> bool:
    """Whether its units have several sums."""
    return experiment.get("activation") == "maxout" or experiment.get("net") == "maxout_difference"


def features(variants: Variants) -> set[str]:
    """The marks in the template whose lines stay."""
    settings = set(used(variants))
    without = {mark for setting, mark in WITHOUT.items() if setting not in settings}
    source = kind(next(iter(variants.values())).data)
    loss = "teacher" if "teacher" in settings else "smoothed" if "smoothing" in settings else "hard_targets"
    task = set() if source == "curve" else {"classify", loss}
    activations = {"prelu" if any(experiment.get("activation") == "prelu" for experiment in variants.values()) else "fixed"}
    maxout = {"maxout"} if any(needs_pieces(experiment) for experiment in variants.values()) else set()
    tuned = {"lsuv"} if any(experiment.get("init") == "lsuv" for experiment in variants.values()) else set()
    noise = {"noise"} if any(experiment.get("norm") == "noisy_batch" for experiment in variants.values()) else set()
    masks = {"masks"} if any(experiment.get("dropout") != "none" for experiment in variants.values()) else set()
    held = {"validation"} if next(iter(variants.values())).get("validation") else set()
    augmented = {"augmented"} if settings & AUGMENTED.keys() else set()
    augmented |= {"scale"} if rescales(variants) else set()
    before = prepared(variants)
    classes = {"all_classes"} if "all_labels" in before and task else set()
    drawn = {"stochastic"} if any(experiment.get("pooling") == "stochastic" for experiment in variants.values()) else set()
    return (
        settings
        | without
        | drawn
        | held
        | task
        | activations
        | maxout
        | {source}
        | before
        | classes
        | tuned
        | noise
        | masks
        | augmented
    )


def points_text(data: Data) -> str:
    """The curve, its number of classes and its noise, for points in the plane; else nothing."""
    name = data.dataset
    return f"({name}, {len(points2d.CLASSES[name])}, {points2d.NOISE[name]})" if name in points2d.CLASSES else "()"


def curve_text(data: Data) -> str:
    """The function of x that is fitted."""
    return f"partial(drawn, heights={data.heights})" if data.curve == "drawn" else data.curve


def variants_text(variants: Variants) -> str:
    """The dict of Variants, a setting a line."""
    optional = used(variants)
    lines = ["{"]
    for name, experiment in variants.items():
        settings = required_settings(experiment) | {setting: optional_setting(experiment, setting) for setting in optional}
        settings |= pretraining_settings(experiment) if experiment.get("pretraining_steps") else {}
        lines += [f'    "{name}": Variant(', *(f"        {setting}={text}," for setting, text in settings.items()), "    ),"]
    return "\n".join([*lines, "}"])


def required_settings(experiment: Experiment) -> dict[str, str]:
    """The source of every setting that a Variant must have."""
    return {
        "net": experiment.get("net"),
        "depth": str(experiment.get("depth")),
        "width": str(experiment.get("width")),
        "activation": ACTIVATIONS[experiment.get("activation")].format(pieces=experiment.get("pieces")),
        "init": init_text(experiment),
        "optimiser": optimiser_text(experiment),
        "lr": repr(experiment.get("lr")),
    }


def init_text(experiment: Experiment) -> str:
    """The source of the function that draws the weights."""
    init, std = experiment.get("init"), experiment.get("init_std")
    return f"partial({init}, std={std!r})" if init in INITS_WITH_STD else init


def optimiser_text(experiment: Experiment) -> str:
    """The source of a function from parameters and lr to the optimiser."""
    momentum, beta2 = experiment.get("momentum"), experiment.get("beta2")
    return OPTIMISERS[experiment.get("optimiser")].format(momentum=momentum, beta2=beta2, nesterov=momentum > 0)


def optional_setting(experiment: Experiment, setting: str) -> str:
    """The source of a setting that some variants have."""
    if setting == "reweight":
        given = {name: experiment.get(name) for name in ("power_steps", "keep")}
        return REWEIGHTS.get(reweight_of(experiment), "None").format(**given)
    if setting == "own_statistics":
        return repr(has_own_statistics(experiment))
    if setting == "stride":
        return "2" if is_strided(experiment) else "1"
    if setting in AUGMENTED:
        return augmentations_text(experiment, setting) or "{}"
    value = experiment.get(setting)
    if setting == "smoothing_over":
        return f'"{value}"'
    if setting == "norm":
        given = {name: experiment.get(name) for name in ("groups", "noise_mean", "noise_scale")}
        return NORMS.get((value, "mlp" if has_members(experiment) else experiment.get("net")), "nn.Identity").format(**given)
    if setting == "dropout":
        given = {name: experiment.get(name) for name in ("keep", "block_size")}
        return DROPS.get(value, "nn.Identity").format(**given)
    if setting == "pooling":
        return POOLS[value].format(pool_p=experiment.get("pool_p"))
    if setting == "ending":
        return ENDINGS[value]
    if setting == "schedule":
        return SCHEDULES[value].format(decay_every=experiment.get("decay_every"), decay_factor=experiment.get("decay_factor"))
    if setting == "pieces" and not needs_pieces(experiment):
        return "1"
    return repr(value)
