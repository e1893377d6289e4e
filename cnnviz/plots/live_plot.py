"""LivePlot: a Plotly figure, bindings that say which recorded column fills which trace, and a headline from the numbers.

Python applies bindings to recordings for tests, export and pictures; `ui/panel/bindings.js` applies the same ones in the
browser. Whatever changes here changes there; `tests/browser/test_bindings.py` compares the two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache, wraps
from textwrap import wrap
from typing import Any

import numpy as np
import plotly.graph_objects as go

from cnnviz.engine.records import Recording
from cnnviz.plots.log_ticks import LABELS
from cnnviz.plots.numbers import number_text, percent_text, times_text

Recordings = Mapping[str, Recording]
MAPS = ("heatmap", "contour")
ZEROS = "All numbers are 0 here, and a logarithmic axis has no place for 0."
SAME = 1e-4  # how near to each other values are the same, though one was float32 and rounded
NOTE_WIDTH = 44  # letters in a line


@dataclass(frozen=True)
class Binding:
    """Fills one data attribute of one trace.

    trace: index into the figure's traces. attr: "x", "y", "z", "text" or "customdata".
    column: a recorded column, or "steps", "layers", "layer_numbers" (1, 2, …), or "diverged", over "steps": at the last snapshot
        the step at which the run diverged, nothing for one that did not.
    over: what the values run over:
        "steps"   all snapshots: one number each; for a per-layer column, of layer `layer`
        "layers"  all layers, at the cursor's step
        "grid"    a matrix [layers][snapshots]
        "ridges"  one closed outline a layer, stacked: the histogram at the cursor's step; attr "x" gives bin centres
                  between the columns `low` and `high` (or those constants), attr "y" the layer number plus 0.9 × the count
                  over that layer's highest; outlines are separated by None
        "rows"    the rows of a matrix at the cursor's step, one after the other, separated by None
        "matrix"  a matrix at the cursor's step, [rows][columns]
        "crosses" the same with "×" for each number and "" where there is none, for attr "text"
        "counts"  the same in words, whole numbers and "" for 0, for attr "text"
        "names"   what the column's numbers are about, as the recording names it: its classes, say
        "tiles"   small images (units, H, W) at the cursor's step, side by side in a matrix as near to a square as they go, with
                  None between them; attr "x" and "y" give its columns' and rows' numbers
    transform: "", "log10" (of the size, the sign left out; zero becomes None), "abs", "product" (running
        product from the output side inwards), or "share" (of the sum of all; None where that is 0).
    plus, minus: for "steps", a column measured at the same steps that is added or taken away, for the edges of a band.
    A binding whose column, layer or variant is missing gives an empty list.
    """

    trace: int
    attr: str
    column: str
    variant: str
    over: str = "steps"
    layer: int | None = None
    transform: str = ""
    low: str | float = 0.0
    high: str | float = 1.0
    plus: str = ""
    minus: str = ""


@dataclass(frozen=True)
class Given:
    """What a data attribute of a trace holds whatever is recorded: a curve that theory gives. None leaves a gap.

    unless: a column; the trace is drawn only while some recording has other values in it, or none: what is asked of the next run.
    setting: that of a curve; where the page has one to draw, the browser takes the values from there, as the hand moves.
    """

    trace: int
    attr: str
    values: tuple[float | str | None, ...]
    unless: str = ""
    setting: str = ""


@dataclass(frozen=True)
class Quantity:
    """One number out of a recording, for a headline or a takeaway.

    column at layer `layer` (None for a scalar column), divided by the same column at layer `per` where that is given.
    at: "cursor", "first" or "last". form: "number", "percent" or "times".
    names: a column; the number counts, from 0, along what that column's are about, and is told by name.
    """

    variant: str
    column: str
    layer: int | None = None
    per: int | None = None
    at: str = "cursor"
    form: str = "number"
    names: str = ""


@dataclass(frozen=True)
class Headline:
    """The finding in words: `text` with {name} for each quantity, "–" for one that is not known; while none is, what stands
    before its colon. needs: what a recording must have for anything to be drawn, and how to get it: an empty chart says so."""

    text: str
    quantities: Mapping[str, Quantity]
    needs: str

    @property
    def subject(self) -> str:
        """What the numbers are of."""
        return self.text.partition(":")[0]


@dataclass(frozen=True)
class LivePlot:
    """A figure that fills itself from recordings.

    name: the function's name, unique on a page. figure: complete but for its data. headline: above the chart.
    explain: one sentence on how to read it, also the chart's text for those who can't see it.
    details: for a plot whose x is layers, a sentence shown when a layer is picked: {layer} and {column} stand for the layer's
        name and the column's number at the cursor; one sentence a variant.
    given: data of traces that no recording fills.
    """

    name: str
    figure: go.Figure
    bindings: tuple[Binding, ...]
    headline: Headline
    explain: str
    details: Mapping[str, str] = field(default_factory=dict)
    given: tuple[Given, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What the panel needs to draw it."""
        return {
            "name": self.name,
            "figure": _sent(self.figure),
            "bindings": [asdict(binding) for binding in self.bindings],
            "headline": asdict(self.headline),
            "explain": self.explain,
            "details": dict(self.details),
            "given": [asdict(one) for one in self.given],
        }


