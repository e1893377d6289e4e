"""Polynomials: the lecture's coefficients, ridge against its normal equations, lasso against its conditions and by descent."""

import numpy as np
import pytest

from cnnviz import Experiment, ExperimentError, record
from cnnviz.engine import polynomials, words
from cnnviz.engine.calculation import CALCULATIONS, PLACES
from cnnviz.engine.parts import LOWEST
from cnnviz.engine.polynomials import lasso, powers, ridge, training_points, violation
from cnnviz.lessons.polynomials import PRINTED, coefficient_table, coefficients

TEN = training_points(10, 0)
SETS = [(10, 0), (15, 2), (50, 0), (200, 1)]
every_set = pytest.mark.parametrize(("points", "seed"), SETS)


def test_every_calculation_has_columns_and_places():
    assert ("none", *CALCULATIONS) == ("none", *PLACES) == words.CALCULATIONS


@pytest.mark.parametrize("degree", PRINTED)
def test_the_lectures_coefficients_are_those_of_bishops_points(degree):
    """To a relative 1e-6, beyond the printed two decimals."""
    np.testing.assert_allclose(coefficients(degree), PRINTED[degree], rtol=1e-6, atol=0.0051)


@pytest.mark.parametrize("degree", [0, 1, 3])
def test_up_to_degree_3_they_are_equal_to_every_printed_decimal(degree):
    assert [round(w, 2) for w in coefficients(degree)] == list(PRINTED[degree])


def test_with_as_many_coefficients_as_points_they_solve_the_equations_exactly():
    x, t = TEN
    np.testing.assert_allclose(coefficients(9), np.linalg.solve(powers(x, 9), t), rtol=1e-8)


def test_the_table_shows_both_for_each_coefficient():
    table = coefficient_table()
    assert list(table) == ["coefficient", "M = 0", "M = 1", "M = 3", "M = 9"]
    assert table["M = 3"][:5] == ["0.31 (0.31)", "7.99 (7.99)", "-25.43 (-25.43)", "17.37 (17.37)", ""]
    assert all(len(column) == 10 for column in table.values())


@every_set
@pytest.mark.parametrize("degree", [0, 3, 5])
def test_ridge_solves_its_normal_equations(points, seed, degree):
    x, t = training_points(points, seed)
    phi, strengths = powers(x, degree), [1e-3, 0.1, 10.0]
    for w, strength in zip(ridge(x, t, degree, strengths), strengths, strict=True):
        expected = np.linalg.solve(phi.T @ phi + strength * np.eye(degree + 1), phi.T @ t)
        np.testing.assert_allclose(w, expected, rtol=1e-7, atol=1e-9)


def test_ridge_at_degree_9_is_least_squares_on_points_that_hold_the_weights_at_0():
    x, t = TEN
    for strength in (1e-15, 1e-8, 1e-3):
        held = np.concatenate([powers(x, 9), np.sqrt(strength) * np.eye(10)])
        expected = np.linalg.lstsq(held, np.concatenate([t, np.zeros(10)]), rcond=None)[0]
        np.testing.assert_allclose(ridge(x, t, 9, [strength])[0], expected, rtol=1e-5)


@every_set
@pytest.mark.parametrize("degree", [0, 1, 3, 6, 9])
def test_lasso_meets_its_optimality_conditions_at_every_strength(points, seed, degree):
    x, t = training_points(points, seed)
    path = lasso(x, t, degree)
    for strength in np.geomspace(LOWEST, 0.99 * path.limits[0], 60):
        assert violation(x, t, path.at([strength])[0], strength) < 1e-5 * strength


def test_the_conditions_are_broken_by_any_other_coefficients():
    x, t = TEN
    w = lasso(x, t, 3).at([0.1])[0]
    assert violation(x, t, w + 1e-3, 0.1) > 1e-4


def descended(x, t, degree, strength, sweeps):
    """Lasso by coordinate descent: each coefficient in turn where its own optimum is, the others kept. Friedman et al. 2007."""
    phi = powers(x, degree)
    w = np.zeros(degree + 1)
    for _sweep in range(sweeps):
        for j in range(degree + 1):
            pull = phi[:, j] @ (t - phi @ w + phi[:, j] * w[j])
            w[j] = np.sign(pull) * max(abs(pull) - strength, 0) / (phi[:, j] @ phi[:, j])
    return w


@pytest.mark.parametrize("strength", [0.03, 0.3, 1.0])
def test_lasso_ends_where_coordinate_descent_does(strength):
    w = lasso(*TEN, 3).at([strength])[0]
    found = descended(*TEN, 3, strength, sweeps=3_000)
    np.testing.assert_allclose(w, found, atol=1e-5)
    assert ((w == 0) == (np.abs(found) < 1e-9)).all()


def test_lasso_gives_more_zeros_as_the_penalty_grows_and_ridge_none():
    zeros = (lasso(*TEN, 9).at([1e-4, 1e-3, 1e-1, 1.0]) == 0).sum(1)
    assert (np.diff(zeros) >= 0).all()
    assert zeros[-1] > zeros[0]
    assert (ridge(*TEN, 9, [1e-4, 1e-1, 10.0]) != 0).all()


def calculated(**settings):
    return record(Experiment.of(calculation="polynomial", steps=0, snapshots=2, histograms=0, evaluations=0, **settings))


def test_a_recording_holds_the_fit_and_its_errors():
    recording = calculated(degree=3)
    assert recording.layers == tuple(f"w{digit}" for digit in "₀₁₂₃₄₅₆₇₈₉")
    w = recording.column("coefficients")[0]
    np.testing.assert_allclose(w[:4], coefficients(3), rtol=1e-6)
    assert np.isnan(w[4:]).all()
    x, t = polynomials.test_points(0)
    apart = np.polyval(coefficients(3)[::-1], x) - t
    assert recording.column("test_rms")[0] == pytest.approx(np.sqrt(np.mean(apart**2)), rel=1e-6)
    assert recording.column("degree_test_rms")[0, 3] == recording.column("test_rms")[0]
    curve = np.polyval(coefficients(3)[::-1], np.linspace(0, 1, polynomials.CURVE))
    np.testing.assert_allclose(recording.column("curve_fitted")[0, 0], curve, atol=1e-5)
    assert (np.diff(recording.column("degree_train_rms")[0]) <= 1e-9).all()


@pytest.mark.parametrize("shrinkage", words.SHRINKAGES)
def test_the_path_passes_through_the_coefficients_at_the_strength_that_is_set(shrinkage):
    strength = float(polynomials.STRENGTHS[30])
    recording = calculated(shrinkage=shrinkage, strength=strength, degree=6)
    path, w = recording.column("path")[0], recording.column("coefficients")[0]
    np.testing.assert_allclose(path[:7, 30], w[:7], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(recording.column("here")[0, :, 0], w)
    assert recording.column("zeros")[0] == (w == 0).sum()


def test_other_points_come_with_the_seed_but_ten_are_bishops():
    assert np.array_equal(training_points(10, 0)[1], training_points(10, 5)[1])
    assert not np.array_equal(training_points(11, 0)[1], training_points(11, 5)[1])
    x, t = training_points(100_000, 3)
    assert (t - polynomials.true_curve(x)).std() == pytest.approx(polynomials.NOISE, rel=0.02)


def test_a_lasso_that_rounding_would_decide_is_refused():
    with pytest.raises(ExperimentError, match=r"^strength \(=1e-09\) must be at least 1e-05 for lasso, or 0 for off\.$"):
        Experiment.of(shrinkage="lasso", strength=1e-9)
