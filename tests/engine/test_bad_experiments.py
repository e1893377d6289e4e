"""Whatever is given as an experiment's JSON: an experiment that comes back the same, or one sentence. Never anything else.

And whatever experiment is trained: a recording, or one sentence.
"""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import PRESETS, SETTINGS, anything, cheap, chosen, names, nested, presets

from cnnviz import Experiment, ExperimentError, Recording, limits, replace, train_together
from cnnviz.engine import memory
from cnnviz.engine.fields import short
from cnnviz.engine.records import Ending


def sentence_of(refused: ExperimentError) -> str:
    """What an error says, which is one sentence."""
    sentence = str(refused)
    assert sentence.isprintable()
    assert sentence[-1] in ".?"
    return sentence


def taken(text: str | bytes) -> Experiment | str:
    """The experiment, which goes through JSON unchanged, or the sentence instead of it."""
    try:
        experiment = Experiment.from_json(text)
    except ExperimentError as refused:
        return sentence_of(refused)
    again = Experiment.from_json(experiment.to_json())
    assert (again, again.key()) == (experiment, experiment.key())
    assert len(list(experiment.cells())) <= limits.SWEEP_RUNS
    assert experiment.total_steps >= 0
    return experiment


@given(st.one_of(anything.map(json.dumps), st.text(), st.binary(), nested))
def test_any_text_is_an_experiment_or_a_sentence(text: str | bytes) -> None:
    taken(text)


@given(presets, st.dictionaries(names, anything, max_size=3))
def test_a_lessons_experiment_with_anything_put_in_is_an_experiment_or_a_sentence(
    experiment: Experiment, put_in: dict[str, Any]
) -> None:
    settings = {**json.loads(experiment.to_json()), **put_in}
    result = taken(json.dumps(settings))
    if isinstance(result, Experiment):
        assert put_in.keys() <= {*SETTINGS, "version"}


@given(presets, names, nested)
def test_nesting_of_any_depth_is_a_sentence(experiment: Experiment, name: str, value: str) -> None:
    settings = experiment.to_json()[:-1] + f",{json.dumps(name)}:{value}}}"
    assert isinstance(taken(settings), str) or value == "[]"  # no values to sweep over


@given(presets.map(lambda experiment: experiment.to_json()), st.data())
def test_a_lessons_experiment_with_letters_changed_is_an_experiment_or_a_sentence(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    taken(text[:start] + data.draw(st.text(max_size=5)) + text[end:])


@given(chosen(most=12))
def test_settings_that_are_allowed_one_by_one_are_an_experiment_or_a_sentence_together(settings: dict[str, Any]) -> None:
    result = taken(json.dumps(settings))
    if isinstance(result, Experiment):
        assert result == Experiment.of(**settings)
        assert {name: result.get(name) for name in result.settings()} == result.settings()
        assert 0 <= memory.estimate([result]).total < math.inf


@pytest.mark.parametrize("experiment", PRESETS, ids=lambda experiment: experiment.key())
def test_every_lessons_experiment_is_within_the_limits_and_comes_back_the_same(experiment: Experiment) -> None:
    assert taken(experiment.to_json()) == experiment
    assert len(experiment.to_json()) <= 362


def test_an_experiment_with_every_setting_changed_to_what_is_longest_still_fits() -> None:
    longest = [0.1234567890123456 + number for number in range(limits.NUMBERS)]
    everything = dict.fromkeys(SETTINGS, longest[-1])
    lists = {"sweep_values": longest, "sweep_across_values": longest, "heights": longest[:9], "batch": longest[:12]}
    assert len(json.dumps({**everything, **lists, "upstream": longest[:12]})) < limits.JSON_CHARACTERS


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"cls": 1}', "There is no setting 'cls'; there are activation, "),
        ('{"experiment": 1}', "There is no setting 'experiment'; there are activation, "),
        ('{"a\\nb": 1}', "There is no setting 'a\\nb'; there are activation, "),
        ('{"lr": 1' + "0" * 400 + "}", f"lr (=1{'0' * 38}…) must be a finite number."),
        ('{"depth": -1' + "0" * 400 + "}", f"depth (=-1{'0' * 37}…) must be a finite number."),
        ("[" * 5_000 + "]" * 5_000, "An experiment must be JSON of flat settings; this is nested too deeply."),
        (
            '{"sweep_over": "batch_size", "sweep_values": [1, 2], "sweep_examples": 1000000}',
            "sweep_over (=batch_size) leads to a run that can't be made: steps (=1e+06) must be between 0 and 200000 updates.",
        ),
        (
            '{"sweep_over": "lr", "sweep_values": [0.1, 0.2], "sweep_seeds": 3, "seed": 2147483647}',
            "sweep_over (=lr) leads to a run that can't be made: seed (=2.14748e+09) must be between 0 and 2.14748e+09.",
        ),
        (
            '{"sweep_over": "depth", "sweep_values": [2, 2.5, 3]}',
            "sweep_over (=depth) leads to a run that can't be made: depth (=2.5) must be a whole number.",
        ),
        (
            json.dumps({"sweep_over": "lr", "sweep_values": [number / 100 for number in range(1, 51)], "sweep_seeds": 20}),
            "A sweep of 50 sweep_values, 0 sweep_across_values and 20 sweep_seeds has 1,000 runs, at most 400 are made.",
        ),
    ],
)  # fmt: skip
def test_what_once_was_more_than_a_sentence(text: str, sentence: str) -> None:
    told = taken(text)
    assert isinstance(told, str)
    assert told.startswith(sentence)


