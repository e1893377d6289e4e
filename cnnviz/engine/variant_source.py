"""Settings as source: what a Variant of an exported script is made of, and which optional settings it has. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cnnviz.engine.augment.script import AUGMENTED, augmentations_text
from cnnviz.engine.augment.settings import Augmentation
from cnnviz.engine.experiment import Experiment
from cnnviz.engine.words import COMMITTEES, INITS_WITH_STD, WEIGHT_DROPS, WEIGHT_NORMS

Variants = Mapping[str, Experiment]


class Settings(Protocol):
    """What the texts below are made from: an experiment, or one some of whose settings are names of the script."""

    @property
    def augmentation(self) -> Augmentation: ...

    def get(self, name: str) -> Any: ...


@dataclass(frozen=True)
class Name:
    """A setting's value as the script has it: the name of a variable, or an expression."""

    source: str

    def __repr__(self) -> str:
        return self.source

    def __format__(self, _how: str) -> str:
        return self.source


@dataclass(frozen=True)
class Named:
    """An experiment some of whose settings are expressions of the script, by the setting's name."""

    experiment: Experiment
    names: Mapping[str, str]

    @property
    def augmentation(self) -> Augmentation:
        return self.experiment.augmentation

    def get(self, name: str) -> Any:
        """The setting's value, a Name where it is an expression."""
        return Name(self.names[name]) if name in self.names else self.experiment.get(name)


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
    "norm": "no_norm",
    "domain": "one_domain",
    "pooling": "max_pooling",
    "stride": "unit_stride",
    "ending": "average_ending",
}


def used(variants: Variants) -> list[str]:
    """The optional settings that some variant uses."""
    names = [name for name, off in OPTIONAL.items() if any(differs(experiment, name, off) for experiment in variants.values())]
    names += ["reweight"] if any(reweight_of(experiment) for experiment in variants.values()) else []
    names += [name for name in AUGMENTED if any(augmentations_text(run.augmentation, name) for run in variants.values())]
    names += ["own_statistics"] if any(has_own_statistics(experiment) for experiment in variants.values()) else []
    names += [name for name in TAUGHT if "teacher" in names and name not in names]
    names += ["smoothing_over"] if "smoothing" in names else []
    names += ["stride"] if any(is_strided(experiment) for experiment in variants.values()) else []
    names += ["domain"] if len({run.data.domain for run in variants.values() if run.data.dataset == "shapes"}) > 1 else []
    names += ["members"] if any(has_members(experiment) for experiment in variants.values()) else []
    return ["pieces", *names] if any(needs_pieces(experiment) for experiment in variants.values()) else names


def has_members(experiment: Settings) -> bool:
    """Whether its net is several nets."""
    return experiment.get("net") in COMMITTEES


def differs(experiment: Experiment, setting: str, off: Any) -> bool:
    """Whether it uses an optional setting; norms and dropouts of weights are told apart from those of outputs."""
    value = experiment.get(setting)
    if setting in ("pooling", "ending") and experiment.get("net") != "cnn":
        return False
    return value != off and value not in {"norm": WEIGHT_NORMS, "dropout": WEIGHT_DROPS}.get(setting, ())


def reweight_of(experiment: Settings) -> str:
    """The norm or the dropout of its weights, "" where it has none."""
    wanted: tuple[str, ...] = (experiment.get("norm"), experiment.get("dropout"))
    return next((name for name in wanted if name in REWEIGHTS), "")


def has_own_statistics(experiment: Settings) -> bool:
    """Whether each of its time steps keeps running statistics."""
    return (experiment.get("net"), experiment.get("norm"), experiment.get("norm_over_time")) == ("rnn", "batch", "each")


def is_strided(experiment: Settings) -> bool:
    """Whether some of its convolutions leave places out."""
    return (experiment.get("net"), experiment.get("pooling")) == ("cnn", "strided")


def needs_pieces(experiment: Settings) -> bool:
    """Whether its units have several sums."""
    return experiment.get("activation") == "maxout" or experiment.get("net") == "maxout_difference"


def pretraining_settings(experiment: Settings) -> dict[str, str]:
    """The source of what a Variant learns before the task."""
    scheme = experiment.get("pretraining")
    return {
        "pretraining": "scratch" if scheme == "none" else scheme,
        "pretraining_lr": repr(experiment.get("pretraining_lr")),
        "corruption": repr(experiment.get("corruption")),
    }


def variants_text(variants: Mapping[str, Settings], runs: Variants) -> str:
    """The dict of Variants, a setting a line. runs: all that are trained, which decide the settings that are told."""
    optional = used(runs)
    pretrained = any(run.get("pretraining_steps") for run in runs.values())
    lines = ["{"]
    for name, experiment in variants.items():
        settings = required_settings(experiment) | {setting: optional_setting(experiment, setting) for setting in optional}
        settings |= pretraining_settings(experiment) if pretrained else {}
        lines += [f'    "{name}": Variant(', *(f"        {setting}={text}," for setting, text in settings.items()), "    ),"]
    return "\n".join([*lines, "}"])


def required_settings(experiment: Settings) -> dict[str, str]:
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


def init_text(experiment: Settings) -> str:
    """The source of the function that draws the weights."""
    init, std = experiment.get("init"), experiment.get("init_std")
    return f"partial({init}, std={std!r})" if init in INITS_WITH_STD else init


def optimiser_text(experiment: Settings) -> str:
    """The source of a function from parameters and lr to the optimiser."""
    momentum, beta2 = experiment.get("momentum"), experiment.get("beta2")
    nesterov = f"{momentum} > 0" if isinstance(momentum, Name) else momentum > 0
    return OPTIMISERS[experiment.get("optimiser")].format(momentum=momentum, beta2=beta2, nesterov=nesterov)


def optional_setting(experiment: Settings, setting: str) -> str:
    """The source of a setting that some variants have."""
    if setting == "reweight":
        given = {name: experiment.get(name) for name in ("power_steps", "keep")}
        return REWEIGHTS.get(reweight_of(experiment), "None").format(**given)
    if setting == "own_statistics":
        return repr(has_own_statistics(experiment))
    if setting == "stride":
        return "2" if is_strided(experiment) else "1"
    if setting in AUGMENTED:
        return augmentations_text(experiment.augmentation, setting) or "{}"
    value = experiment.get(setting)
    if setting in ("smoothing_over", "domain"):
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
