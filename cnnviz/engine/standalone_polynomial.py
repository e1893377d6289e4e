"""What `export` cuts the script of fitted polynomials from; for the rules see `standalone`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnviz.engine.parts import LOWEST  # noqa: F401
from cnnviz.engine.polynomials import MOST, Numbers, fitted, rms, test_points, training_points

# %% Settings
SEED = 0  # of the noise


@dataclass(frozen=True)
class Fit:
    """A polynomial, and the penalty that it is fitted with: "ridge" or "lasso" times strength, λ; 0 is least squares."""

    degree: int
    shrinkage: str
    strength: float
    points: int


# %% Polynomials
def print_values(name: str, what: str, values: Numbers | float) -> None:
    """One line."""
    print(f"{name}  {what}  {'  '.join(f'{value:.10g}' for value in np.atleast_1d(values))}")


# %% What is compared
VARIANTS = {"A": Fit(degree=9, shrinkage="ridge", strength=0.0, points=10)}


def main() -> None:
    """Print each polynomial's coefficients w₀, w₁, …, its errors, and those of every degree with the same penalty."""
    test = test_points(SEED)
    for name, fit in VARIANTS.items():
        train = training_points(fit.points, SEED)
        every = [fitted(*train, degree, fit.shrinkage, fit.strength) for degree in range(MOST + 1)]
        w = every[fit.degree]
        print_values(name, "coefficients", w)
        print_values(name, "largest", np.abs(w).max())
        print_values(name, "zeros", (w == 0).sum())
        print_values(name, "train_rms", rms(*train, w))
        print_values(name, "test_rms", rms(*test, w))
        print_values(name, "degree_train_rms", np.array([rms(*train, each) for each in every]))
        print_values(name, "degree_test_rms", np.array([rms(*test, each) for each in every]))


# %% Run
if __name__ == "__main__":
    main()
