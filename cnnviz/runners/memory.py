"""A run that would not fit into memory is refused before it starts, with what it needs, what there is, and what to change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.memory import estimate
from cnnviz.runners.base import RefusedError

WAYS_OUT: Mapping[str, str] = {
    "weights": "a smaller width or depth",
    "examples": "a smaller training set",
    "passes": "a smaller batch size, width or depth",
}


def check(variants: Iterable[Experiment], limit: int) -> None:
    """Raises RefusedError where training these variants together is estimated to need more than `limit` bytes."""
    need = estimate(variants)
    if need.total > limit:
        raise RefusedError(
            f"This run needs about {_words(need.total)} of memory, and a run may have {_words(limit)} here. "
            f"Choose {WAYS_OUT[need.largest]}."
        )


def _words(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
