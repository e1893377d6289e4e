"""Pre-training: before the task and apart from it, on the same batches afterwards, and from labels that the task lacks."""

import math

import numpy as np
import pytest
import torch

from cnnviz import Experiment, ExperimentError, record, record_together, replace
from cnnviz.engine import data, nets, pretraining
from cnnviz.engine import train as training
from cnnviz.engine.examples import examples
from cnnviz.engine.words import PRETRAININGS
from cnnviz.settings import Settings

CPU = torch.device("cpu")
BASE = Experiment.of(
    dataset="digits", train_examples=400, test_examples=100, depth=4, width=12, batch_size=32, steps=10, lr=0.05,
    pretraining_steps=31, pretraining_lr=0.01, labels=20, task_classes=5, snapshots=2_000, filters=4,
)  # fmt: skip
VARIANTS = {letter: replace(BASE, pretraining=scheme) for letter, scheme in zip("ABCD", PRETRAININGS, strict=True)}
every_scheme = pytest.mark.parametrize("scheme", list(pretraining.SCHEMES))


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    monkeypatch.setattr(training, "settings", Settings(device="cpu"))


def fresh_net(experiment):
    return nets.build(experiment.net, (1, 8, 8), 5, torch.Generator().manual_seed(experiment.seed))


def test_the_registry_is_that_of_the_words():
    assert ("none", *pretraining.SCHEMES) == PRETRAININGS


@every_scheme
def test_pretraining_learns_and_leaves_the_output_layer_as_it_was_drawn(scheme):
    experiment = replace(BASE, pretraining=scheme, pretraining_steps=120)
    net, before = fresh_net(experiment), fresh_net(experiment)
    losses = [float(loss) for loss in pretraining.losses(net, examples(experiment, CPU), experiment)]
    assert len(losses) == 120
    assert min(losses[20:40]) < losses[0]
    assert torch.equal(net.layers["fc4"].weight, before.layers["fc4"].weight)
    assert not any(torch.equal(net.layers[name].weight, before.layers[name].weight) for name in ("fc1", "fc2", "fc3"))


def test_greedy_pretraining_takes_one_layer_after_the_other():
    experiment = replace(BASE, pretraining="greedy", pretraining_steps=9)
    net = fresh_net(experiment)
    changed = []
    weights = {name: layer.weight.clone() for name, layer in net.layers.items()}
    for _loss in pretraining.losses(net, examples(experiment, CPU), experiment):
        changed.append([name for name, layer in net.layers.items() if not torch.equal(layer.weight, weights[name])])
        weights = {name: layer.weight.clone() for name, layer in net.layers.items()}
    assert changed == [["fc1"]] * 3 + [["fc2"]] * 3 + [["fc3"]] * 3


def test_the_first_loss_of_an_autoencoder_is_the_squared_error_by_hand():
    experiment = replace(BASE, pretraining="greedy", activation="linear", corruption=0.0)
    found = examples(experiment, CPU)
    net = fresh_net(experiment)
    weight = net.layers["fc1"].weight.detach().clone()
    given = pretraining.Setting(fresh_net(experiment), found, experiment)
    decoder = given.linear(12, 64).weight.detach()
    first = next(pretraining.losses(net, found, experiment))
    chosen = np.random.default_rng(0).permutation(400)[:32]
    x = found.train_inputs[chosen].flatten(1)
    assert float(first) == pytest.approx(float(((x @ weight.T @ decoder.T - x) ** 2).mean()), rel=1e-5)


def test_an_autoencoder_of_maxout_units_goes_back_through_maxout_units():
    experiment = replace(BASE, pretraining="autoencoder", activation="maxout", pieces=3, depth=3, corruption=0.0)
    found = examples(experiment, CPU)
    net = fresh_net(experiment)
    weights = [layer.weight.detach().clone() for layer in net.layers.values()]
    given = pretraining.Setting(fresh_net(experiment), found, experiment)
    weights[2:] = [given.linear(12, 12 * 3).weight.detach(), given.linear(12, 64).weight.detach()]
    first = next(pretraining.losses(net, found, experiment))
    x = target = found.train_inputs[np.random.default_rng(0).permutation(400)[:32]].flatten(1)
    for weight in weights[:3]:
        x = (x @ weight.T).reshape(32, 12, 3).amax(2)
    assert float(first) == pytest.approx(float(((x @ weights[3].T - target) ** 2).mean()), rel=1e-5)


def test_what_is_thrown_away_afterwards_is_drawn_with_the_nets_own_spread():
    experiment = replace(BASE, init="normal", init_std=0.5)
    given = pretraining.Setting(fresh_net(experiment), examples(experiment, CPU), experiment)
    assert float(given.linear(200, 300).weight.detach().std()) == pytest.approx(0.5, rel=0.02)


def test_corruption_sets_its_fraction_to_0_and_leaves_the_rest():
    given = pretraining.Setting(fresh_net(BASE), examples(BASE, CPU), replace(BASE, corruption=0.3))
    x = given.corrupted(torch.ones(200, 100))
    assert set(x.unique().tolist()) == {0.0, 1.0}
    assert float((x == 0).float().mean()) == pytest.approx(0.3, abs=0.02)


def test_an_autoencoder_reads_no_label():
    experiment = replace(BASE, pretraining="autoencoder", corruption=0.2)
    found = examples(experiment, CPU)
    mixed = pretraining.changed(found, train_labels=found.train_labels.flip(0))
    first, second = ([*pretraining.losses(fresh_net(experiment), each, experiment)] for each in (found, mixed))
    assert first == second


