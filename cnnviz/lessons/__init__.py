"""Lessons: a module each, found by name; presets, question, prediction and claims as data and functions of recordings.

Torch-free: pages read lessons in their own process.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from cnnviz.engine.experiment import Experiment, ExperimentError, replace
from cnnviz.engine.records import Recording

CHAPTERS = {
    1: "Foundations",
    2: "Gradients and initialisation",
    3: "Normalisation",
    4: "Regularisation",
    5: "Architectures",
}


@dataclass(frozen=True)
class Preset:
    """A named starting point. variants: "A", "B", … in order; why: what to look for, one sentence; source: a figure that it
    repeats on our scale, and what the paper says of it; tab: the tab of charts that `why` speaks of, which it opens."""

    title: str
    variants: Mapping[str, Experiment]
    why: str
    source: str = ""
    tab: str = ""


@dataclass(frozen=True)
class Remedy:
    """A switch that changes variant B: `settings` by flat name."""

    label: str
    settings: Mapping[str, Any]
    why: str = ""

    def applied(self, experiment: Experiment) -> Experiment:
        return replace(experiment, **self.settings)


@dataclass(frozen=True)
class Measured:
    """What a claim found in a recording: whether it holds, and the numbers in one sentence."""

    holds: bool
    sentence: str


@dataclass(frozen=True)
class Claim:
    """What the lesson says is true. `measure` gives None where the recordings can't decide it; preset: the one that shows it;
    ask: what to wonder about where it fails for the learner's own settings."""

    text: str
    preset: str
    measure: Callable[[Mapping[str, Recording]], Measured | None]
    ask: str = ""


@dataclass(frozen=True)
class TooClose:
    """Two options between which a run can't decide: their difference is within the error of sampling. sentence: the numbers."""

    sentence: str


@dataclass(frozen=True)
class Prediction:
    """A question asked before the run. `answer` picks the option that the recordings bear out, None where they can't.

    because: for each option, why a run ends so. presets: the starting points that it is asked of, () for the first one; the
    others ask nothing. at_start: whether the fresh networks give it away already, before any update.
    """

    question: str
    options: tuple[str, ...]
    answer: Callable[[Mapping[str, Recording]], int | TooClose | None]
    because: tuple[str, ...]
    presets: tuple[str, ...] = ()
    at_start: bool = False

    def __post_init__(self) -> None:
        if len(self.because) != len(self.options):
            raise ValueError(f"because has {len(self.because)} sentences for {len(self.options)} options: one for each, please.")


@dataclass(frozen=True)
class Setup:
    """What a button of a task sets the page to. label: what the button says; preset: a starting point, "" for the page's first;
    settings: by knob, where they differ from its own; remedies: those switched on in B, None for its own."""

    label: str
    preset: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    remedies: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Task:
    """Something to change next. text: what to do, and what to ask oneself meanwhile; setups: what it asks for, a button each.

    came_out: what a run of one of them shows, in one short sentence with its numbers; None where the recordings can't tell.
    """

    text: str
    setups: tuple[Setup, ...]
    came_out: Callable[[Mapping[str, Recording]], str | None]


@dataclass(frozen=True)
class Reference:
    """A paper: where to read more, and what it has to do with the page."""

    authors: str
    year: int
    title: str
    link: str
    what: str = ""


