"""Experiment: everything that decides the numbers of one training run, frozen, checked and JSON in and out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache, cached_property
from itertools import product
from typing import Any

from cnnviz import limits
from cnnviz.engine.augment.settings import Augmentation
from cnnviz.engine.fields import (
    Checked,
    ExperimentError,
    Rule,
    choice,
    numbers,
    real,
    rule_of,
    short,
    switch,
    whole,
)
from cnnviz.engine.parts import Calculation, Measure, Penalty, Polynomial, Stopping, Surface, Sweep, Timing
from cnnviz.engine.targets import Distillation, Targets
from cnnviz.engine.words import (
    ACTIVATIONS,
    CURVES,
    DATASETS,
    DOMAINS,
    DROPS,
    ENDINGS,
    INITS,
    NETS,
    NORMS,
    OPTIMISERS,
    OVER_TIME,
    POOLINGS,
    PRETRAININGS,
    SAME_NUMBERS,
    SCHEDULES,
)

__all__ = [
    "Augmentation",
    "Calculation",
    "Clipping",
    "Data",
    "Distillation",
    "Dropout",
    "Experiment",
    "ExperimentError",
    "Measure",
    "Net",
    "Optimiser",
    "Penalty",
    "Polynomial",
    "Pretraining",
    "Schedule",
    "Stopping",
    "Surface",
    "Sweep",
    "Targets",
    "Timing",
    "replace",
    "rule",
]

VERSION = 1
DRAWN = {"width": limits.DRAWN_WIDTH, "depth": limits.DRAWN_DEPTH}


@dataclass(frozen=True)
class Data(Checked):
    """Which examples are learned from."""

    dataset: str = choice("fashion_mnist", DATASETS, "Data set")
    train_examples: int = whole(10_000, 10, limits.TRAINING_SET, "Training set", "examples", log=True)
    test_examples: int = whole(250, 10, limits.TEST_SET, "Test set", "examples", log=True)
    domain: str = choice("any", DOMAINS, "Training domain", help="How the data set “shapes” is coloured.")
    curve: str = choice("absolute", CURVES, "Target curve", help="What the data set “curve” asks for at x in −1 … 1.")
    heights: tuple[float, ...] = numbers((0.0,) * 9, -1.0, 1.0, "Drawn curve", help="Heights from x = −1 to 1, joined by lines.")


@dataclass(frozen=True)
class Net(Checked):
    """The network: how deep, how wide, from what blocks, from what start."""

    net: str = choice(
        "mlp",
        NETS,
        "Network",
        help="mlp: fully connected layers. cnn: 3×3 convolutions, then one fully connected layer. rnn: one layer that reads the "
        "image's rows in turn, and an output layer. ensemble: "
        "mlps that learn from a bootstrap sample each and vote. mixture: mlps, and a gate that says which counts where.",
    )
    depth: int = whole(
        8, 2, limits.DEPTH, "Depth", "layers", help="Layers with weights, the output layer included; a rnn has 2 anyway."
    )
    width: int = whole(
        64, 2, limits.WIDTH, "Width", "units", log=True, help="Units of a hidden layer, or channels of a convolution."
    )
    activation: str = choice("relu", ACTIVATIONS, "Activation")
    init: str = choice("he", INITS, "Initialisation")
    init_scale: float = real(1.0, 0.0, 100.0, "Initial scale", "× the scheme's standard deviation", log=True)
    norm: str = choice("none", NORMS, "Normalisation")
    noise_mean: float = real(
        0.5, 0.0, 10.0, "Noise, mean", "±", help="Noisy batch norm: each step a unit's noise has a mean drawn from this range."
    )
    noise_scale: float = real(
        1.25, 1.0, 10.0, "Noise, scale", "× at most", help="Noisy batch norm: each step a unit is stretched by 1 to so much."
    )
    members: int = whole(8, 1, 50, "Members", "nets", help="Of an ensemble, or experts of a mixture.")
    skip: bool = switch(False, "Skip connections", help="Every hidden layer adds its input to its output.")
    pieces: int = whole(2, 1, 32, "Pieces", "a maxout unit", help="Sums of which a maxout unit passes on the largest.")
    bias_init: float = real(0.0, -1_000.0, 1_000.0, "Initial bias", help="Of every hidden unit; below 0 it starts towards off.")
    init_std: float = real(
        0.01, 1e-6, 10.0, "σ", log=True, help="Initialisations normal and uniform: their spread; constant: the value."
    )
    groups: int = whole(4, 1, 256, "Groups", "of a layer's channels", help="Group norm: width must be divisible by it.")
    norm_over_time: str = choice(
        "each",
        OVER_TIME,
        "Running statistics over time",
        help="Batch norm in a rnn. each: every time step keeps its own. shared: all time steps keep one.",
    )
    power_steps: int = whole(1, 1, 50, "Power iteration", "steps an update", help="Spectral norm: how closely it follows σ(W).")
    pooling: str = choice("max", POOLINGS, "Pooling", help="What halves a cnn's maps, in two places; strided: the convolution.")
    pool_p: float = real(
        2.0, 1.0, 100.0, "p of the Lp pool", log=True, help="1: the mean; the larger, the nearer to the maximum."
    )
    ending: str = choice("global_average", ENDINGS, "End of the maps", help="What the output layer of a cnn reads.")


@dataclass(frozen=True)
class Dropout(Checked):
    """What each pass that is learned from leaves out of every hidden layer at random: outputs or weights."""

    dropout: str = choice(
        "none",
        DROPS,
        "Dropout",
        help="plain: units, tested with outputs times q. inverted: units, the others divided by q. spatial: whole channels. "
        "DropBlock: squares of maps. DropConnect: weights.",
    )
    keep: float = real(0.5, 0.05, 1.0, "Keep", "q", help="The chance of a unit, channel or weight to stay; 1 drops nothing.")
    block_size: int = whole(3, 1, 28, "Block", "positions a side", help="DropBlock: a map that is smaller goes as a whole.")


@dataclass(frozen=True)
class Optimiser(Checked):
    """How a gradient becomes a step."""

    optimiser: str = choice("sgd", OPTIMISERS, "Optimiser")
    lr: float = real(0.1, 1e-6, 100.0, "Learning rate", log=True)
    momentum: float = real(0.9, 0.0, 0.9999, "Momentum", help="Used by momentum and Nesterov; β₁ of Adam and AdamW.")
    beta2: float = real(0.999, 0.0, 0.99999, "β₂", help="Decay of the squared gradient in RMSProp, Adam and AdamW.")
    weight_decay: float = real(
        0.0, 0.0, 1.0, "Weight decay", "λ", log=True, help="Adds λ·w to each weight's gradient (AdamW: decoupled)."
    )


@dataclass(frozen=True)
class Schedule(Checked):
    """How the learning rate changes with the step."""

    schedule: str = choice("constant", SCHEDULES, "Schedule")
    warmup_steps: int = whole(0, 0, 100_000, "Warm-up", "steps", help="The rate rises linearly from 0 over these steps.")
    decay_every: int = whole(500, 1, 100_000, "Decay every", "steps", help="Step schedule: the rate is multiplied each time.")
    decay_factor: float = real(0.1, 0.0, 1.0, "Decay factor", "×")


@dataclass(frozen=True)
class Clipping(Checked):
    """Bounds on gradients and weights; 0 switches each off."""

    clip_norm: float = real(0.0, 1e-6, 1e6, "Clip gradient norm", "L2, all layers together", off=0.0, log=True)
    clip_value: float = real(0.0, 1e-9, 1e6, "Clip gradient value", "each entry", off=0.0, log=True)
    clip_weight: float = real(0.0, 1e-6, 1e6, "Clip weights", "each entry", off=0.0, log=True)


@dataclass(frozen=True)
class Pretraining(Checked):
    """What a net learns before the task that counts, and how many labels it gets for that task."""

    pretraining: str = choice(
        "none",
        PRETRAININGS,
        "Pre-training",
        help="autoencoder: rebuild the image, end to end. greedy: one layer after the other. transfer: name other classes. "
        "none: wait.",
    )
    pretraining_steps: int = whole(
        0, 0, 100_000, "Pre-training", "updates", log=True, help="Made before the task; a variant without it waits."
    )
    pretraining_lr: float = real(0.001, 1e-6, 1.0, "Pre-training rate", "Adam", log=True)
    corruption: float = real(
        0.0, 0.0, 0.95, "Corruption", "of what an autoencoder reads", help="This fraction is set to 0; it has to be rebuilt too."
    )
    labels: int = whole(
        0, 10, limits.TRAINING_SET, "Labels", "examples", off=0, log=True, help="Labelled examples of the task; off: all."
    )
    task_classes: int = whole(
        0, 2, 9, "Classes of the task", off=0, help="The task is to tell the first so many classes; transfer learns the others."
    )


@dataclass(frozen=True)
class Experiment(Checked):
    """One training run, complete: the same experiment gives the same numbers.

    Built by keyword from parts, or from another one by `replace(experiment, depth=20)`, which finds the part that a name
    belongs to. Raises ExperimentError with the name, the value and the rule.
    """

    data: Data = Data()
    net: Net = Net()
    dropout: Dropout = Dropout()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    clipping: Clipping = Clipping()
    targets: Targets = Targets()
    distillation: Distillation = Distillation()
    measure: Measure = Measure()  # noqa: RUF009  # frozen, as the others
    pretraining: Pretraining = Pretraining()
    sweep: Sweep = Sweep()
    calculation: Calculation = Calculation()
    surface: Surface = Surface()
    penalty: Penalty = Penalty()
    polynomial: Polynomial = Polynomial()
    timing: Timing = Timing()  # noqa: RUF009  # frozen, as the others
    stopping: Stopping = Stopping()
    augmentation: Augmentation = Augmentation()  # noqa: RUF009  # frozen, as the others
    steps: int = whole(1_000, 0, limits.STEPS, "Steps", "updates", log=True)
    batch_size: int = whole(64, 1, limits.BATCH_SIZE, "Batch size", "examples", log=True)
    seed: int = whole(0, 0, 2**31 - 1, "Seed", help=SAME_NUMBERS)

    @classmethod
    def of(cls, /, **settings: Any) -> Experiment:
        """An experiment from flat settings, `Experiment.of(depth=20, lr=0.1)`; the rest are defaults."""
        return replace(cls(), **settings)

    @classmethod
    def preset(cls, name: str) -> Experiment:
        """A lesson's preset, "vanishing_gradients/sigmoid", or one of its variants, "vanishing_gradients/sigmoid/B"."""
        from cnnviz import lessons

        return lessons.preset(name)

    @classmethod
    def from_json(cls, text: str | bytes) -> Experiment:
        """The experiment that `to_json` wrote. Raises ExperimentError for anything else."""
        if len(text) > limits.JSON_CHARACTERS:
            raise ExperimentError(
                f"An experiment's JSON has at most {limits.JSON_CHARACTERS:,} characters; this has {len(text):,}."
            )
        try:
            settings = json.loads(text)
        except RecursionError:
            raise ExperimentError("An experiment must be JSON of flat settings; this is nested too deeply.") from None
        except ValueError as problem:
            raise ExperimentError(f"An experiment must be JSON: {str(problem)[:80]}.") from None
        if not isinstance(settings, dict):
            raise ExperimentError(f"An experiment must be a JSON object, not {short(settings)}.")
        version = settings.pop("version", VERSION)
        if version != VERSION:
            raise ExperimentError(f"version (={short(version)}) must be {VERSION}; this cnnviz reads no other.")
        return cls.of(**settings)

    @property
    def is_sweep(self) -> bool:
        """Whether it stands for many runs, which `cells` gives."""
        return self.sweep.sweep_over != "none" and bool(self.sweep.sweep_values)

    @property
    def is_map(self) -> bool:
        """Whether it is a sweep over two settings."""
        return self.is_sweep and self.sweep.sweep_across != "none" and bool(self.sweep.sweep_across_values)

    def cells(self) -> Iterator[Experiment]:
        """The runs of a sweep: for each seed from `seed` up, for each value across, each value; itself alone where nothing is
        swept."""
        if not self.is_sweep:
            yield self
            return
        for seed in range(self.seed, self.seed + self.sweep.sweep_seeds):
            for across in self.sweep.sweep_across_values if self.is_map else (0.0,):
                for value in self.sweep.sweep_values:
                    yield self._cell(value, across, seed)

    def _cell(self, value: float, across: float, seed: int) -> Experiment:
        sweep = self.sweep
        swept = {**({sweep.sweep_across: across} if self.is_map else {}), sweep.sweep_over: value}
        measured = {"confidence": True} if sweep.sweep_measure == "ece" else {}
        return replace(self, **swept, **self._made_fair(swept), seed=seed, **measured, **_UNSWEPT)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.is_sweep:
            self._check_cells()
        for name, most in DRAWN.items() if self.calculation.calculation == "dropout" else ():
            if self.get(name) > most:
                raise ExperimentError(
                    f"{name} (={self.get(name)}) must be at most {most} for calculation (=dropout): units and weights are drawn."
                )

    def _check_cells(self) -> None:
        """Each value by itself, then the runs at the corners: between them a rate or a number of steps only rises or falls."""
        sweep, last = self.sweep, self.seed + self.sweep.sweep_seeds - 1
        rows = sweep.sweep_across_values if self.is_map else (0.0,)
        try:
            for value in sweep.sweep_values:
                rule(sweep.sweep_over).check(sweep.sweep_over, value)
            for across in rows if self.is_map else ():
                rule(sweep.sweep_across).check(sweep.sweep_across, across)
            for value, across in product(*({swept[0], swept[-1]} for swept in (sweep.sweep_values, rows))):
                self._cell(value, across, last)
        except ExperimentError as problem:
            raise ExperimentError(f"sweep_over (={sweep.sweep_over}) leads to a run that can't be made: {problem}") from None

    def _made_fair(self, swept: Mapping[str, Any]) -> dict[str, Any]:
        """Over batch sizes: as many updates as see the same examples, and a rate in proportion. Goyal et al. 2017."""
        batch_size = swept.get("batch_size")
        if batch_size is None:
            return {}
        seen = self.sweep.sweep_examples
        fair: dict[str, Any] = {"steps": max(1, round(seen / batch_size))} if seen and "steps" not in swept else {}
        if self.sweep.sweep_scaled and "lr" not in swept:
            fair["lr"] = self.optimiser.lr * batch_size / self.batch_size
        return fair

    @property
    def repeats(self) -> bool:
        """Whether it gives the same numbers each time: all do but those that time this machine."""
        return self.calculation.calculation != "timing"

    @cached_property
    def updates(self) -> int:
        """Updates from beginning to end: pre-training and the task, of every cell of a sweep."""
        return sum(cell.pretraining.pretraining_steps + cell.steps for cell in self.cells())

    @property
    def total_steps(self) -> int:
        """What a run counts as its steps: the updates, then each point of a slice through the loss surface."""
        return self.updates + self.surface.evaluations

    def settings(self) -> dict[str, Any]:
        """The flat settings that differ from the defaults, by name."""
        flat: dict[str, Any] = {}
        for part in fields(self):
            value = getattr(self, part.name)
            if isinstance(value, Checked):
                flat |= value.changed()
            elif value != part.default:
                flat[part.name] = value
        return flat

    def get(self, name: str) -> Any:
        """The value of a setting by its flat name."""
        part = owner(name)
        return getattr(getattr(self, part) if part else self, name)

    def to_json(self) -> str:
        """Canonical JSON: settings that differ from the defaults, sorted, with a version."""
        return json.dumps({"version": VERSION, **self.settings()}, sort_keys=True, separators=(",", ":"))

    def key(self) -> str:
        """Sixteen hex digits that name this experiment in stores and links; a new setting with a default changes none."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]


_UNSWEPT: dict[str, Any] = Sweep().everything()


@cache
def _owners() -> dict[str, str]:
    owners: dict[str, str] = {}
    for part in fields(Experiment):
        inner = fields(part.default) if isinstance(part.default, Checked) else ()  # type: ignore[arg-type]  # a dataclass
        names = [p.name for p in inner] if inner else [part.name]
        for name in names:
            if name in owners:
                raise TypeError(f"the setting '{name}' stands in both '{owners[name]}' and '{part.name}'")
            owners[name] = part.name if inner else ""
    return owners


def owner(name: str) -> str:
    """The part of an Experiment that a flat setting belongs to, "" for the experiment itself."""
    try:
        return _owners()[name]
    except KeyError:
        raise ExperimentError(f"There is no setting {short(name)}; there are {', '.join(sorted(_owners()))}.") from None


@cache
def rule(name: str) -> Rule:
    """The range, unit and words of a setting, by its flat name."""
    part = owner(name)
    home = getattr(Experiment(), part) if part else Experiment()
    found = next(rule_of(p) for p in fields(home) if p.name == name)
    if found is None:
        raise ExperimentError(f"'{name}' is a part of an experiment, not a setting.")
    return found


def replace(experiment: Experiment, /, **settings: Any) -> Experiment:
    """A copy with flat settings changed: `replace(base, depth=20, lr=0.1)`. Raises ExperimentError as the fields do."""
    by_part: dict[str, dict[str, Any]] = {}
    for name, value in settings.items():
        by_part.setdefault(owner(name), {})[name] = value
    own = by_part.pop("", {})
    parts = {part: dataclasses.replace(getattr(experiment, part), **values) for part, values in by_part.items()}
    return dataclasses.replace(experiment, **parts, **own)
