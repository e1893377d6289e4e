"""Whose knob it is: a setting in which a preset's variants differ has a knob for each of its values, and each says for whom.

A knob's name is its setting's, "weight_decay", where it moves A and all that are as A is; of those that are not, it is the
setting's with the first of them, "weight_decay.B". So a link that names a setting means by it what it always did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from cnnviz.engine.experiment import Experiment, owner, replace, rule
from cnnviz.engine.words import COMMITTEES
from cnnviz.lessons import Lesson, Preset

Settings = Mapping[str, Any]
Variants = dict[str, Experiment]


def setting(knob: str) -> str:
    """The setting that a knob moves: "weight_decay" of "weight_decay.B"."""
    return knob.partition(".")[0]


def by_remedies(lesson: Lesson, preset: str) -> bool:
    """Whether B is A with remedies; of more than two variants each is there by itself."""
    return bool(lesson.remedies) and len(lesson.presets[preset].variants) <= 2


def groups(lesson: Lesson, preset: str, name: str) -> dict[str, tuple[str, ...]]:
    """The knobs of a setting, and the variants that each is for: those that the preset gives the same value."""
    variants = lesson.presets[preset].variants
    if by_remedies(lesson, preset) or owner(name) == "augmentation":
        return {name: tuple(variants)}
    by_value: dict[Any, list[str]] = {}
    for letter, experiment in variants.items():
        by_value.setdefault(experiment.get(name), []).append(letter)
    first, *others = (tuple(letters) for letters in by_value.values())
    return {name: first, **{f"{name}.{letters[0]}": letters for letters in others}}


def knobs(lesson: Lesson, preset: str, names: Iterable[str]) -> tuple[str, ...]:
    """Every knob of these settings."""
    return tuple(knob for name in names for knob in groups(lesson, preset, name))


def start(preset: Preset, knob: str) -> Any:
    """What a knob is set to in a preset; of what is done to training images, in its last variant: A is there without."""
    name, _, letter = knob.partition(".")
    variants = preset.variants
    last = list(variants)[-1 if owner(name) == "augmentation" else 0]
    return variants[letter if letter in variants else last].get(name)


def without(preset: Preset, knob: str) -> bool:
    """Whether a preset has these variants so that they are without something: what others of them have is compared with it."""
    value, ruled = start(preset, knob), rule(setting(knob))
    none: Any = {"choice": "none", "switch": False}.get(ruled.kind, 0 if ruled.off is None else ruled.off)
    return bool(value == none) and len({repr(e.get(setting(knob))) for e in preset.variants.values()}) > 1


def drawn(lesson: Lesson, preset: str, name: str, settings: Settings) -> tuple[str, ...]:
    """The knobs of a setting that a page draws: not those of variants that are there without it, unless a link set one."""
    chosen, own = lesson.presets[preset], tuple(groups(lesson, preset, name))
    left_out = [knob for knob in own if len(own) > 1 and without(chosen, knob) and settings[knob] == start(chosen, knob)]
    return tuple(knob for knob in own if knob not in left_out)


def each(lesson: Lesson, preset: str, settings: Settings, own: Sequence[str] = ()) -> Variants:
    """Every variant of a preset with its knobs applied. own: settings in which each stays as the preset has it."""
    mine: dict[str, dict[str, Any]] = {letter: {} for letter in lesson.presets[preset].variants}
    for name in dict.fromkeys(map(setting, settings)):
        for knob, letters in groups(lesson, preset, name).items() if name not in own else ():
            for letter in letters:
                mine[letter][name] = settings[knob]
    return {letter: replace(it, **mine[letter]) for letter, it in lesson.presets[preset].variants.items()}


def remedied(lesson: Lesson, preset: str, settings: Settings, remedies: Sequence[str]) -> Variants:
    """A with its knobs applied, and B: A with the remedies chosen, where they change anything."""
    a = replace(first(lesson, preset), **shared(settings))
    b = a
    for name in lesson.remedies:
        if name in remedies:
            b = lesson.remedies[name].applied(b)
    return {"A": a} if b == a else {"A": a, "B": b}


def augmented(lesson: Lesson, preset: str, settings: Settings) -> Variants:
    """A with every knob applied but those of augmentation; B: the same with those, where one is on."""
    own = shared(settings)
    plain = {name: value for name, value in own.items() if owner(name) != "augmentation"}
    a, b = (replace(first(lesson, preset), **chosen) for chosen in (plain, own))
    return {"A": a} if b == a else {"A": a, "B": b}


def first(lesson: Lesson, preset: str) -> Experiment:
    """A preset's variant A."""
    return next(iter(lesson.presets[preset].variants.values()))


def shared(settings: Settings) -> dict[str, Any]:
    """The knobs of A."""
    return {name: value for name, value in settings.items() if name == setting(name)}


def variants(lesson: Lesson, preset: str, settings: Settings, remedies: Sequence[str]) -> Variants:
    """The variants of a lesson's page, in the way that they come about in it."""
    if by_remedies(lesson, preset):
        return remedied(lesson, preset, settings, remedies)
    if any(owner(setting(name)) == "augmentation" for name in settings):
        return augmented(lesson, preset, settings)
    return each(lesson, preset, settings)


def letters(lesson: Lesson, preset: str, knob: str, remedies: Sequence[str]) -> tuple[str, ...]:
    """The variants that a knob is for."""
    name = setting(knob)
    if owner(name) == "augmentation":
        return ("B",)
    if by_remedies(lesson, preset):
        return ("A",) if any(name in lesson.remedies[remedy].settings for remedy in remedies) else ("A", "B")
    return groups(lesson, preset, name)[knob]


def moves(knob: str, letters: Sequence[str], shown: Mapping[str, Experiment]) -> tuple[str, ...]:
    """Those of the variants that a knob is for which are shown, and make use of its setting as they are."""
    return tuple(each for each in letters if each not in shown or in_use(shown[each], setting(knob)))


def said(label: str, letters: Sequence[str], shown: Collection[str]) -> str:
    """A knob's label: which variants it moves, too, where it doesn't move all that are shown."""
    if not letters or {*letters} >= {*shown}:
        return label
    return f"{label} of {' and '.join(filter(None, (', '.join(letters[:-1]), letters[-1])))}"


def in_use(experiment: Experiment, name: str) -> bool:
    """Whether a setting decides anything in an experiment as it is: a block's side does only where blocks are dropped."""
    net, drop = experiment.net, experiment.dropout.dropout
    match name:
        case "keep":
            return drop != "none"
        case "block_size":
            return drop == "drop_block"
        case "members":
            return net.net in COMMITTEES
        case "noise_mean" | "noise_scale":
            return net.norm == "noisy_batch"
        case "groups":
            return net.norm == "group"
        case "power_steps":
            return net.norm == "spectral"
        case "pool_p":
            return net.net == "cnn" and net.pooling == "lp"
        case "corruption":
            return experiment.pretraining.pretraining in ("autoencoder", "greedy")
        case "pretraining_lr":
            return experiment.pretraining.pretraining != "none" or experiment.distillation.teacher
        case "smoothing_over":
            return experiment.targets.smoothing > 0 or experiment.sweep.sweep_over == "smoothing"
        case "pieces":
            return net.activation == "maxout"
        case "init_std":
            return net.init in ("normal", "uniform", "constant")
        case "temperature" | "teacher_share" | "teacher_width":
            return experiment.distillation.teacher
    return True
