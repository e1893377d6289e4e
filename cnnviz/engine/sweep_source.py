"""A sweep as source: what an exported script runs through, how its variants depend on that, and its `main`. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnviz.engine.augment.scale import WHITE
from cnnviz.engine.experiment import Experiment
from cnnviz.engine.variant_source import Named, Variants, variants_text

CONSTANTS = {  # settings that a script has once, not once a variant
    "labels": "LABELS",
    "train_examples": "TRAIN_EXAMPLES",
    "batch_size": "BATCH_SIZE",
    "steps": "STEPS",
    "pretraining_steps": "PRETRAINING_STEPS",
}
LINE = 120  # characters at most


def runs_of(variants: Variants) -> Variants:
    """Every run of every variant, under names of their own; the variants themselves where nothing is swept."""
    if not next(iter(variants.values())).is_sweep:
        return variants
    runs = {name: list(experiment.cells()) for name, experiment in variants.items()}
    return {f"{name} {number}": run for name, cells in runs.items() for number, run in enumerate(cells)}


def swept(experiment: Experiment) -> list[str]:
    """The settings that are swept: the one across first, where there are two."""
    sweep = experiment.sweep
    return [sweep.sweep_across, sweep.sweep_over] if experiment.is_map else [sweep.sweep_over]


def loop_name(setting: str) -> str:
    """What the script calls the value of a swept setting: a constant that it sets, or a variable."""
    return CONSTANTS.get(setting, setting)


def values(variants: Variants) -> dict[str, str]:
    """The source of the constants and functions that only a sweep has, by name."""
    first = next(iter(variants.values()))
    sweep = first.sweep
    return {
        "SEEDS": f"range({first.seed}, {first.seed + sweep.sweep_seeds})",
        "VALUES": values_text(first, sweep.sweep_over, sweep.sweep_values),
        "ACROSS": values_text(first, sweep.sweep_across, sweep.sweep_across_values) if first.is_map else "()",
        "MEASURE": f'"{sweep.sweep_measure}"',
        "SEEN": f"{sweep.sweep_examples:_}",
        "WHITE": str(WHITE.get(first.data.dataset, 255)),
        "variants": variants_function(variants),
        "main": main_function(first),
    }


def values_text(experiment: Experiment, setting: str, numbers: tuple[float, ...]) -> str:
    """The source of a setting's values, each of the setting's own type; one a line where a line does not hold them."""
    kind = type(experiment.get(setting))
    texts = [repr(kind(number)) for number in numbers]
    line = f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"
    return line if len(line) < LINE - len("VALUES = ") else "(\n" + "".join(f"    {text},\n" for text in texts) + ")"


def variants_function(variants: Variants) -> str:
    """The function that makes the variants for one value of what is swept."""
    first = next(iter(variants.values()))
    arguments = [f"{name}: {type(first.get(name)).__name__}" for name in swept(first) if name not in CONSTANTS]
    named = {name: Named(experiment, dependent(experiment)) for name, experiment in variants.items()}
    body = variants_text(named, runs_of(variants)).replace("\n", "\n    ")
    return (
        f"def variants({', '.join(arguments)}) -> dict[str, Variant]:\n"
        f'    """The networks that are compared, for one value of what is swept."""\n    return {body}'
    )


def dependent(experiment: Experiment) -> dict[str, str]:
    """The source of each setting of a variant that depends on what is swept."""
    over = swept(experiment)
    names = {name: name for name in over if name not in CONSTANTS}
    if "batch_size" in over and experiment.sweep.sweep_scaled and "lr" not in over:
        names["lr"] = f"{experiment.optimiser.lr!r} * BATCH_SIZE / {experiment.batch_size}"
    return names


def main_function(experiment: Experiment) -> str:
    """The function that runs through everything."""
    over = swept(experiment)
    names = [loop_name(setting) for setting in over]
    constants = ["SEED", *(name for name in names if name.isupper()), *(["STEPS"] if follows(experiment) else [])]
    series = ["SEEDS", *(["ACROSS"] if experiment.is_map else []), "VALUES"]
    arguments = ", ".join(name for name in names if not name.isupper())
    told = "  ".join(f"{setting} {{{name}}}" for setting, name in zip(over, names, strict=True))
    key = ", ".join(f'f"{setting} {{{name}}}"' for setting, name in zip(over, names, strict=True))
    steps = "        STEPS = max(1, round(SEEN / BATCH_SIZE))\n" if follows(experiment) else ""
    return f'''def main() -> None:
    """Train every variant with every seed at every value, and print how each run ends; at last the means over the seeds."""
    global {", ".join(constants)}
    torch.set_num_threads(THREADS)
    ends: dict[tuple[str, ...], list[float]] = {{}}
    for SEED, {", ".join(names)} in product({", ".join(series)}):
{steps}        learned, tested = examples()
        for name, variant in variants({arguments}).items():
            trained = train(name, variant, learned, tested)
            end = results(variant, trained)[MEASURE].item() if trained is not None else math.nan
            print(f"{{name}}  {told}  seed {{SEED}}  {{MEASURE}} {{end:.7g}}")
            ends.setdefault((name, {key}), []).append(end)
    print_means(ends)'''


def follows(experiment: Experiment) -> bool:
    """Whether the number of steps follows from the batch size."""
    over = swept(experiment)
    return "batch_size" in over and bool(experiment.sweep.sweep_examples) and "steps" not in over


def opening(variants: Mapping[str, Any]) -> str:
    """What the script does, in two sentences a line apart."""
    first = next(iter(variants.values()))
    runs = len(runs_of(variants))
    over = " × ".join(swept(first))
    number = "one network" if len(variants) == 1 else f"{len(variants)} networks"
    return (
        f"A sweep over {over} with {number} on {first.get('dataset')}: {runs} runs in plain PyTorch.\n"
        f"It prints each run's {first.sweep.sweep_measure} at its end, then the mean, the lowest and the highest over the seeds."
    )
