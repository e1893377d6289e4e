"""Polynomials fitted to a noisy sine, with ridge or lasso: Bishop 2006, section 1.1, whose ten points are here. In float64.

Both penalties count every coefficient, w₀ among them: ½ Σ (y(xₙ) − tₙ)² + ½ λ Σ w² for ridge, + λ Σ |w| for lasso.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnviz.engine.experiment import Experiment
from cnnviz.engine.parts import LOWEST

Numbers = NDArray[np.float64]

MOST = 9  # the highest degree
NOISE = 0.3  # standard deviation, as Bishop has it
TESTED = 100  # points of the test set
BISHOP = (0.349486, 0.830839, 1.007332, 0.971507, 0.133066, 0.166823, -0.848307, -0.445686, -0.563567, 0.261502)
MOST_CORNERS = 200


def true_curve(x: Numbers) -> Numbers:
    """sin(2πx)."""
    return np.sin(2 * np.pi * x)


def training_points(count: int, seed: int) -> tuple[Numbers, Numbers]:
    """x and t, (N,) each, x evenly from 0 to 1: Bishop's own for ten, else the sine with fresh noise."""
    if count == len(BISHOP):
        return np.linspace(0, 1, count), np.array(BISHOP)
    x = np.linspace(0, 1, count)
    return x, true_curve(x) + NOISE * np.random.default_rng([seed, 0]).standard_normal(count)


def test_points(seed: int) -> tuple[Numbers, Numbers]:
    """x and t of 100 new points with the same noise: x drawn evenly from 0 … 1."""
    drawn = np.random.default_rng([seed, 1])
    x = np.sort(drawn.random(TESTED))
    return x, true_curve(x) + NOISE * drawn.standard_normal(TESTED)


def powers(x: Numbers, degree: int) -> Numbers:
    """1, x, x², …: (N,) to (N, degree + 1)."""
    return x[:, None] ** np.arange(degree + 1)


def ridge(x: Numbers, t: Numbers, degree: int, strengths: Sequence[float] | Numbers) -> Numbers:
    """The coefficients for each λ, in closed form: (λ's, degree + 1). λ = 0 is least squares.

    (λI + ΦᵀΦ)⁻¹ Φᵀt by Φ's singular values, whose squares ΦᵀΦ would lose to rounding.
    """
    left, sizes, right = np.linalg.svd(powers(x, degree), full_matrices=False)
    factors = sizes / (sizes**2 + np.asarray(strengths)[:, None])
    return (factors * (left.T @ t)) @ right


@dataclass(frozen=True)
class Path:
    """Lasso's coefficients for every λ from `limits[0]`, above which all are 0, down to `limits[-1]`: straight between these.

    limits: falling, (corners,). coefficients: (corners, degree + 1).
    """

    limits: Numbers
    coefficients: Numbers

    def at(self, strengths: Sequence[float] | Numbers) -> Numbers:
        """(λ's, degree + 1), exactly 0 where both corners around are."""
        rising = self.limits[::-1]
        return np.stack([np.interp(strengths, rising, column[::-1]) for column in self.coefficients.T], axis=1)


def lasso(x: Numbers, t: Numbers, degree: int, lowest: float = LOWEST) -> Path:
    """Followed from corner to corner: as λ falls, the coefficients that are not 0 keep |φ_jᵀ(t − Φw)| = λ, until another one
    reaches λ and joins them, or one of them reaches 0 and leaves. Efron et al. 2004, section 3.1.
    """
    phi = powers(x, degree)
    pull = phi.T @ t
    first = int(np.abs(pull).argmax())
    limit, signs = float(np.abs(pull[first])), np.zeros(degree + 1)
    signs[first] = np.sign(pull[first])
    corners, found, done = [limit], [np.zeros(degree + 1)], Event(limit, first, 0.0)
    while limit > lowest and len(corners) < MOST_CORNERS:
        fitted, slope = _line(phi, t, signs)
        event = _next_event(phi, t, signs, fitted, slope, Event(limit, done.place, done.sign), lowest)
        limit, w = event.limit, fitted - event.limit * slope
        if event.place >= 0:
            w[event.place] = 0.0  # it has just come there, or is about to leave it
            done = Event(limit, event.place, 0.0 if event.sign else signs[event.place])
            signs[event.place] = event.sign
        corners.append(limit)
        found.append(w)
    return Path(np.array(corners), np.array(found))


class Event(NamedTuple):
    """At this λ the coefficient at `place` joins those in use with `sign`, or leaves them: 0."""

    limit: float
    place: int
    sign: float


def _line(phi: Numbers, t: Numbers, signs: Numbers) -> tuple[Numbers, Numbers]:
    """The coefficients in use as a straight line of λ, its start at 0 and its slope; by singular values, as for ridge."""
    used = np.flatnonzero(signs)
    left, sizes, right = np.linalg.svd(phi[:, used], full_matrices=False)
    fitted, slope = np.zeros(len(signs)), np.zeros(len(signs))
    fitted[used] = ((left.T @ t) / sizes) @ right
    slope[used] = ((right @ signs[used]) / sizes**2) @ right
    return fitted, slope


