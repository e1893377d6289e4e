"""Code export of experiments that nobody thought of: what is written runs, and prints what the engine records."""

from typing import Any

import pytest
from exported import assert_same_figures, assert_same_losses, printed_figures, printed_losses, recorded_losses, run_script_here
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from strategies import allowed

from cnnviz import Experiment, ExperimentError, record_together, replace
from cnnviz.engine import export
from cnnviz.engine.experiment import rule

pytestmark = pytest.mark.usefixtures("one_thread")

FEW = settings.default.max_examples <= 100
TINY = Experiment.of(
    dataset="digits", train_examples=120, test_examples=40, depth=3, width=8, steps=4, batch_size=16, lr=0.05, groups=2,
    members=2, teacher_width=10, look_every=2, snapshots=2_000, histograms=2, evaluations=2, seed=3,
)  # fmt: skip
PARTS = (
    "data", "net", "dropout", "optimiser", "schedule", "clipping", "targets", "distillation", "pretraining", "penalty",
    "stopping", "augmentation",
)  # fmt: skip
SIZES = {  # of what would take long
    "train_examples": (60, 120), "test_examples": (10, 40), "depth": (2, 6), "width": (2, 12), "members": (1, 3),
    "pieces": (1, 4), "pretraining_steps": (0, 8), "labels": (10, 50), "teacher_width": (2, 12), "validation": (10, 40),
    "look_every": (1, 4), "patience": (0, 3), "power_steps": (1, 3), "groups": (1, 4),
}  # fmt: skip
NAMES = [name for part in PARTS for name in getattr(TINY, part).everything()]
MEASURED = ("training_set", "weights", "spectrum", "confidence", "confusion", "shifts")


def value_of(name: str) -> SearchStrategy[Any]:
    return st.integers(*SIZES[name]) if name in SIZES else allowed(rule(name))


def settings_of_a_run() -> SearchStrategy[dict[str, Any]]:
    """Some settings of a training run, each with a value that it may have, and what is measured; maybe impossible together."""
    each = st.sampled_from(NAMES).flatmap(lambda name: st.tuples(st.just(name), value_of(name)))
    measured = st.sets(st.sampled_from(MEASURED), max_size=2).map(lambda names: dict.fromkeys(names, True))
    return st.tuples(st.lists(each, max_size=9).map(dict), measured).map(lambda both: both[0] | both[1])


@settings(max_examples=15 if FEW else settings.default.max_examples)
@given(net=st.sampled_from(["mlp", "cnn", "rnn", "ensemble"]), chosen=st.lists(settings_of_a_run(), min_size=1, max_size=2))
def test_a_script_of_any_experiment_runs_and_prints_what_the_engine_records(net: str, chosen: list[dict[str, Any]]) -> None:
    try:
        variants = {name: replace(TINY, **{"net": net, **some}) for name, some in zip("AB", chosen, strict=False)}
        recordings = record_together(variants)
    except ExperimentError:
        return
    text = export.script(variants)
    with pytest.MonkeyPatch.context() as patch:
        output = run_script_here(text, patch)
    losses = {name: values for name, values in recorded_losses(recordings).items() if values}
    assert_same_losses(printed_losses(output), losses)
    done = {name: recording for name, recording in recordings.items() if recording.ending and recording.ending.state == "done"}
    assert_same_figures({name: figures for name, figures in printed_figures(output).items() if name in done}, done)


def test_a_pool_of_draws_that_no_net_has_leaves_no_trace() -> None:
    """A mlp pools nothing: its script once died of a NameError over it."""
    with pytest.MonkeyPatch.context() as patch:
        output = run_script_here(export.script({"A": replace(TINY, pooling="stochastic")}), patch)
        assert output == run_script_here(export.script({"A": TINY}), patch)
