"""On how many seeds the lessons' claims hold: each preset is trained again with each seed, and its claims are measured.

    python -m benchmarks.claims --seeds 10 11 12 --lesson covariate_shift/noisy --claim loss_range_is_narrower

A preset's rows are printed when its last seed is done; how far it is goes to standard error. A claim that fails on a seed is
followed by what was measured there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from difflib import get_close_matches

import torch

from cnnviz import console, heap, lessons
from cnnviz.__main__ import Parser
from cnnviz.engine.experiment import Experiment, ExperimentError, replace
from cnnviz.engine.train import record_together
from cnnviz.lessons import Claim, Lesson, Measured

UNDECIDED = Measured(False, "These recordings can't decide it.")


@dataclass(frozen=True)
class Trial:
    """A preset with those of its claims that are asked for. path: "lesson/preset"."""

    path: str
    variants: Mapping[str, Experiment]
    claims: tuple[Claim, ...]

    def with_seed(self, seed: int) -> dict[str, Experiment]:
        """The variants with another seed. Raises ExperimentError for one that is out of range."""
        return {letter: reseeded(experiment, seed) for letter, experiment in self.variants.items()}


@dataclass(frozen=True)
class Row:
    """How a claim fared. measured: by seed."""

    path: str
    claim: str
    measured: Mapping[int, Measured]

    @property
    def holds(self) -> int:
        """The number of seeds on which it holds."""
        return sum(measured.holds for measured in self.measured.values())

    @property
    def always(self) -> bool:
        """Whether it holds on every seed."""
        return self.holds == len(self.measured)


def name_of(claim: Claim) -> str:
    """What a claim is called here: its function's name, which no other claim of the lesson has."""
    return claim.measure.__name__


def reseeded(experiment: Experiment, seed: int) -> Experiment:
    """The same experiment with another seed. A sweep's runs have `sweep_seeds` seeds in a row: here two sweeps share none."""
    return replace(experiment, seed=seed * experiment.sweep.sweep_seeds if experiment.is_sweep else seed)


def trials(path: str = "") -> list[Trial]:
    """The presets that have claims: of "lesson", of "lesson/preset" alone, or of all.

    Raises ExperimentError naming the near ones where there is none such.
    """
    slug, _, preset = path.partition("/")
    if preset:
        lessons.preset(path)
    with_claims = [trial for lesson in _lessons(slug) for trial in _trials_of(lesson) if trial.claims]
    chosen = [trial for trial in with_claims if not preset or trial.path == path]
    if not chosen:
        raise ExperimentError(f"{path} has no claims; try {', '.join(trial.path for trial in with_claims)}.")
    return chosen


def of_claim(name: str, chosen: Sequence[Trial]) -> list[Trial]:
    """Of these trials what this claim needs. Raises ExperimentError naming the near ones where none has it."""
    names = [name_of(claim) for trial in chosen for claim in trial.claims]
    if name not in names:
        near = get_close_matches(name, names, n=3) or names[:8]
        raise ExperimentError(f"There is no claim '{name[:60]}'; try {', '.join(near)}.")
    alone = [replaced(trial, claims=tuple(claim for claim in trial.claims if name_of(claim) == name)) for trial in chosen]
    return [trial for trial in alone if trial.claims]


def _lessons(slug: str) -> Iterable[Lesson]:
    return [lessons.find(slug)] if slug else lessons.all_lessons().values()


def _trials_of(lesson: Lesson) -> Iterator[Trial]:
    for name, preset in lesson.recorded.items():
        yield Trial(f"{lesson.slug}/{name}", preset.variants, tuple(claim for claim in lesson.claims if claim.preset == name))


def rows(trial: Trial, seeds: Sequence[int]) -> list[Row]:
    """A row for each claim, once the preset has been trained with each seed."""
    measured: dict[str, dict[int, Measured]] = {name_of(claim): {} for claim in trial.claims}
    for number, seed in enumerate(seeds, start=1):
        print(f"{trial.path}: seed {seed}, {number} of {len(seeds)}", file=sys.stderr, flush=True)
        recordings = record_together(trial.with_seed(seed))
        for claim in trial.claims:
            measured[name_of(claim)][seed] = claim.measure(recordings) or UNDECIDED
    return [Row(trial.path, name, by_seed) for name, by_seed in measured.items()]


def lines(row: Row, width: int) -> Iterator[str]:
    """A row of the table, and a line for each seed on which the claim fails. width: of the column with the presets and claims."""
    yield f"{row.path + '  ' + row.claim:{width}}  holds on {row.holds} of {len(row.measured)}"
    yield from (f"    seed {seed}: {measured.sentence}" for seed, measured in row.measured.items() if not measured.holds)


def seed_from(text: str) -> int:
    """A seed. Raises ArgumentTypeError with the rule."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text[:20]}' must be a whole number, 0 or more")
    return int(text)


def parser() -> Parser:
    """The options."""
    options = Parser(prog="python -m benchmarks.claims", description="Train lessons' presets with other seeds; measure claims.")
    options.add_argument("--seeds", type=seed_from, nargs="+", required=True, metavar="SEED", help="of the runs, one or more")
    options.add_argument("--lesson", default="", metavar="SLUG", help="this lesson only: lesson, or lesson/preset")
    options.add_argument("--claim", metavar="NAME", help="this claim only, by its function's name")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit code: 0, or 2 where what is asked for does not exist."""
    given = parser().parse_args(arguments)
    seeds = list(dict.fromkeys(given.seeds))
    try:
        chosen = trials(given.lesson)
        if given.claim:
            chosen = of_claim(given.claim, chosen)
        for trial, seed in ((trial, seed) for trial in chosen for seed in seeds):
            trial.with_seed(seed)  # an hour's work is not begun that ends at a seed out of range
    except ExperimentError as problem:
        print(f"python -m benchmarks.claims: {problem}", file=sys.stderr)
        return 2
    print_table(chosen, seeds)
    return 0


def print_table(chosen: Sequence[Trial], seeds: Sequence[int]) -> None:
    """Each preset's rows as soon as they are known, then how many claims hold on every seed."""
    width = max(len(f"{trial.path}  {name_of(claim)}") for trial in chosen for claim in trial.claims)
    found: list[Row] = []
    for trial in chosen:
        for row in rows(trial, seeds):
            print(*lines(row, width), sep="\n", flush=True)
            found.append(row)
    print(f"{sum(row.always for row in found)} of {len(found)} claims hold on all of {len(seeds)} seeds.")


if __name__ == "__main__":
    console.print_utf8()
    torch.set_num_threads(1)  # as the recordings are made: sums in another order end in other digits
    heap.keep()
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Stopped.")