def _sent(figure: go.Figure) -> dict[str, Any]:
    """A figure without the labels of its log axes, which the panel has: they would be most of it."""
    sent: dict[str, Any] = figure.to_plotly_json()
    for axis in sent["layout"].values():
        if isinstance(axis, dict) and axis.get("labelalias") == LABELS:
            del axis["labelalias"]
    return sent


def plot(build: Callable[..., LivePlot]) -> Callable[..., LivePlot]:
    """A plot function that builds once: the same variants and options give the same LivePlot.

    A page asks for its plots at every rerun and Plotly takes tens of milliseconds to build one.
    """
    built = lru_cache(maxsize=64)(build)

    @wraps(build)
    def once(variants: Sequence[str], **options: Any) -> LivePlot:
        return built(tuple(variants), **options)

    return once


def filled(plot: LivePlot, recordings: Recordings, step: int) -> go.Figure:
    """The plot's figure with every binding applied at a step, its headline as title: for export and pictures."""
    figure = go.Figure(plot.figure)
    for one in plot.given:
        figure.data[one.trace][one.attr] = one.values
        if one.unless and is_recorded(one, recordings, step):
            figure.data[one.trace].visible = False
    for binding in plot.bindings:
        figure.data[binding.trace][binding.attr] = values(binding, recordings, step)
    _mark_lone_numbers(figure)
    figure.update_layout(showlegend=len(recordings) > 1, title_text=headline_text(plot.headline, recordings, step))
    return _without_empty_areas(figure, plot.headline.needs)


def is_recorded(given: Given, recordings: Recordings, step: int) -> bool:
    """Whether every recording has the given values in the column that they stand for, at a step."""
    if not recordings or not all(given.unless in recording.names for recording in recordings.values()):
        return False
    values = np.array(given.values, dtype=float)
    rows = [np.ravel(recording.at(given.unless, step)) for recording in recordings.values()]
    return all(_are_same(values, row) for row in rows)


def _are_same(one: Any, other: Any) -> bool:
    """Whether two rows hold the same finite numbers."""
    return one.shape == other.shape and bool(np.isfinite(other).all() and (np.abs(one - other) <= SAME).all())


def _mark_lone_numbers(figure: go.Figure) -> None:
    """A line of one number, as networks have before their first update, would not be seen: it is drawn as a mark, an open one
    where the line is not solid."""
    drawn = [trace for trace in figure.data if trace.type == "scatter" and trace.mode == "lines" and not trace.fill]
    for trace in drawn:
        if trace.line.width != 0 and len(_numbers(trace)) == 1:
            symbol = "circle" if trace.line.dash in (None, "solid") else "circle-open"
            trace.update(mode="markers", marker={"size": 8, "symbol": symbol, "color": trace.line.color})


