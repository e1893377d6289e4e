"""Contestants measured in turn, round after round, so that a slow minute of the machine meets each of them alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence

Contest = Mapping[str, Callable[[], float]]


def measured(contest: Contest, rounds: int) -> dict[str, list[float]]:
    """Each contestant's figures, one a round, after one round that is thrown away."""
    found: dict[str, list[float]] = {name: [] for name in contest}
    for turn in range(rounds + 1):
        for name, contestant in contest.items():
            figure = contestant()
            if turn:
                found[name].append(figure)
    return found


def ratio_text(figures: Sequence[float], against: Sequence[float]) -> str:
    """The median of the rounds' own ratios, and their lowest and highest: "0.96 (0.93 to 0.98)"."""
    ratios = sorted(a / b for a, b in zip(figures, against, strict=True))
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def print_contest(title: str, unit: str, found: Mapping[str, Sequence[float]], ratios: Sequence[tuple[str, str]]) -> None:
    """A table: each contestant's median, then the ratios that are asked for, each of one to another."""
    print(f"\n{title}")
    for name, figures in found.items():
        print(f"  {name:<46} {statistics.median(figures):>10,.1f} {unit}")
    for name, other in ratios:
        print(f"  {name + ' / ' + other:<46} {ratio_text(found[name], found[other])}")
