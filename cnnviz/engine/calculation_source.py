"""Calculations as source: batch normalisation by hand, polynomials, dropout mask by mask. Torch-free."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cnnviz.engine.bundle import PACKAGE, bundled
from cnnviz.engine.compatible import check
from cnnviz.engine.experiment import Experiment, ExperimentError
from cnnviz.engine.variant_source import Variants

CELLS = {
    "cnnviz.engine.by_hand": "Gradients by hand, and by autograd",
    "cnnviz.engine.parts": "Polynomials",
    "cnnviz.engine.polynomials": "Polynomials",
}
WITHOUT_DATA = ("batch_norm", "polynomial")
TEMPLATES = {kind: f"standalone_{kind}.py" for kind in WITHOUT_DATA}


def kind(variants: Variants) -> str:
    """What is calculated."""
    return next(iter(variants.values())).calculation.calculation


def check_exportable(variants: Variants) -> None:
    """Raises ExperimentError for a calculation that can't be made, or has no script."""
    if kind(variants) == "timing":
        name = next(iter(variants.values())).timing.network
        raise ExperimentError(f"A timing has no script of its own: take that of the network, python -m cnnviz code {name}.")
    if kind(variants) != "dropout":
        return
    for experiment in variants.values():
        check(experiment)
        if experiment.net.net != "mlp":
            raise ExperimentError(f"net (={experiment.net.net}) must be mlp for calculation (=dropout), which draws its units.")


def code(variants: Variants) -> str:
    """The script below its docstring, in cells, of a calculation that needs no data."""
    template = (PACKAGE / "engine" / TEMPLATES[kind(variants)]).read_text(encoding="utf-8")
    first = next(iter(variants.values()))
    calls = {name: CALLS[kind(variants)](experiment) for name, experiment in variants.items()}
    return bundled(template, (), {"SEED": str(first.seed), "VARIANTS": _dict_text(calls)}, CELLS)


def _dict_text(calls: Mapping[str, Sequence[str]]) -> str:
    """The source of a dict: of each variant, a call with an argument a line."""
    lines = ["{"]
    for name, (called, *arguments) in calls.items():
        lines += [f'    "{name}": {called}(', *(f"        {argument}," for argument in arguments), "    ),"]
    return "\n".join([*lines, "}"])


def _batch(experiment: Experiment) -> list[str]:
    settings = experiment.calculation
    count = len(settings.batch)
    upstream = [*settings.upstream, *[0.0] * count][:count]
    return [
        "Batch",
        f"x=np.array({list(settings.batch)})",
        f"upstream=np.array({upstream})",
        *(f"{name}={experiment.get(name)!r}" for name in ("gamma", "beta", "epsilon")),
    ]


def _fit(experiment: Experiment) -> list[str]:
    settings = experiment.polynomial
    numbers = (f"{name}={experiment.get(name)!r}" for name in ("strength", "points"))
    return ["Fit", f"degree={settings.degree}", f'shrinkage="{settings.shrinkage}"', *numbers]


CALLS: dict[str, Callable[[Experiment], list[str]]] = {"batch_norm": _batch, "polynomial": _fit}


def opening(variants: Variants) -> str:
    """What the script is, in two sentences a line apart."""
    first = next(iter(variants.values()))
    nets = "a net" if len(variants) == 1 else f"{len(variants)} nets"
    masks = f"{max(first.steps, 1):,} masks"
    return {
        "batch_norm": "Batch normalisation of one feature: forward pass, and the six equations of the backward pass.\n"
        "It prints each equation's result by hand and by autograd, and how far apart they are, in float64.",
        "polynomial": "Polynomials fitted to points of a noisy sine, by least squares, ridge or lasso, in NumPy.\n"
        "It prints the polynomials' coefficients, and their errors on the points and on new ones, in float64.",
        "dropout": f"Dropout mask by mask: a batch of {first.get('dataset')} through {nets}, as drawn, with {masks}.\n"
        "It prints how far the mean over the masks is from what a test gives, layer by layer, and what sampling explains.",
    }[kind(variants)]
