"""Calculations that an experiment may ask for instead of training, in float64: batch normalisation by hand beside autograd;
polynomials, whose columns `polynomials.calculated` tells; dropout, for which see `mask_by_mask`; and, in the precision that nets
have, `timing`.

Columns of batch normalisation, over the m examples: x, centred, squared, x_hat, y, upstream; the six gradients of
`by_hand.EQUATIONS`, and the same by autograd, auto_…; mean and variance. relative_error has one number an equation, as
`by_hand.Gradient.apart` defines it, computed before anything is rounded to float32. rescaled_y and rescaled_d_x are y and ∂ℓ/∂x
for the batch times RESCALED.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cnnviz.engine import by_hand, mask_by_mask, polynomials, timing
from cnnviz.engine.control import Control
from cnnviz.engine.experiment import Calculation, Experiment
from cnnviz.engine.records import Ending, Recording, Snapshot

SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"
RESCALED = 12.0  # months in a year
DEGREES = tuple(f"degree {degree}" for degree in range(polynomials.MOST + 1))

Columns = dict[str, NDArray[np.float32]]


def calculated_together(
    variants: Mapping[str, Experiment],
    control: Control,
    about: Mapping[str, Any],
    on_begin: Callable[[str, Recording], None] | None,
    on_end: Callable[[str, Ending], None] | None,
) -> Iterator[tuple[str, Snapshot]]:
    """Each variant's calculation, a snapshot of each in turn; the control is asked before each round of them."""
    kind = next(iter(variants.values())).calculation.calculation
    for name, experiment in variants.items():
        if on_begin:
            places = {column: list(names) for column, names in OTHER_PLACES.get(kind, {}).items()}
            more = {**ABOUT.get(kind, in_float64)(experiment), **({"places": places} if places else {})}
            on_begin(name, Recording(experiment, PLACES[kind](experiment), {**about, **more}))
    rounds = zip(*(CALCULATIONS[kind](experiment) for experiment in variants.values()), strict=True)
    step = 0
    while snapshots := _next(rounds, control):
        for name, snapshot in zip(variants, snapshots, strict=True):
            step = snapshot.step
            yield name, snapshot
    for name in variants:
        if on_end:
            on_end(name, Ending("done", DONE.get(kind, "Done: computed in float64.").format(step=step), step))


def _next(rounds: Iterator[tuple[Snapshot, ...]], control: Control) -> tuple[Snapshot, ...]:
    """The next snapshot of each variant; none where there are no more."""
    control.poll()
    return next(rounds, ())


def in_float64(experiment: Experiment) -> dict[str, str]:
    """What a recording of a calculation says of itself."""
    return {"dtype": "float64"}


def at_once(calculate: Callable[[Experiment], Columns]) -> Callable[[Experiment], Iterator[Snapshot]]:
    """A calculation whose result is one snapshot, at step 0."""
    return lambda experiment: iter([Snapshot(0, calculate(experiment))])


def batch_norm(experiment: Experiment) -> Columns:
    """The forward pass, the six equations by hand and by autograd, and how far apart they are."""
    given = experiment.calculation
    x = np.array(given.batch)
    upstream = by_hand.padded(given.upstream, len(x))
    passed = by_hand.forward(x, given.gamma, given.beta, given.epsilon)
    hand = by_hand.backward(x, upstream, given.gamma, given.epsilon)
    auto = by_autograd(x, upstream, given)
    rescaled = by_hand.backward(RESCALED * x, upstream, given.gamma, given.epsilon)["d_x"].value
    found = {
        "x": x, "centred": x - passed.mean, "squared": (x - passed.mean) ** 2, "x_hat": passed.x_hat, "y": passed.y,
        "mean": passed.mean, "variance": passed.variance, "upstream": upstream,
        **{name: gradient.value for name, gradient in hand.items()},
        **{f"auto_{name}": value for name, value in auto.items()},
        "relative_error": [gradient.apart(auto[name]) for name, gradient in hand.items()],
        "rescaled_y": by_hand.forward(RESCALED * x, given.gamma, given.beta, given.epsilon).y,
        "rescaled_d_x": rescaled,
    }  # fmt: skip
    return {name: np.asarray(value, np.float32) for name, value in found.items()}


def by_autograd(x: by_hand.Numbers, upstream: by_hand.Numbers, given: Calculation) -> dict[str, by_hand.Numbers]:
    """The same six gradients by torch's autograd, of ℓ = Σ upstream_i y_i, whose ∂ℓ/∂y_i is upstream_i."""
    inputs, gamma, beta = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (x, given.gamma, given.beta))
    mean = inputs.mean()
    variance = ((inputs - mean) ** 2).mean()
    x_hat = (inputs - mean) / torch.sqrt(variance + given.epsilon)
    loss = (torch.from_numpy(upstream) * (gamma * x_hat + beta)).sum()
    gradients = torch.autograd.grad(loss, [x_hat, variance, mean, inputs, gamma, beta])
    return {name: g.reshape(-1).numpy() for name, g in zip(by_hand.EQUATIONS, gradients, strict=True)}


def examples(experiment: Experiment) -> tuple[str, ...]:
    """The examples of a mini-batch by name."""
    return tuple(f"x{number}" for number in range(1, len(experiment.calculation.batch) + 1))


def polynomial(experiment: Experiment) -> Columns:
    """The fit, its errors, and its path over λ."""
    return {name: np.asarray(value, np.float32) for name, value in polynomials.calculated(experiment).items()}


def coefficients(experiment: Experiment) -> tuple[str, ...]:
    """The coefficients by name, all that the highest degree has."""
    return tuple(f"w{digit}" for digit in SUBSCRIPTS[: polynomials.MOST + 1])


CALCULATIONS: dict[str, Callable[[Experiment], Iterator[Snapshot]]] = {
    "batch_norm": at_once(batch_norm),
    "polynomial": at_once(polynomial),
    "dropout": mask_by_mask.drawn,
    "timing": timing.passes,
}
PLACES: dict[str, Callable[[Experiment], tuple[str, ...]]] = {
    "batch_norm": examples,
    "polynomial": coefficients,
    "dropout": mask_by_mask.layers,
    "timing": timing.layers,
}
OTHER_PLACES: dict[str, Mapping[str, Sequence[str]]] = {  # of columns that have another number for each of something else
    "batch_norm": {
        **{f"{kind}d_{name}": ("all examples",) for kind in ("", "auto_") for name in ("variance", "mean", "gamma", "beta")},
        "relative_error": by_hand.EQUATIONS,
    },
    "polynomial": dict.fromkeys(("degrees", "degree_train_rms", "degree_test_rms"), DEGREES),
    "dropout": mask_by_mask.PLACES,
}
ABOUT: dict[str, Callable[[Experiment], dict[str, str]]] = {"timing": timing.about}
DONE = {"timing": "Done: {step:,} passes timed."}
