"""Record every lesson's presets into assets/recordings, so that a page is alive at its first paint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz import lessons
from cnnviz.engine.experiment import Experiment
from cnnviz.engine.records import Recording, RecordingError, Snapshot

MANTISSA_BITS = 12  # of float32's 23: within 1.3e-4, so four significant digits; zeros compress


@dataclass(frozen=True)
class Comparison:
    """A preset's variants, which train together. path: "lesson/preset"."""

    path: str
    variants: Mapping[str, Experiment]


def comparisons(slug: str | None = None) -> list[Comparison]:
    """Every preset of every lesson, or of one. Raises ExperimentError for an unknown lesson."""
    chosen = [lessons.find(slug)] if slug else lessons.all_lessons().values()
    return [Comparison(f"{lesson.slug}/{name}", p.variants) for lesson in chosen for name, p in lesson.recorded.items()]


def file_of(folder: Path, experiment: Experiment) -> Path:
    """Where an experiment's recording lies."""
    return folder / f"{experiment.key()}.npz"


def missing(folder: Path, comparison: Comparison) -> dict[str, Experiment]:
    """The variants without a readable recording of just this experiment."""
    return {letter: e for letter, e in comparison.variants.items() if not _holds(file_of(folder, e), e)}


def _holds(path: Path, experiment: Experiment) -> bool:
    try:
        return Recording.load(path).experiment == experiment
    except RecordingError:
        return False


def stale(folder: Path) -> list[Path]:
    """Recordings that belong to no preset of any lesson."""
    wanted = {file_of(folder, e) for comparison in comparisons() for e in comparison.variants.values()}
    return sorted(set(folder.glob("*.npz")) - wanted)


def record_missing(folder: Path, comparison: Comparison) -> Iterator[Path]:
    """Train what is missing of a comparison, and write it; the files written."""
    variants = missing(folder, comparison)
    if not variants:
        return
    import torch

    from cnnviz.engine.train import record_together

    torch.set_num_threads(1)  # as a worker on a small machine has it: sums in another order end in other digits
    folder.mkdir(parents=True, exist_ok=True)
    for letter, recording in record_together(variants).items():
        path = rounded(recording).save(file_of(folder, variants[letter]))
        path.chmod(0o644)  # a server that runs as somebody else reads it too
        yield path


def rounded(recording: Recording) -> Recording:
    """A copy with each value to four significant digits, still float32."""
    copy = Recording(recording.experiment, recording.layers, recording.about, recording.ending)
    for snapshot in recording.snapshots():
        copy.append(Snapshot(snapshot.step, {name: round_mantissa(value) for name, value in snapshot.values.items()}))
    return copy


def round_mantissa(values: NDArray[Any], bits: int = MANTISSA_BITS) -> NDArray[np.float32]:
    """float32 values rounded to `bits` explicit bits of mantissa, any shape; NaN and infinities stay as they are."""
    numbers = np.array(values, dtype=np.float32, ndmin=1)
    dropped = 23 - bits
    half = np.uint32(1 << (dropped - 1))
    kept = np.uint32(0xFFFFFFFF << dropped & 0xFFFFFFFF)
    with np.errstate(over="ignore"):
        moved = ((numbers.view(np.uint32) + half) & kept).view(np.float32)
    return np.where(np.isfinite(numbers) & np.isfinite(moved), moved, numbers).reshape(np.shape(values))