def _next_event(phi: Numbers, t: Numbers, signs: Numbers, fitted: Numbers, slope: Numbers, undone: Event, lowest: float) -> Event:
    """The first event below the λ of `undone`, place −1 at `lowest` where there is none before. undone: what would take back the
    event before. It happens where that one did, and straight lines meet but once."""
    start, change = phi.T @ (t - phi @ fitted), phi.T @ (phi @ slope)  # the pull on each coefficient is start + λ change
    leaving = [Event(fitted[j] / slope[j], int(j), 0.0) for j in np.flatnonzero(signs) if slope[j]]
    joining = [
        Event(start[j] / (sign - change[j]), int(j), sign)
        for j in np.flatnonzero(signs == 0)
        for sign in (1.0, -1.0)
        if sign != change[j]
    ]
    possible = [event for event in leaving + joining if lowest < event.limit < undone.limit and event[1:] != undone[1:]]
    return max(possible, default=Event(lowest, -1, 0.0))


def violation(x: Numbers, t: Numbers, w: Numbers, limit: float) -> float:
    """How far coefficients are from lasso's optimum at a λ: the largest excess over its conditions, |g_j| ≤ λ, and
    g_j = λ sign(w_j) where w_j is not 0, with g = Φᵀ(t − Φw)."""
    phi = powers(x, len(w) - 1)
    gradient = phi.T @ (t - phi @ w)
    return float(np.where(w != 0, np.abs(gradient - limit * np.sign(w)), np.abs(gradient) - limit).max())


def rms(x: Numbers, t: Numbers, w: Numbers) -> float:
    """√(mean (y − t)²) of the polynomial with coefficients w."""
    return float(np.sqrt(np.mean((powers(x, len(w) - 1) @ w - t) ** 2)))


CURVE = 201  # points of the drawn curve
STRENGTHS = np.geomspace(LOWEST, 10.0, 91)  # λ's of the drawn paths


def fitted(x: Numbers, t: Numbers, degree: int, shrinkage: str, strength: float) -> Numbers:
    """The coefficients for one λ: (degree + 1,)."""
    if shrinkage == "lasso" and strength:
        return lasso(x, t, degree).at([strength])[0]
    return ridge(x, t, degree, [strength])[0]


def path(x: Numbers, t: Numbers, degree: int, shrinkage: str) -> Numbers:
    """The coefficients over STRENGTHS: (degree + 1, λ's)."""
    return (lasso(x, t, degree).at(STRENGTHS) if shrinkage == "lasso" else ridge(x, t, degree, STRENGTHS)).T


def filled(rows: Numbers) -> Numbers:
    """A row for each of w₀ … w₉, NaN where the degree has none."""
    return np.concatenate([rows, np.full((MOST + 1 - len(rows), *rows.shape[1:]), np.nan)])


def calculated(experiment: Experiment) -> dict[str, Numbers]:
    """The columns of a recording.

    Over w₀ … w₉, NaN above the degree: coefficients; over the degrees 0 … 9, with the same λ: degrees, degree_train_rms,
    degree_test_rms. Lines (1, points): curve_x, curve_true, curve_fitted; points_x, points_t. Rows for w₀ … w₉: path_strength and
    path, (10, λ's); here_strength and here, (10, 1), the path's point at the λ that is set. Scalars: train_rms, test_rms,
    largest (|w|), zeros (coefficients that are exactly 0).
    """
    given = experiment.polynomial
    train, test = training_points(given.points, experiment.seed), test_points(experiment.seed)
    every = [fitted(*train, degree, given.shrinkage, given.strength) for degree in range(MOST + 1)]
    w = every[given.degree]
    rms_of = [[rms(*points, each) for each in every] for points in (train, test)]
    x = np.linspace(0, 1, CURVE)
    return {
        "coefficients": filled(w), "largest": np.abs(w).max(), "zeros": (w == 0).sum(),
        "degrees": np.arange(MOST + 1), "degree_train_rms": np.array(rms_of[0]), "degree_test_rms": np.array(rms_of[1]),
        "train_rms": np.array(rms_of[0][given.degree]), "test_rms": np.array(rms_of[1][given.degree]),
        "curve_x": x[None], "curve_true": true_curve(x)[None], "curve_fitted": (powers(x, given.degree) @ w)[None],
        "points_x": train[0][None], "points_t": train[1][None],
        "path_strength": np.tile(STRENGTHS, (MOST + 1, 1)), "path": filled(path(*train, given.degree, given.shrinkage)),
        "here_strength": np.full((MOST + 1, 1), given.strength or np.nan), "here": filled(w[:, None]),
    }  # fmt: skip
