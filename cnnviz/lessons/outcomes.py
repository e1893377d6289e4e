"""Whether a run decides between the options of a prediction, or its numbers are too close to call."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from cnnviz.lessons import TooClose


def standard_error(share: float, count: int) -> float:
    """Of a share of right answers among `count` examples, were they drawn anew (binomial)."""
    return math.sqrt(max(share * (1 - share), 0.0) / count)


def close(values: Sequence[float], errors: Sequence[float]) -> bool:
    """Whether two values differ by less than the standard error of their difference."""
    return abs(values[0] - values[1]) < math.hypot(errors[0], errors[1])


def largest(
    values: Sequence[float], errors: Sequence[float], names: Sequence[str], text: Callable[[float], str]
) -> int | TooClose:
    """The place of the largest value, unless the second largest is too close to it. text: writes a value."""
    first, second = sorted(range(len(values)), key=lambda place: -values[place])[:2]
    if close([values[first], values[second]], [errors[first], errors[second]]):
        return TooClose(
            f"{names[first][:1].upper()}{names[first][1:]}: {text(values[first])}, {names[second]}: {text(values[second])}."
        )
    return first