# The task


def test_the_task_has_equally_many_labels_of_its_classes_and_only_their_test_set():
    task = pretraining.task_of(examples(BASE, CPU), BASE)
    assert torch.bincount(task.train_labels).tolist() == [4] * 5
    assert task.classes == 5
    tests = data.load("digits", 400, 100, 0).test_labels
    assert sorted(task.test_labels.tolist()) == sorted(tests[tests < 5].tolist())


def test_fewer_labels_are_the_head_of_more_and_each_seed_has_its_own():
    found = examples(BASE, CPU)
    few, many = (pretraining.task_of(found, replace(BASE, labels=labels)).train_inputs for labels in (20, 50))
    assert torch.equal(few, many[:20])
    assert not torch.equal(few, pretraining.task_of(found, replace(BASE, seed=1)).train_inputs)


def test_transfer_learns_just_the_classes_that_the_task_lacks():
    others = pretraining.others_of(examples(BASE, CPU), BASE)
    assert others.classes == 5
    assert set(others.train_labels.tolist()) == {0, 1, 2, 3, 4}
    assert len(others.train_labels) + len(pretraining.task_of(examples(BASE, CPU), replace(BASE, labels=0)).train_labels) == 400


def test_all_labels_of_all_classes_are_the_data_itself():
    found = examples(BASE, CPU)
    assert pretraining.task_of(found, replace(BASE, labels=0, task_classes=0)) is found


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"labels": 300}, r"labels \(=300\) must be at most 20\d, all that the training set \(=400\) of these classes has\."),
        ({"task_classes": 9, "pretraining": "transfer"}, r"task_classes \(=9\) must be 2 to 8 for a transfer"),
        ({"task_classes": 0, "pretraining": "transfer"}, r"task_classes \(=0\) must be 2 to 8 for a transfer"),
        ({"net": "cnn", "pretraining": "greedy"}, r"net \(=cnn\) must be mlp for pre-training\."),
        ({"labels": 5}, r"labels \(=5\) must be between 10 and 60000 examples, or 0 for off\."),
    ],
)
def test_what_can_not_be_prepared_is_refused_in_a_sentence(settings, sentence):
    with pytest.raises(ExperimentError, match=f"^{sentence}"):
        record(replace(BASE, **settings))


# In a run


def test_a_run_prepares_first_and_then_learns_the_task():
    recording = record(VARIANTS["B"])
    assert recording.steps.tolist() == list(range(42))
    assert recording.column("phase").tolist() == [0] * 31 + [1] * 11
    assert recording.steps_of("pretraining_loss").tolist() == list(range(31))
    assert recording.steps_of("loss").tolist() == list(range(31, 42))
    assert recording.column("examples").tolist() == [32.0 * step for step in range(31)] + [31 * 32 + 20.0 * n for n in range(11)]
    assert recording.ending.state == "done"


def test_a_variant_without_pretraining_waits_and_then_trains_as_it_would_without_the_wait():
    waited, plain = record(VARIANTS["A"]), record(replace(BASE, pretraining_steps=0))
    assert waited.steps.tolist() == (plain.steps + 31).tolist()
    assert np.array_equal(waited.column("loss"), plain.column("loss"))


def test_variants_in_lockstep_learn_as_they_would_alone():
    together = record_together(VARIANTS)
    for name, experiment in VARIANTS.items():
        alone = record(experiment)
        assert together[name].names == alone.names
        for column in set(alone.names) - {"seconds"}:
            assert np.array_equal(together[name].column(column), alone.column(column), equal_nan=True)


@every_scheme
def test_how_often_it_is_measured_changes_nothing(scheme):
    often = record(replace(BASE, pretraining=scheme))
    seldom = record(replace(BASE, pretraining=scheme, snapshots=2, histograms=0, filters=0))
    assert often.column("loss")[-1] == seldom.column("loss")[-1]


def test_a_net_that_was_pretrained_before_goes_on_as_if_it_were_now():
    memory = pretraining.Memory()
    first, again = ([*training.train_together(VARIANTS, memory=memory)] for _ in range(2))
    ends = [
        {name: float(snapshot.values["loss"]) for name, snapshot in run if "loss" in snapshot.values} for run in (first, again)
    ]
    assert ends[0] == ends[1]
    assert all("pretraining_loss" not in snapshot.values for _name, snapshot in again)


def test_filters_are_layer_1s_weights_as_images_each_at_its_own_scale():
    recording = record(VARIANTS["B"])
    weight = fresh_net(BASE).layers["fc1"].weight.detach().numpy()[:4].reshape(4, 8, 8)
    scaled = np.round(32 * weight / np.abs(weight).max((1, 2), keepdims=True))
    assert np.array_equal(recording.at("first_filters", 0), scaled)
    assert recording.column("first_moved")[0] == 0
    assert recording.column("first_moved")[-1] > 0.1


def test_without_filters_no_images_are_recorded():
    assert "first_filters" not in record(replace(BASE, filters=0)).names


def test_a_task_that_starts_beyond_float32_diverges_at_its_first_step():
    ending = record(replace(BASE, depth=40, activation="linear", init_scale=100.0)).ending
    assert (ending.state, ending.step) == ("diverged", 31)
    assert ending.sentence == "The loss was NaN at step 31, before any update."
    assert math.isnan(ending.value)
