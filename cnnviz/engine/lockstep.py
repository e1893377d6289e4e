"""Lockstep: what variants that train together must have in common."""

from __future__ import annotations

from collections.abc import Mapping

from cnnviz.engine.experiment import Experiment, ExperimentError

SHARED = (
    "steps", "batch_size", "seed", "dataset", "train_examples", "test_examples", "curve", "heights",
    "pretraining_steps", "labels", "task_classes", "sweep_over", "sweep_values", "sweep_seeds", "sweep_across",
    "sweep_across_values", "sweep_examples", "surface", "surface_slice", "surface_points", "surface_reach", "surface_examples",
    "surface_statistics", "surface_seed", "calculation", "validation",
)  # fmt: skip


def check_lockstep(variants: Mapping[str, Experiment]) -> Experiment:
    """The first variant. Raises ExperimentError where there is none, or where another differs in a shared setting."""
    if not variants:
        raise ExperimentError("There is nothing to train: give one variant at least.")
    (name, first), *others = variants.items()
    for other, experiment in others:
        for setting in SHARED:
            ours, theirs = first.get(setting), experiment.get(setting)
            if ours != theirs:
                raise ExperimentError(
                    f"{setting} must be the same in variants that train together: it is {ours} in {name} and {theirs} in {other}."
                )
    if first.is_sweep and first.surface.surface:
        raise ExperimentError("surface (=True) must be off in a sweep: a loss surface lies around a single trained net.")
    patient = next((experiment for experiment in variants.values() if experiment.stopping.patience), None)
    if first.is_sweep and patient:
        raise ExperimentError(
            f"patience (={patient.stopping.patience}) must be 0 in a sweep, whose runs are compared at their last step."
        )
    return first