def test_equal_experiments_have_one_key() -> None:
    assert Experiment.of(bias_init=-0.0, gamma=-0.0).key() == Experiment.of(gamma=0.0).key()


@pytest.mark.parametrize("depth", [1, 40, 5_000])
def test_a_value_is_short_however_deep_it_is(depth: int) -> None:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    assert len(short(value)) <= 40


def test_the_updates_of_a_sweep_are_those_of_all_its_runs() -> None:
    sweep = replace(Experiment.of(steps=30, batch_size=10), sweep_over="steps", sweep_values=[1, 10, 20], sweep_seeds=2)
    assert sweep.updates == 2 * (1 + 10 + 20) == sum(cell.steps for cell in sweep.cells())


# Trained


def trained(settings: dict[str, Any]) -> Recording | str:
    """What the experiment's training records, or the sentence instead of it, before anything is recorded."""
    recordings: dict[str, Recording] = {}
    endings: dict[str, Ending] = {}
    try:
        experiment = Experiment.of(**settings)
        for name, snapshot in train_together({"A": experiment}, None, recordings.__setitem__, endings.__setitem__):
            recordings[name].append(snapshot)
    except ExperimentError as refused:
        assert sum(map(len, recordings.values())) == 0
        return sentence_of(refused)
    assert endings["A"].state in ("done", "diverged")
    assert endings["A"].sentence.isprintable()
    return recordings["A"]


@given(cheap())
def test_any_experiment_that_is_trained_is_a_recording_or_a_sentence(settings: dict[str, Any]) -> None:
    recording = trained(settings)
    if isinstance(recording, Recording):
        vectors = [name for name in recording.names if recording.column(name).ndim == 2]
        named = recording.about.get("places", {})
        assert {name: len(named.get(name, recording.layers)) for name in vectors} == {
            name: recording.column(name).shape[1] for name in vectors
        }


SMALL = {
    "dataset": "digits", "train_examples": 60, "test_examples": 20, "depth": 3, "width": 4, "batch_size": 8, "steps": 2,
    "lr": 0.01,
}  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [
        {"activation": "maxout", "pretraining": "autoencoder", "pretraining_steps": 2},
        {"activation": "maxout", "pretraining": "greedy", "pretraining_steps": 2},
        {"activation": "maxout", "signal": True},
        {"activation": "maxout", "signal": True, "net": "cnn"},
        {"net": "ensemble", "members": 1, "signal": True, "units": True},
        {"net": "ensemble", "members": 3, "confidence": True},
        {"net": "maxout_difference", "dataset": "curve", "modes": True},
        {"dataset": "shapes", "test_examples": 129, "norm": "batch", "domains": True},
        {"init": "lsuv", "labels": 10, "batch_size": 40},
        {"pretraining": "transfer", "pretraining_steps": 2, "task_classes": 8, "batch_size": 60},
        {"teacher": True, "pretraining_steps": 2, "teacher_width": 4, "labels": 10, "batch_size": 60},
        {"net": "ensemble", "members": 2, "labels": 10, "batch_size": 60},
        {"task_classes": 2, "batch_size": 60, "modes": True, "norm": "batch"},
        {"validation": 10, "patience": 1, "lr": 100.0, "init_scale": 100.0, "depth": 30, "activation": "linear"},
    ],
    ids=repr,
)
def test_what_once_was_an_error_or_no_end_is_recorded(settings: dict[str, Any]) -> None:
    assert isinstance(trained(SMALL | settings), Recording)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"norm": "noisy_batch", "batch_size": 1},
            "batch_size (=1) must be at least 2 for norm (=noisy_batch) without maps: a single value is its own mean.",
        ),
        ({"dataset": "curve", "labels": 10}, "labels (=10) must be 0 for the data set curve: it has no classes."),
        ({"dataset": "curve", "task_classes": 2}, "task_classes (=2) must be 0 for the data set curve: it has no classes."),
        ({"dataset": "curve", "passes": 2}, "passes (=2) must be 0 for the data set curve: it has no classes."),
        ({"dataset": "curve", "confidence": True}, "confidence (=True) must be off for the data set curve: it has no classes."),
        (
            {"net": "ensemble", "teacher": True, "pretraining_steps": 2},
            "teacher (=True) must be off for net (=ensemble), whose members learn from examples of their own.",
        ),
        (
            {"calculation": "dropout", "activation": "maxout"},
            "activation (=maxout) must be another for calculation (=dropout), which draws one sum for each unit.",
        ),
    ],
)
def test_what_once_was_an_error_is_a_sentence(settings: dict[str, Any], sentence: str) -> None:
    assert trained(SMALL | settings) == sentence
