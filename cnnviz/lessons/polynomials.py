"""What lesson 410 says of polynomials: the lecture's table computed again, and claims as functions of calculations."""

from __future__ import annotations

from collections.abc import Mapping

from cnnviz.engine import polynomials
from cnnviz.engine.records import Recording
from cnnviz.lessons import Measured
from cnnviz.plots.numbers import number_text, times_text

Recordings = Mapping[str, Recording]

PRINTED = {  # the lecture's table of coefficients, by degree
    0: (0.19,),
    1: (0.82, -1.27),
    3: (0.31, 7.99, -25.43, 17.37),
    9: (0.35, 232.37, -5321.83, 48568.31, -231639.30, 640042.26, -1061800.52, 1042400.18, -557682.99, 125201.43),
}
EXPLODED = 1e4  # times: what counts as exploded


def coefficients(degree: int) -> list[float]:
    """Of the polynomial of a degree through Bishop's ten points, without a penalty."""
    return [float(w) for w in polynomials.ridge(*polynomials.training_points(10, 0), degree, [0.0])[0]]


def coefficient_table() -> dict[str, list[str]]:
    """The lecture's table: each coefficient as computed here, and in brackets as printed there."""
    columns: dict[str, list[str]] = {"coefficient": [f"w{digit}*" for digit in "₀₁₂₃₄₅₆₇₈₉"]}
    for degree, printed in PRINTED.items():
        cells = [f"{w:,.2f} ({given:,.2f})" for w, given in zip(coefficients(degree), printed, strict=True)]
        columns[f"M = {degree}"] = [*cells, *[""] * (polynomials.MOST + 1 - len(cells))]
    return columns


def coefficients_explode(recordings: Recordings) -> Measured | None:
    """The largest |w| of degree 9 and of degree 3, both without a penalty."""
    large, small = (_polynomial(recordings, degree=degree, strength=0.0, points=10) for degree in (9, 3))
    if large is None or small is None:
        return None
    first, second = (float(recording.column("largest")[-1]) for recording in (large, small))
    sentence = (
        f"The largest coefficient is {number_text(first)} with degree 9 and {number_text(second)} with degree 3: "
        f"{times_text(first / second)} as large."
    )
    return Measured(first > EXPLODED * second, sentence)


def exact_on_ten_and_lost_between(recordings: Recordings) -> Measured | None:
    """Error of degree 9 on its own ten points and on new ones."""
    found = _polynomial(recordings, degree=9, strength=0.0, points=10)
    if found is None:
        return None
    own, new = (float(found.column(column)[-1]) for column in ("train_rms", "test_rms"))
    sentence = (
        f"Its typical error is {number_text(own)} on its own points and {number_text(new)} on new ones, whose noise is 0.3."
    )
    return Measured(own < 1e-3 and new > 3 * polynomials.NOISE, sentence)


def a_penalty_shrinks_them(recordings: Recordings) -> Measured | None:
    """The largest |w| and the error on new points without a penalty and with ridge's, degree 9 both."""
    free = _polynomial(recordings, degree=9, strength=0.0, points=10)
    held = next((r for r in _polynomials(recordings, degree=9, shrinkage="ridge") if r.experiment.polynomial.strength), None)
    if free is None or held is None:
        return None
    sizes, errors = ([float(r.column(c)[-1]) for r in (free, held)] for c in ("largest", "test_rms"))
    sentence = (
        f"With λ = {number_text(held.experiment.polynomial.strength)} the largest coefficient is {number_text(sizes[1])} instead "
        f"of {number_text(sizes[0])}, and the error on new points {number_text(errors[1])} instead of {number_text(errors[0])}."
    )
    return Measured(sizes[1] < sizes[0] / 1_000 and errors[1] < errors[0] / 2, sentence)


def lasso_gives_exact_zeros(recordings: Recordings) -> Measured | None:
    """How many coefficients are exactly 0, with ridge and with lasso at the same λ."""
    pair = [
        next((r for r in _polynomials(recordings, shrinkage=kind) if r.experiment.polynomial.strength), None)
        for kind in ("ridge", "lasso")
    ]
    if pair[0] is None or pair[1] is None:
        return None
    none, some = (int(recording.column("zeros")[-1]) for recording in pair if recording is not None)
    many = pair[1].experiment.polynomial.degree + 1
    sentence = f"Of {many} coefficients, {none} are exactly 0 with ridge and {some} with lasso."
    return Measured(none == 0 and some >= 2, sentence)


def more_points_are_a_cure(recordings: Recordings) -> Measured | None:
    """Error of degree 9 on new points, fitted to ten and to many more."""
    few = _polynomial(recordings, degree=9, strength=0.0, points=10)
    many = next((r for r in _polynomials(recordings, degree=9, strength=0.0) if r.experiment.polynomial.points >= 100), None)
    if few is None or many is None:
        return None
    first, second = (float(recording.column("test_rms")[-1]) for recording in (few, many))
    sentence = (
        f"On new points degree 9 errs by {number_text(first)} when it was fitted to 10 points, and by {number_text(second)} "
        f"after {many.experiment.polynomial.points}."
    )
    return Measured(second < 1.4 * polynomials.NOISE < first / 2, sentence)


def _polynomials(recordings: Recordings, **wanted: object) -> list[Recording]:
    """The finished calculations whose settings are these."""
    found = [r for r in recordings.values() if len(r) and r.experiment.calculation.calculation == "polynomial"]
    return [r for r in found if all(r.experiment.get(name) == value for name, value in wanted.items())]


def _polynomial(recordings: Recordings, **wanted: object) -> Recording | None:
    return next(iter(_polynomials(recordings, **wanted)), None)
