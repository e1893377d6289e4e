"""What exported scripts print beside losses: each figure that findings read is the recording's; sweeps and calculations, too."""

from collections.abc import Mapping
from typing import Any

import pytest
from exported import (
    assert_same_ends,
    assert_same_figures,
    assert_same_losses,
    printed_figures,
    printed_losses,
    recorded_losses,
    run_notebook,
    run_script_here,
)
from hypothesis import settings

from cnnviz import Experiment, ExperimentError, record_together, replace
from cnnviz.engine import export
from cnnviz.lessons import all_lessons

pytestmark = pytest.mark.usefixtures("one_thread")

PRESETS = {
    f"{lesson.slug}/{name}": preset.variants for lesson in all_lessons().values() for name, preset in lesson.presets.items()
}
EVERY_KIND = (
    "vanishing_gradients/sigmoid", "pretraining/modern", "batch_normalisation/map", "batch_normalisation/ages",
    "norm_family/batch_size", "norm_family/spectral", "overfitting/stopping", "overfitting/mixture", "overfitting/ridge",
    "overfitting/lasso", "dropout/masks", "dropout/sweep", "label_smoothing/sure", "label_smoothing/against_epsilon",
    "label_smoothing/teachers",
)  # fmt: skip
TRIED = EVERY_KIND if settings.default.max_examples <= 100 else tuple(PRESETS)
DIGITS = Experiment.of(
    dataset="digits", train_examples=100, test_examples=40, depth=3, width=8, steps=4, batch_size=16, lr=0.05, snapshots=100,
    histograms=2, evaluations=2,
)  # fmt: skip


def shortened(experiment: Experiment) -> Experiment:
    """The same for a few steps; of a sweep, the first values and seeds."""
    fewer: dict[str, Any] = {"steps": 4}
    if experiment.get("pretraining_steps"):
        fewer["pretraining_steps"] = 6
    sweep = experiment.sweep
    if experiment.is_sweep:
        fewer |= {"sweep_values": sweep.sweep_values[:2], "sweep_seeds": 2}
        fewer |= {"sweep_across_values": sweep.sweep_across_values[:2]} if experiment.is_map else {}
        fewer |= {"sweep_examples": 100} if sweep.sweep_examples else {}
    elif experiment.calculation.calculation == "none":
        fewer["evaluations"] = 2
    return replace(experiment, **fewer)


@pytest.mark.parametrize("path", TRIED)
def test_the_script_of_a_preset_prints_what_is_recorded(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variants = {name: shortened(experiment) for name, experiment in PRESETS[path].items()}
    output = run_script_here(export.script(variants), monkeypatch)
    first = next(iter(variants.values()))
    if first.is_sweep:
        assert_same_ends(output, variants)
        return
    recordings = record_together(variants)
    if first.calculation.calculation == "none":
        assert_same_losses(printed_losses(output), recorded_losses(recordings))
    assert assert_same_figures(printed_figures(output), recordings) >= 3 * len(variants)


@pytest.mark.parametrize(
    ("settings", "figures"),
    [
        ({}, {"loss", "accuracy", "test_loss", "test_accuracy", "grad_norm", "first_grad_norm"}),
        ({"training_set": True}, {"train_loss", "train_accuracy", "loss_gap", "accuracy_gap"}),
        ({"confidence": True}, {"margin", "confidence", "ece"}),
        ({"confusion": True}, {"confusion", "confused_most"}),
        ({"weights": True, "l1": 0.01}, {"zero_share", "largest_unit"}),
        ({"spectrum": True, "norm": "weight"}, {"top_singular"}),
        ({"net": "cnn", "shifts": True}, {"shift_accuracy", "shift_consistency"}),
        ({"dataset": "shapes", "net": "cnn", "norm": "batch", "domains": True}, {"domain_accuracy", "domain_adapted"}),
        ({"net": "ensemble", "members": 2}, {"member_loss", "member_accuracy"}),
        ({"validation": 20, "patience": 2, "look_every": 1}, {"validation_loss", "best_step", "best_loss"}),
        ({"teacher": True, "pretraining_steps": 4, "teacher_width": 9}, {"teacher_accuracy"}),
        ({"dataset": "curve"}, {"test_loss", "test_largest_error"}),
    ],
)
def test_a_script_prints_the_figures_of_what_is_measured(
    settings: Mapping[str, Any], figures: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    variants = {"A": replace(DIGITS, **settings)}
    printed = printed_figures(run_notebook(export.notebook(variants), monkeypatch))
    assert figures <= printed["A"].keys()
    assert assert_same_figures(printed, record_together(variants)) == len(printed["A"])


@pytest.mark.parametrize(
    ("over", "values"),
    [("lr", (0.01, 0.1)), ("momentum", (0.0, 0.9)), ("depth", (2, 4)), ("train_examples", (40, 90)), ("keep", (0.5, 1.0)),
     ("steps", (1, 3)), ("weight_decay", (0.001, 0.1)), ("smoothing", (0.1, 0.2))],
)  # fmt: skip
def test_a_sweeps_script_ends_each_run_with_its_recorded_figure(
    over: str, values: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = replace(DIGITS, sweep_over=over, sweep_values=values, sweep_seeds=2, sweep_measure="test_loss", optimiser="nesterov")
    variants = {"A": replace(base, dropout="drop_connect"), "B": replace(base, dropout="plain", norm="spectral")}
    assert_same_ends(run_script_here(export.script(variants), monkeypatch), variants)


def test_a_sweeps_script_prints_each_values_mean_over_the_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    variants = {"A": replace(DIGITS, sweep_over="labels", sweep_values=(10, 30), sweep_seeds=2, sweep_measure="test_loss")}
    lines = run_script_here(export.script(variants), monkeypatch).splitlines()
    assert len(lines) == 4 + 2
    means = record_together(variants)["A"].column("sweep_mean")[-1]
    for line, labels, mean in zip(lines[4:], (10, 30), means, strict=True):
        words = line.split()
        assert words[:4] == ["A", "labels", str(labels), "mean"]
        assert float(words[4]) == pytest.approx(float(mean), rel=1e-4)
        assert line.endswith("(2 of 2 runs)")


def test_a_sweep_with_two_measures_is_refused_in_a_sentence() -> None:
    base = replace(DIGITS, sweep_over="lr", sweep_values=(0.1, 0.2))
    with pytest.raises(ExperimentError, match=r"^sweep_measure must be the same in all variants of a script: it is loss in B.$"):
        export.script({"A": base, "B": replace(base, sweep_measure="loss")})


def test_a_timing_is_refused_in_a_sentence_that_names_the_way_out() -> None:
    with pytest.raises(ExperimentError, match=r"take that of the network, python -m cnnviz code resnet18\.$"):
        export.script({"A": Experiment.of(calculation="timing", network="resnet18")})