@dataclass(frozen=True)
class Lesson:
    """One lesson's content. number: the page file's prefix; the first preset is the page's start; slices: what its panel for loss
    surfaces has recorded, which is no starting point of the page."""

    number: int
    slug: str
    title: str
    question: str
    presets: Mapping[str, Preset]
    prediction: Prediction
    claims: tuple[Claim, ...]
    try_this: tuple[Task, ...]
    references: tuple[Reference, ...]
    remedies: Mapping[str, Remedy] = field(default_factory=dict)
    summary: str = ""
    slices: Mapping[str, Preset] = field(default_factory=dict)

    def asks(self, preset: str) -> Prediction | None:
        """What is asked before a run of that starting point, None where nothing is."""
        return self.prediction if preset in (self.prediction.presets or tuple(self.presets)[:1]) else None

    def tried(self, knob: str) -> tuple[Any, ...]:
        """The values of a knob that its tasks ask for."""
        setups = [setup for task in self.try_this for setup in task.setups]
        return tuple(setup.settings[knob] for setup in setups if knob in setup.settings)

    @property
    def recorded(self) -> dict[str, Preset]:
        """Everything that is recorded beforehand, by name."""
        return {**self.presets, **self.slices}

    @property
    def chapter(self) -> str:
        return CHAPTERS[self.number // 100]


@dataclass(frozen=True)
class Counted:
    """What figures say to a question: the place of the option that they bear out, and the numbers in a sentence."""

    option: int
    sentence: str


@dataclass(frozen=True)
class Question:
    """What an explorer asks before one looks. name: a word or two, by which its page tells it from the others.

    answer: what stored figures say, or the page's own recordings by letter, None where they say nothing yet; judge: what
    answers, in a word; until: what to do for an answer; shows: what the page is set to, by the names in its link, to see it.
    """

    name: str
    question: str
    options: tuple[str, ...]
    answer: Callable[[Mapping[str, Recording]], Counted | TooClose | None]
    judge: str = "count"
    until: str = ""
    shows: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Explorer:
    """A page that trains nothing: it is looked at, compared and counted. number, slug, title, question as a lesson's."""

    number: int
    slug: str
    title: str
    question: str
    try_this: tuple[str, ...]
    references: tuple[Reference, ...]
    summary: str = ""
    questions: tuple[Question, ...] = ()

    @property
    def chapter(self) -> str:
        return CHAPTERS[self.number // 100]


Page = Lesson | Explorer


@cache
def all_lessons() -> Mapping[str, Lesson]:
    """Every lesson by slug, in the order of their numbers. A lesson is a module here that defines LESSON."""
    return _by_slug(_defined("LESSON"))


@cache
def all_explorers() -> Mapping[str, Explorer]:
    """Every explorer by slug, in the order of their numbers. An explorer is a module here that defines EXPLORER."""
    return _by_slug(_defined("EXPLORER"))


def all_pages() -> Mapping[str, Page]:
    """Lessons and explorers by slug, in the order of their numbers."""
    return _by_slug([*all_lessons().values(), *all_explorers().values()])


def _defined(name: str) -> list[Any]:
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return [getattr(module, name) for module in modules if hasattr(module, name)]


def _by_slug(pages: Sequence[Any]) -> dict[str, Any]:
    return {page.slug: page for page in sorted(pages, key=lambda page: page.number)}


def load(page_file: str) -> Lesson:
    """The lesson of a page: "pages/210_vanishing_gradients.py" is "vanishing_gradients"."""
    return find(Path(page_file).stem.lstrip("0123456789_"))


def explorer(page_file: str) -> Explorer:
    """The explorer of a page: "pages/510_architectures.py" is "architectures"."""
    found: Explorer = _named(all_explorers(), Path(page_file).stem.lstrip("0123456789_"), "explorer")
    return found


def find(slug: str) -> Lesson:
    """A lesson by its slug. Raises ExperimentError naming the near ones."""
    return _named(all_lessons(), slug, "lesson")


def preset(path: str) -> Experiment:
    """ "lesson/preset" (its first variant) or "lesson/preset/B". Raises ExperimentError naming the near ones."""
    slug, _, rest = path.partition("/")
    name, _, variant = rest.partition("/")
    variants = _named(find(slug).recorded, name, f"preset of {slug}").variants
    return _named(variants, variant or next(iter(variants)), f"variant of {slug}/{name}")


def _named(table: Mapping[str, Any], name: str, kind: str) -> Any:
    if name not in table:
        near = get_close_matches(name, table, n=3) or list(table)[:8]
        raise ExperimentError(f"There is no {kind} '{name[:60]}'; try {', '.join(near)}.")
    return table[name]