def _without_empty_areas(figure: go.Figure, needs: str) -> go.Figure:
    """Axes that nothing is drawn on would be made up: they go, and where there are no others a sentence says what is needed."""
    areas = [(f"xaxis{(trace.xaxis or 'x')[1:]}", f"yaxis{(trace.yaxis or 'y')[1:]}") for trace in figure.data]
    found = [_numbers(trace) for trace in figure.data]
    shown = [
        any(figure.layout[area[1]].type != "log" or value > 0 for value in numbers)
        for area, numbers in zip(areas, found, strict=True)
    ]
    used = {axis for area, drawn in zip(areas, shown, strict=True) if drawn for axis in area}
    figure.update_layout({axis: {"visible": False} for area in areas for axis in area if axis not in used})
    if not any(shown):
        text = "<br>".join(wrap(ZEROS if any(found) else needs, NOTE_WIDTH))
        note = {"text": text, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
        figure.layout.annotations, figure.layout.shapes = [note], []
        figure.update_layout(coloraxis_showscale=False)
    return figure


def _numbers(trace: Any) -> list[float]:
    """What a trace draws, but for gaps."""
    rows = trace.z if trace.type in MAPS else [trace.y]
    return [value for row in rows if row is not None for value in row if value is not None] if rows is not None else []


def values(binding: Binding, recordings: Recordings, step: int) -> list[Any]:
    """What a binding puts into its trace with the cursor at a step: plain numbers, None where not finite."""
    recording = recordings.get(binding.variant)
    if recording is None or not len(recording):
        return []
    if binding.column == "layers":
        return list(recording.layers)
    if binding.column == "layer_numbers":
        return list(range(1, len(recording.layers) + 1))
    if binding.column == "steps":
        return [int(s) for s in recording.steps]
    if binding.column == "diverged":
        return _divergence(binding, recording)
    if not {binding.column, binding.plus, binding.minus} - {""} <= set(recording.names):
        return []
    return _OVER[binding.over](binding, recording, step)


def _divergence(binding: Binding, recording: Recording) -> list[Any]:
    if recording.diverged_at is None:
        return []
    if binding.attr == "x":
        return [int(recording.steps[-1])]
    return [0 if binding.minus == binding.column else recording.diverged_at]


def _over_steps(binding: Binding, recording: Recording, step: int) -> list[Any]:
    if binding.attr == "x":
        return [int(s) for s in recording.steps_of(binding.column)]
    column = recording.column(binding.column)
    for other, sign in ((binding.plus, 1), (binding.minus, -1)):
        if other:
            with np.errstate(invalid="ignore"):  # ∞ − ∞
                column = column + sign * recording.column(other)
    if binding.layer is not None:
        layer = _layer_index(binding.layer, column.shape[1])
        if layer is None:
            return []
        column = column[:, layer]
    return _plain(_transformed(column, binding.transform))


def _over_layers(binding: Binding, recording: Recording, step: int) -> list[Any]:
    return _plain(_transformed(recording.at(binding.column, step), binding.transform))


def _over_grid(binding: Binding, recording: Recording, step: int) -> list[Any]:
    return [_plain(row) for row in _transformed(recording.column(binding.column).T, binding.transform)]


def _over_ridges(binding: Binding, recording: Recording, step: int) -> list[Any]:
    counts = recording.at(binding.column, step).astype(float)  # (layers, bins)
    lows = _bound(binding.low, recording, step)
    highs = _bound(binding.high, recording, step)
    outline: list[Any] = []
    for layer, heights in enumerate(counts):
        width = (highs[layer] - lows[layer]) / len(heights)
        if binding.attr == "x":
            centres = [lows[layer] + width * (bin + 0.5) for bin in range(len(heights))]
            line = [lows[layer], *centres, highs[layer]]
        else:
            top = max(float(heights.max()), 1e-30)
            line = [layer + 1.0, *(layer + 1.0 + 0.9 * float(h) / top for h in heights), layer + 1.0]
        outline += [*_plain(np.array(line)), None]
    return outline


def _over_tiles(binding: Binding, recording: Recording, step: int) -> list[Any]:
    images = recording.at(binding.column, step).astype(float)  # (units, H, W)
    units, height, width = images.shape
    across = math.ceil(math.sqrt(units))
    mosaic = np.full((math.ceil(units / across) * (height + 1) - 1, across * (width + 1) - 1), np.nan)
    if binding.attr != "z":
        return list(range(mosaic.shape[1 if binding.attr == "x" else 0]))
    for unit, image in enumerate(images):
        top, left = unit // across * (height + 1), unit % across * (width + 1)
        mosaic[top : top + height, left : left + width] = image
    return [_plain(row) for row in mosaic]


def _over_rows(binding: Binding, recording: Recording, step: int) -> list[Any]:
    rows = _over_matrix(binding, recording, step)
    return [value for row in rows for value in (*row, None)][:-1]


def _over_matrix(binding: Binding, recording: Recording, step: int) -> list[Any]:
    return [_plain(_transformed(row, binding.transform)) for row in recording.at(binding.column, step)]


def _over_crosses(binding: Binding, recording: Recording, step: int) -> list[Any]:
    return [["" if value is None else "×" for value in row] for row in _over_matrix(binding, recording, step)]


def _over_counts(binding: Binding, recording: Recording, step: int) -> list[Any]:
    return [[f"{value:.0f}" if value else "" for value in row] for row in _over_matrix(binding, recording, step)]


def _over_names(binding: Binding, recording: Recording, step: int) -> list[Any]:
    return list(recording.places(binding.column))


_OVER = {
    "counts": _over_counts,
    "crosses": _over_crosses,
    "steps": _over_steps,
    "layers": _over_layers,
    "grid": _over_grid,
    "ridges": _over_ridges,
    "names": _over_names,
    "rows": _over_rows,
    "matrix": _over_matrix,
    "tiles": _over_tiles,
}


def _bound(bound: str | float, recording: Recording, step: int) -> Sequence[float]:
    if isinstance(bound, str):
        return [float(value) for value in recording.at(bound, step)]
    return [float(bound)] * len(recording.layers)


def _layer_index(layer: int, layers: int) -> int | None:
    index = layer if layer >= 0 else layers + layer
    return index if 0 <= index < layers else None


def _transformed(array: Any, transform: str) -> Any:
    numbers = np.asarray(array, dtype=float)
    if transform == "abs":
        return np.abs(numbers)
    if transform == "log10":
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(numbers != 0, np.log10(np.abs(numbers)), np.nan)
    if transform == "product":
        with np.errstate(over="ignore", invalid="ignore"):
            return np.cumprod(numbers[::-1])[::-1]
    if transform == "share":
        with np.errstate(all="ignore"):
            return numbers / numbers.sum()
    return numbers


def _plain(array: Any) -> list[Any]:
    return [float(value) if math.isfinite(value) else None for value in np.asarray(array, dtype=float)]


def quantity(wanted: Quantity, recordings: Recordings, step: int) -> float | None:
    """The number that a Quantity names with the cursor at a step, None where it is not there or not finite."""
    parts = _parts(wanted, recordings, step)
    if parts is None or 0 in parts[1:]:
        return None
    number = parts[0] / parts[1] if len(parts) > 1 else parts[0]
    return number if math.isfinite(number) else None


def _parts(wanted: Quantity, recordings: Recordings, step: int) -> list[float] | None:
    """The number, or the two of which it is the quotient; None where one is not there or not finite."""
    recording = recordings.get(wanted.variant)
    if recording is None or wanted.column not in recording.names:
        return None
    moments = {"cursor": step, "first": 0, "last": int(recording.steps[-1])}
    found = np.atleast_1d(recording.at(wanted.column, moments[wanted.at])).astype(float)
    top = _layer_index(wanted.layer or 0, len(found))
    bottom = None if wanted.per is None else _layer_index(wanted.per, len(found))
    if top is None or (wanted.per is not None and bottom is None):
        return None
    parts = [float(found[top])] if bottom is None else [float(found[top]), float(found[bottom])]
    return parts if np.isfinite(parts).all() else None  # a share of something infinite would read as nothing at all


_FORMS = {"number": number_text, "percent": percent_text, "times": times_text}


def headline_text(headline: Headline, recordings: Recordings, step: int) -> str:
    """The headline with its numbers, or what it is about while none is known."""
    found = {name: _words(wanted, recordings, step) for name, wanted in headline.quantities.items()}
    if found and not any(found.values()):
        return headline.subject
    return headline.text.format(**{name: words or "–" for name, words in found.items()})


def _words(wanted: Quantity, recordings: Recordings, step: int) -> str:
    """A number as the headline writes it, "" where it is not known; a share of nothing is told as what it is."""
    parts = _parts(wanted, recordings, step)
    if parts is None:
        return ""
    if 0 in parts[1:]:
        return f"{number_text(parts[0])} of 0"
    if wanted.names:
        return recordings[wanted.variant].places(wanted.names)[int(parts[0])]
    number = quantity(wanted, recordings, step)
    return "" if number is None else _FORMS[wanted.form](number)
