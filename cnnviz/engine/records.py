"""Snapshot and Recording: what a run measured, as NumPy columns that only grow."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import secrets
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.engine.experiment import Experiment

Array = NDArray[Any]
FORMAT = 1


class RecordingError(ValueError):
    """A file that is not a recording, or a column that was not recorded. Its text is one sentence."""


@dataclass(frozen=True)
class Snapshot:
    """What was measured at one step, before that step's update.

    step: updates made before this one (0 is the fresh network).
    values: by column name, a scalar (), one number a layer (layers,), or one histogram a layer (layers, bins); float32.
        A column may be missing: histograms and test evaluations are taken more seldom than scalars.
    looked: the columns that are there only because somebody looked at this step by itself; the others were due.
    """

    step: int
    values: Mapping[str, Array]
    looked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Ending:
    """How a run ended. state: "done", "diverged", "cancelled" or "failed"; `sentence` says it in words.

    For a divergence: the step whose loss was no longer finite, the layer with the largest gradient of the step before,
    and that gradient's L2 norm.
    """

    state: str
    sentence: str
    step: int
    layer: str = ""
    value: float = float("nan")


@dataclass
class Column:
    """One recorded quantity: the rows (snapshot indices) at which it was measured, and a value for each.

    Values lie in one array, which is moved to one of twice the size when it is full: an array for each row would take several
    times what it holds. `room` may have more entries than there are rows; what was handed out of it never changes.
    """

    rows: list[int]
    room: Array

    @property
    def values(self) -> Array:
        """(rows,), (rows, layers) or (rows, layers, bins)."""
        return self.room[: len(self.rows)]

    def add(self, row: int, value: Array) -> None:
        """Raises ValueError for a value of another shape. Who reads meanwhile sees all of the row or nothing."""
        count = len(self.rows)
        if value.shape != self.room.shape[1:]:
            raise ValueError(f"its shape (={value.shape}) must be {self.room.shape[1:]}")
        if count == len(self.room):
            larger = np.empty((2 * count or 1, *value.shape), np.float32)
            larger[:count] = self.room
            self.room = larger
        self.room[count] = value
        self.rows.append(row)


@dataclass
class Recording:
    """A run's measurements so far. Stored and live recordings are the same thing.

    layers: the names of the measured layers, input side first: the order of every per-layer column.
    about: where the numbers come from: device, torch version, threads, parameter count, histogram ranges.
    """

    experiment: Experiment
    layers: tuple[str, ...]
    about: dict[str, Any] = field(default_factory=dict)
    ending: Ending | None = None
    _steps: list[int] = field(default_factory=list)
    _columns: dict[str, Column] = field(default_factory=dict)
    _looked: dict[int, frozenset[str]] = field(default_factory=dict)  # by row

    def append(self, snapshot: Snapshot) -> None:
        """Add a snapshot. Steps must rise, and a column's values have one shape. Raises RecordingError."""
        if self._steps and snapshot.step <= self._steps[-1]:
            raise RecordingError(f"step (={snapshot.step}) must be above the last recorded step, {self._steps[-1]}.")
        row = len(self._steps)
        for name, value in snapshot.values.items():
            added = np.asarray(value, dtype=np.float32)
            if name not in self._columns:
                self._columns[name] = Column([], np.empty((0, *added.shape), np.float32))
            try:
                self._columns[name].add(row, added)
            except ValueError as problem:
                raise RecordingError(f"column '{name}' can't be recorded at step {snapshot.step}: {problem}.") from None
        if snapshot.looked:
            self._looked[row] = snapshot.looked
        self._steps.append(snapshot.step)

    def extend(self, snapshots: Iterable[Snapshot]) -> Recording:
        """Add several snapshots; returns itself."""
        for snapshot in snapshots:
            self.append(snapshot)
        return self

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def steps(self) -> NDArray[np.int64]:
        """The step of each snapshot: (snapshots,)."""
        return np.array(self._steps, dtype=np.int64)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that were recorded."""
        return tuple(self._columns)

    @property
    def nbytes(self) -> int:
        """What its numbers take in memory."""
        return sum(column.values.nbytes for column in self._columns.values())

    @property
    def diverged_at(self) -> int | None:
        """The step whose loss was no longer finite; None for a run that did not diverge."""
        return self.ending.step if self.ending is not None and self.ending.state == "diverged" else None

    def _column(self, name: str) -> Column:
        if name not in self._columns:
            raise RecordingError(f"column '{name}' was not recorded; there are {', '.join(self._columns)}.")
        return self._columns[name]

    def column(self, name: str) -> Array:
        """All values of a column: (rows,), (rows, layers) or (rows, layers, bins). Raises RecordingError."""
        return self._column(name).values.copy()

    def rows(self, name: str) -> NDArray[np.int64]:
        """The snapshot index of each value of a column: (rows,)."""
        return np.array(self._column(name).rows, dtype=np.int64)

    def steps_of(self, name: str) -> NDArray[np.int64]:
        """The step of each value of a column: (rows,)."""
        return self.steps[self.rows(name)]

    def places(self, name: str) -> Sequence[str]:
        """What each number of a column (rows, numbers) is about: the layers, unless `about` says otherwise. Numbered from 1 where
        neither tells them apart, as in files from before `about` named all that is not a layer's."""
        places = self.about.get("places", {}).get(name, self.layers)
        count = self._column(name).values.shape[1]
        return places if len(places) == count == len(set(places)) else [str(number) for number in range(1, count + 1)]

    def at(self, name: str, step: int) -> Array:
        """The column's last value measured at or before a step (its first one where there is none)."""
        rows = self.steps_of(name)
        index = int(np.searchsorted(rows, step, side="right")) - 1
        return self._column(name).values[max(index, 0), ...]

    def snapshots(self) -> Iterator[Snapshot]:
        """The snapshots in order, as they were appended."""
        by_row: list[dict[str, Array]] = [{} for _ in self._steps]
        for name, column in self._columns.items():
            values = column.values
            for place, row in enumerate(column.rows):
                by_row[row][name] = values[place, ...]
        for row, (step, measured) in enumerate(zip(self._steps, by_row, strict=True)):
            yield Snapshot(step, measured, self._looked.get(row, frozenset()))

    @property
    def altered(self) -> tuple[tuple[int, float], ...]:
        """The learning rates that were set by hand while it trained, each with the first step that it was used for."""
        return tuple((int(step), float(lr)) for step, lr in self.about.get("altered", ()))

    def due(self) -> Recording:
        """The same without what is there only because somebody looked at single steps: what every run of its experiment records.
        Itself where that is all of it."""
        if not self._looked:
            return self
        found = Recording(self.experiment, self.layers, self.about, self.ending)
        for snapshot in self.snapshots():
            values = {name: value for name, value in snapshot.values.items() if name not in snapshot.looked}
            if values:
                found.append(Snapshot(snapshot.step, values))
        return found

    def delta(self, since: int = 0) -> dict[str, Any]:
        """What has been added since `since` snapshots, ready for the encoder.

        {"from": since, "steps": [...], "columns": {name: {"rows": [...], "values": array}}}, and, where `since` is 0,
        "layers" and "about"; "ending" once the run has ended, and with a divergence its step as the column "diverged", at the
        last snapshot.
        """
        columns = {}
        for name, column in self._columns.items():
            first = int(np.searchsorted(column.rows, since))
            rows = column.rows[first:]
            if rows:
                columns[name] = {"rows": rows, "values": column.values[first : first + len(rows)]}
        head = {"layers": list(self.layers), "about": self.about} if since == 0 else {}
        tail = {"ending": asdict(self.ending)} if self.ending else {}
        if self.diverged_at is not None and self._steps:
            columns["diverged"] = {"rows": [len(self) - 1], "values": np.array([self.diverged_at])}
        return {"from": since, "steps": self._steps[since:], "columns": columns, **head, **tail}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write one compressed .npz file, whole or not at all. Values are kept as float32."""
        meta = {
            "format": FORMAT,
            "experiment": json.loads(self.experiment.to_json()),
            "layers": self.layers,
            "columns": self.names,
            "about": self.about,
            "ending": asdict(self.ending) if self.ending else None,
        }
        arrays: dict[str, Array] = {"meta": np.array(json.dumps(meta)), "steps": self.steps}
        for name in self.names:
            arrays[f"rows/{name}"] = self.rows(name)
            arrays[f"values/{name}"] = self.column(name)
        target = Path(path)
        temporary = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
        try:
            with open(temporary, "xb") as file:
                np.savez_compressed(file, allow_pickle=False, **arrays)
            os.replace(temporary, target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return target

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Recording:
        """Read what `save` wrote. Raises RecordingError with the file's name for anything else."""
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:  # np.load leaks the file of a bad zip
                return cls._from_arrays(stored)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error, EOFError) as problem:
            raise RecordingError(
                f"'{Path(path).name}' is not a recording that this cnnviz reads: {str(problem)[:120]}"
            ) from problem

    @classmethod
    def _from_arrays(cls, stored: Mapping[str, Array]) -> Recording:
        meta = json.loads(str(stored["meta"]))
        if meta["format"] != FORMAT:
            raise ValueError(f"format (={meta['format']}) must be {FORMAT}")
        ending = Ending(**meta["ending"]) if meta["ending"] else None
        experiment = Experiment.from_json(json.dumps(meta["experiment"]))
        recording = cls(experiment, tuple(meta["layers"]), meta["about"], ending)
        recording._steps = stored["steps"].tolist()
        every_row = list(range(len(recording)))  # columns share these numbers
        for entry in stored:
            kind, _, name = entry.partition("/")
            if kind == "values":
                rows, values = stored[f"rows/{name}"], stored[entry]
                if len(rows) != len(values) or any(not 0 <= row < len(recording) for row in rows):
                    raise ValueError(f"the column {name} does not fit its steps")
                recording._columns[name] = Column([every_row[row] for row in rows], values)
        if set(meta.get("columns", recording.names)) != set(recording.names):
            raise ValueError("a column is missing")
        return recording

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str:
        """The scalars and per-layer columns as CSV, one line a snapshot, headed "step", "loss", "grad_norm[fc1]" …; histograms
        and other tables of numbers are left out. A cell is empty where nothing was measured, and where there is nothing to
        measure, such as batch norm's statistics in a layer without it.

        Written to `path` where one is given, with the byte order mark by which spreadsheets know UTF-8; the text is returned."""
        heads = {name: self._heads(name) for name in self.names if self._columns[name].values.ndim <= 2}
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["step", *(head for name in heads for head in heads[name])])
        for snapshot in self.snapshots():
            cells = {name: [""] * len(heads[name]) for name in heads}
            cells |= {name: _cells(value) for name, value in snapshot.values.items() if name in heads}
            writer.writerow([snapshot.step, *(cell for name in heads for cell in cells[name])])
        if path is not None:
            Path(path).write_text(text.getvalue(), encoding="utf-8-sig")
        return text.getvalue()

    def _heads(self, name: str) -> list[str]:
        """What stands above each number of a column (rows,) or (rows, numbers)."""
        if self._column(name).values.ndim == 1:
            return [name]
        return [f"{name}[{place}]" for place in self.places(name)]


def _cells(value: Array) -> list[str]:
    """The numbers of one row of a column; NaN, which stands for what is not there, is empty."""
    return ["" if math.isnan(number) else repr(number) for number in value.astype(np.float64).ravel().tolist()]
