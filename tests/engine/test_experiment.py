"""Experiment: checks itself, says what is wrong in a sentence, and goes through JSON with a key that stays."""

import dataclasses
import json

import pytest

from cnnviz import Experiment, ExperimentError, replace
from cnnviz.engine.experiment import owner, rule
from cnnviz.engine.words import ACTIVATIONS, INITS, NETS, NORMS

BUSY = Experiment.of(
    net="cnn", depth=20, width=16, skip=True, norm="batch", lr=0.3, clip_norm=1, schedule="cosine", steps=50, seed=9
)


def refusal(**settings):
    with pytest.raises(ExperimentError) as refused:
        Experiment.of(**settings)
    return str(refused.value)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"depth": 1}, "depth (=1) must be between 2 and 100 layers."),
        ({"depth": 101}, "depth (=101) must be between 2 and 100 layers."),
        ({"depth": 2.5}, "depth (=2.5) must be a whole number."),
        ({"depth": "8"}, "depth (='8') must be a finite number."),
        ({"depth": True}, "depth (=True) must be a finite number."),
        ({"lr": float("nan")}, "lr (=nan) must be a finite number."),
        ({"lr": float("inf")}, "lr (=inf) must be a finite number."),
        ({"lr": 0}, "lr (=0) must be between 1e-06 and 100."),
        ({"skip": 1}, "skip (=1) must be true or false."),
        ({"clip_norm": -1.0}, "clip_norm (=-1) must be between 1e-06 and 1e+06 L2, all layers together, or 0 for off."),
        ({"net": ["mlp"]}, f"net (=['mlp']) must be one of {', '.join(NETS)}. Did you mean 'mlp'?"),
        ({"norm": "groups"}, f"norm (='groups') must be one of {', '.join(NORMS)}. Did you mean 'group'?"),
        ({"activation": ["relu"]}, f"activation (=['relu']) must be one of {', '.join(ACTIVATIONS)}. Did you mean 'relu'?"),
        ({"init": "glorotuniform"}, f"init (='glorotuniform') must be one of {', '.join(INITS)}. Did you mean 'glorot_uniform'?"),
    ],
)  # fmt: skip
def test_a_bad_setting_is_named_with_its_value_and_its_rule(settings, sentence):
    assert refusal(**settings) == sentence


def test_an_unknown_setting_lists_those_there_are():
    assert refusal(colour="red").startswith("There is no setting 'colour'; there are activation, batch, batch_size, beta, ")


def test_a_part_is_not_a_setting():
    assert refusal(net={"depth": 3}).startswith("net (={'depth': 3}) must be one of mlp, cnn")
    with pytest.raises(ExperimentError, match="There is no setting 'optimisers'"):
        rule("optimisers")


def test_a_value_is_kept_in_its_fields_own_type():
    experiment = Experiment.of(lr=1, depth=10.0)
    assert (type(experiment.optimiser.lr), type(experiment.net.depth)) == (float, int)


def test_replace_changes_one_setting_wherever_it_lives():
    assert replace(BUSY, depth=3) == dataclasses.replace(BUSY, net=dataclasses.replace(BUSY.net, depth=3))
    assert replace(BUSY, steps=3) == dataclasses.replace(BUSY, steps=3)


def test_settings_are_those_that_differ_from_the_defaults():
    assert Experiment().settings() == {}
    assert BUSY.settings() == {
        "net": "cnn", "depth": 20, "width": 16, "skip": True, "norm": "batch", "lr": 0.3, "clip_norm": 1.0,
        "schedule": "cosine", "steps": 50, "seed": 9,
    }  # fmt: skip


def test_every_setting_can_be_got_and_says_its_words():
    for name in Experiment.of(**BUSY.settings()).settings():
        assert BUSY.get(name) == BUSY.settings()[name]
        assert rule(name).label
    assert (owner("lr"), owner("steps")) == ("optimiser", "")


@pytest.mark.parametrize("experiment", [Experiment(), BUSY], ids=["defaults", "busy"])
def test_json_gives_the_same_experiment_back(experiment):
    again = Experiment.from_json(experiment.to_json())
    assert again == experiment
    assert again.key() == experiment.key()


def test_json_is_canonical():
    assert Experiment.of(lr=0.5, depth=3).to_json() == '{"depth":3,"lr":0.5,"version":1}'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[1]", "An experiment must be a JSON object, not [1]."),
        ('{"depth": 3', "An experiment must be JSON: "),
        ('{"version": 2}', "version (=2) must be 1; this cnnviz reads no other."),
        ('{"depth": 1000}', "depth (=1000) must be between 2 and 100 layers."),
        (json.dumps({"x": "y" * 20_000}), "An experiment's JSON has at most 10,000 characters; this has 20,"),
        ("[" * 9_000, "An experiment must be JSON of flat settings; this is nested too deeply."),
    ],
)
def test_bad_json_is_refused_in_a_sentence(text, sentence):
    with pytest.raises(ExperimentError) as refused:
        Experiment.from_json(text)
    assert str(refused.value).startswith(sentence)


def test_a_key_names_an_experiment_for_ever():
    """Stores and links rely on these: a change here orphans every stored recording."""
    assert Experiment().key() == "2430f1a2ad2982d0"
    assert BUSY.key() == "a4fd871141e58615"


def test_defaults_written_out_leave_the_key_alone():
    assert Experiment.of(depth=Experiment().net.depth, lr=Experiment().optimiser.lr).key() == Experiment().key()


def test_any_other_setting_gives_another_key():
    keys = {Experiment.of(**{name: value}).key() for name, value in BUSY.settings().items()}
    assert len(keys | {Experiment().key()}) == len(BUSY.settings()) + 1


def test_the_seed_tells_how_far_its_numbers_reach():
    told = rule("seed").help
    assert "number of threads" in told
    assert "5 % apart at step 60" in told
