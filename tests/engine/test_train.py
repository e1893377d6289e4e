"""Training: deterministic, undisturbed by recording, in lockstep equal to alone, and divergence told as a result."""

import math
from functools import cache

import numpy as np
import pytest
import torch

from cnnviz import Experiment, ExperimentError, record, record_together, replace, train, train_together
from cnnviz.engine import data, nets
from cnnviz.engine import device as devices
from cnnviz.engine import train as training
from cnnviz.engine.divergence import Diverged, Guard
from cnnviz.engine.examples import batches, examples
from cnnviz.engine.experiment import Measure
from cnnviz.engine.records import Ending, Recording, Snapshot
from cnnviz.engine.timetable import Timetable, spread
from cnnviz.engine.words import COMMITTEES
from cnnviz.settings import Settings

MLP = Experiment.of(dataset="digits", train_examples=200, test_examples=50, depth=4, width=12, batch_size=32, steps=20, lr=0.05)
CNN = replace(MLP, net="cnn", width=6, depth=4)
EXPLODING = replace(MLP, depth=12, activation="linear", lr=50.0, steps=30)
QUIET = {"snapshots": 2, "histograms": 0, "evaluations": 0}
EVERYTHING = {"snapshots": 2_000, "histograms": 2_000, "evaluations": 2_000, "shift": True, "landscape": True, "signal": True}
EVERYTHING |= {"weights": True, "training_set": True, "maps": True, "passes": 2}
EVERYTHING |= {"confidence": True, "confusion": True, "clusters": True}
KINDS = {
    "mlp": MLP,
    "mlp, adam, batch norm": replace(MLP, optimiser="adam", lr=0.01, norm="batch", weight_decay=0.01),
    "mlp, clipped, cosine": replace(MLP, clip_norm=0.5, clip_weight=0.4, schedule="cosine", warmup_steps=5, skip=True),
    "mlp, noisy batch norm": replace(MLP, norm="noisy_batch", momentum=0.5, optimiser="momentum"),
    "cnn": CNN,
    "cnn on grey shapes, noisy batch norm": replace(CNN, dataset="shapes", domain="grey", norm="noisy_batch", train_examples=64),
    "cnn, momentum, batch norm, skip": replace(CNN, optimiser="momentum", norm="batch", skip=True),
    "mlp, elastic net, max-norm": replace(MLP, l1=0.02, weight_decay=0.01, max_norm=1.0, weights=True, training_set=True),
    "ensemble, momentum": replace(MLP, net="ensemble", members=3, norm="batch", optimiser="momentum", units=True, modes=True),
    "mixture of experts on points": replace(MLP, net="mixture", members=3, dataset="border", boundary=True, weights=True),
    "mlp, early stopping": replace(MLP, validation=40, patience=2, look_every=3, dropout="inverted", training_set=True),
    "mlp on points, mapped": replace(MLP, dataset="border", l1=0.02, boundary=True, training_set=True),
    "mlp, weight norm, decay": replace(MLP, norm="weight", weight_decay=0.01, clip_weight=0.4, spectrum=True),
    "mlp, spectral norm, skip": replace(MLP, norm="spectral", skip=True, signal=True, spectrum=True, units=True),
    "cnn, spectral norm": replace(CNN, norm="spectral", clip_norm=0.5, spectrum=True),
    "cnn, stochastic pooling": replace(CNN, pooling="stochastic", norm="batch"),
    "cnn, blur pooling, flattened": replace(CNN, pooling="blur", ending="flatten", optimiser="adam", lr=0.01),
    "cnn, strided": replace(CNN, pooling="strided", norm="spectral"),
    "cnn, augmented": replace(CNN, flip=0.5, translate=0.1, rotate=10, cutout=0.3, mixup=0.4),
    "cnn on red shapes, colours augmented": replace(
        CNN, dataset="shapes", domain="red", train_examples=64, fancy_pca=0.2, hue=90
    ),
    "cnn, group norm": replace(CNN, norm="group", groups=3),
    "mlp, plain dropout, skip": replace(MLP, dropout="plain", keep=0.8, skip=True),
    "mlp, inverted dropout, noisy batch norm": replace(MLP, dropout="inverted", norm="noisy_batch", units=True),
    "mlp, DropConnect, batch norm": replace(MLP, dropout="drop_connect", keep=0.7, norm="batch", modes=True, spectrum=True),
    "cnn, spatial dropout, group norm": replace(CNN, dropout="spatial", norm="group", groups=3),
    "cnn, DropBlock": replace(CNN, dropout="drop_block", keep=0.9, optimiser="momentum"),
    "rnn, batch norm at each step": replace(MLP, net="rnn", norm="batch", activation="tanh", spectrum=True, modes=True),
    "mlp, smoothed, batch norm": replace(MLP, smoothing=0.1, norm="batch", modes=True),
    "mlp with a teacher, batch norm": replace(MLP, norm="batch", teacher=True, pretraining_steps=6, teacher_width=16),
    "rnn, batch norm shared": replace(MLP, net="rnn", norm="batch", norm_over_time="shared", modes=True),
}
CLOCK = {"seconds"}

every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    monkeypatch.setattr(training, "settings", Settings(device="cpu"))


def final_parameters(experiment):
    """The parameters after a run, however it is measured."""
    device = torch.device("cpu")
    found = examples(experiment, device)
    learner = training.Learner(experiment, found, device)
    for step, (inputs, labels) in zip(
        range(experiment.steps), batches(found, experiment.batch_size, experiment.seed), strict=False
    ):
        learner.round(step, inputs, labels, None, last=False)
    return learner.net.state_dict()


def same(first, second, but=CLOCK):
    """Whether two recordings hold the same numbers, bit for bit, the clock left out."""
    assert first.names == second.names
    assert first.steps.tolist() == second.steps.tolist()
    return all(np.array_equal(first.column(n), second.column(n), equal_nan=True) for n in first.names if n not in but)


@cache
def first_run(kind):
    """A kind's recording, and the caller's random state before and after it was made."""
    before = torch.get_rng_state()
    return record(KINDS[kind]), before, torch.get_rng_state()


@every_kind
def test_the_same_experiment_gives_the_same_numbers(kind):
    assert same(first_run(kind)[0], record(KINDS[kind]))


def test_another_seed_gives_other_numbers():
    first, second = record(MLP), record(replace(MLP, seed=1))
    assert first.column("loss")[0] != second.column("loss")[0]


@every_kind
def test_recording_changes_nothing(kind):
    shortly = replace(KINDS[kind], steps=8)  # beyond an epoch of six batches
    quiet = final_parameters(replace(shortly, **QUIET))
    domains = shortly.data.dataset == "shapes"
    net = shortly.net.net
    apart = net in ("rnn", *COMMITTEES)
    everything = EVERYTHING | {"shift": not apart, "shifts": net == "cnn", "unpooling": net == "cnn"}  # refused elsewhere
    everything["clusters"] = shortly.data.dataset != "border" and net not in COMMITTEES  # two classes only; several nets
    measured = final_parameters(replace(shortly, **everything, domains=domains))
    assert all(torch.equal(quiet[name], measured[name]) for name in quiet)


@every_kind
def test_training_leaves_the_callers_random_state_alone(kind):
    _recording, before, after = first_run(kind)
    assert torch.equal(after, before)


def test_variants_in_lockstep_learn_as_they_would_alone():
    variants = {"A": MLP, "B": replace(MLP, activation="sigmoid", norm="batch"), "C": CNN}
    together = record_together(variants)
    assert all(same(together[name], record(variants[name])) for name in variants)


def test_losses_are_those_of_a_loop_written_by_hand():
    """SGD with momentum on the same net and batches, gradients from autograd, updates by the formula."""
    experiment = replace(MLP, optimiser="momentum", momentum=0.8, snapshots=2_000)
    found = data.load("digits", 200, 50, 0)
    net = nets.build(experiment.net, found.input_shape, len(found.classes), torch.Generator().manual_seed(0))
    parameters = list(net.parameters())
    speeds = [torch.zeros_like(p) for p in parameters]
    order = np.random.default_rng(0)
    losses: list[float] = []
    while len(losses) <= experiment.steps:
        epoch = order.permutation(200)
        for first in range(0, 200 - 31, 32):
            chosen = epoch[first : first + 32]
            logits = net(torch.from_numpy(found.train_inputs[chosen]))
            loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(found.train_labels[chosen]))
            losses.append(loss.item())
            with torch.no_grad():
                for p, v, g in zip(parameters, speeds, torch.autograd.grad(loss, parameters), strict=True):
                    v.mul_(0.8).add_(g)
                    p.sub_(0.05 * v)
    np.testing.assert_allclose(record(experiment).column("loss"), losses[: experiment.steps + 1], rtol=1e-4)


def test_it_learns():
    recording = record(replace(MLP, steps=150))
    assert recording.column("loss")[-1] < 0.3 * recording.column("loss")[0]
    assert recording.column("test_accuracy")[-1] > 0.6


def test_evaluation_counts_every_test_example_in_evaluation_mode():
    experiment = replace(CNN, norm="batch", test_examples=300)
    found = examples(experiment, torch.device("cpu"))
    net = nets.build(experiment.net, found.input_shape, 10, torch.Generator().manual_seed(0))
    net(found.train_inputs)
    result = training.evaluate(net, found.test_inputs, found.test_labels)
    assert net.training
    net.eval()
    logits = net(found.test_inputs).detach()
    assert float(result["test_accuracy"]) == pytest.approx(np.mean(logits.argmax(1).numpy() == found.test_labels.numpy()))
    likelihoods = torch.softmax(logits.double(), 1)[range(300), found.test_labels]
    assert float(result["test_loss"]) == pytest.approx(-float(likelihoods.log().mean()), rel=1e-5)


def test_a_snapshot_shows_the_state_before_its_update_and_the_update_that_follows():
    recording = record(replace(MLP, **EVERYTHING))
    norms, ratios = recording.column("weight_norm"), recording.column("update_ratio")
    assert recording.steps.tolist() == list(range(21))
    assert len(norms) == 21
    assert len(ratios) == 20
    assert (np.abs(np.diff(norms, axis=0)) <= ratios * norms[:-1] * 1.001 + 1e-6).all()


def test_scalars_tell_rate_examples_and_seconds():
    recording = record(replace(MLP, snapshots=2_000, schedule="step", decay_every=10, decay_factor=0.5))
    assert recording.column("lr").tolist() == pytest.approx([0.05] * 10 + [0.025] * 10 + [0.0125])
    assert recording.column("examples").tolist() == [32.0 * step for step in range(21)]
    seconds = recording.column("seconds")
    assert seconds[0] == 0
    assert (np.diff(seconds) > 0).all()


def test_a_recording_says_where_its_numbers_come_from():
    about = record(MLP).about
    parameters = (64 + 1) * 12 + 2 * (12 + 1) * 12 + (12 + 1) * 10
    assert about == {
        "device": "cpu", "torch": torch.__version__, "threads": torch.get_num_threads(), "dtype": "float32",
        "params": parameters, "layers": 4, "activation": "relu", "log_grad_range": [-14.0, 4.0],
    }  # fmt: skip


def test_a_run_ends_with_its_last_update_measured():
    recording = record(MLP)
    assert recording.steps[-1] == 20
    assert recording.ending == Ending("done", "Done: 20 steps, 640 examples.", 20, "", recording.ending.value)


@pytest.mark.parametrize("last", [1, 5, 100, 1_000])
@pytest.mark.parametrize("count", [2, 3, 10, 40, 200])
def test_measurements_are_spread_from_the_first_step_to_the_last(last, count):
    found = spread(last, count)
    assert len(found) == min(count, last + 1)
    assert list(found) == sorted(set(found))
    assert (found[0], found[-1]) == (0, last)


def test_measurements_are_dense_early_and_even_later():
    found = spread(1_000, 200)
    gaps = np.diff(found)
    assert found[:20] == tuple(range(20))
    assert set(gaps[20:].tolist()) == {5, 6}


def test_no_measurement_is_wanted_and_one_is_the_last():
    assert (spread(10, 0), spread(10, 1)) == ((), (10,))


def test_histograms_and_evaluations_are_taken_with_snapshots():
    table = Timetable.of(Measure(snapshots=50, histograms=10, evaluations=5), 400)
    assert [len(steps) for steps in (table.snapshots, table.histograms, table.evaluations)] == [50, 10, 5]
    assert table.histograms < table.snapshots
    assert table.evaluations < table.snapshots
    assert {0, 400} <= table.histograms & table.evaluations


def test_columns_come_as_often_as_was_asked():
    recording = record(replace(MLP, snapshots=10, histograms=4, evaluations=3))
    counts = {name: len(recording.column(name)) for name in ("loss", "activation_hist", "path_factor", "test_loss")}
    assert counts == {"loss": 10, "activation_hist": 4, "path_factor": 4, "test_loss": 3}


# Divergence


def test_divergence_is_told_with_step_layer_and_number():
    recording = record(replace(EXPLODING, **EVERYTHING))
    ending = recording.ending
    norms = recording.column("grad_norm")[-1]
    assert ending.state == "diverged"
    assert ending.step == recording.steps[-1] + 1
    assert ending.layer == recording.layers[int(norms.argmax())]
    assert ending.value == pytest.approx(float(norms.max()), rel=1e-5)
    assert ending.sentence.startswith(f"The loss became NaN at step {ending.step}; the gradient norm of {ending.layer} was ")
    assert ending.sentence.endswith(" the step before.")


def test_a_divergence_does_not_depend_on_what_is_recorded():
    assert record(replace(EXPLODING, **QUIET)).ending == record(replace(EXPLODING, **EVERYTHING)).ending


def test_the_gradient_that_is_told_is_the_one_before_clipping():
    clipped = replace(EXPLODING, clip_value=1e5, lr=100.0, **EVERYTHING)
    recording = record(clipped)
    assert recording.ending.state == "diverged"
    assert recording.ending.value == pytest.approx(float(recording.column("grad_norm")[-1].max()), rel=1e-5)


def test_the_other_variants_go_on_when_one_diverges():
    found = record_together({"A": replace(EXPLODING, steps=20), "B": MLP})
    assert (found["A"].ending.state, found["B"].ending.state) == ("diverged", "done")
    assert same(found["B"], record(MLP))


@pytest.mark.parametrize("bound", [{"clip_norm": 0.01}, {"clip_value": 1e-4}])
def test_clipping_keeps_a_run_finite_that_explodes_without_it(bound):
    exploding = replace(EXPLODING, lr=1.0)
    assert record(exploding).ending.state == "diverged"
    saved = record(replace(exploding, **bound))
    assert saved.ending.state == "done"
    assert np.isfinite(saved.column("loss")).all()


def test_a_net_that_starts_beyond_float32_diverges_at_step_0():
    recording = record(replace(MLP, depth=40, activation="linear", init_scale=100.0))
    assert len(recording) == 0
    assert recording.ending.sentence == "The loss was NaN at step 0, before any update."


def test_a_guard_that_looks_seldom_tells_the_same_ending():
    """As on a device whose loss is costly to look at: told at the next look, the ending is that of the step itself."""
    layers = {"fc1": torch.nn.Linear(2, 2), "fc2": torch.nn.Linear(2, 2)}
    guard = Guard(layers, window=8, remembers=False)
    for step in range(8):
        guard.loss(step, torch.tensor(math.nan if step >= 5 else 1.0))
        for number, layer in enumerate(layers.values()):
            layer.weight.grad = torch.full((2, 2), float((step + 1) * (number + 1)))
        guard.gradients(step)
    with pytest.raises(Diverged) as told:
        guard.loss(8, torch.tensor(math.nan))
    ending = told.value.ending
    assert (ending.step, ending.layer, ending.value) == (5, "fc2", 20.0)
    assert ending.sentence == "The loss became NaN at step 5; the gradient norm of fc2 was 20 the step before."


def test_a_gradient_beyond_float32_is_said_to_be_so():
    layers = {"fc1": torch.nn.Linear(2, 2)}
    guard = Guard(layers, window=1, remembers=False)
    layers["fc1"].weight.grad = torch.full((2, 2), math.inf)
    with pytest.raises(
        Diverged, match=r"^The loss became infinite at step 7; the gradient norm of fc1 was beyond float32 the step before\.$"
    ):
        guard.loss(7, torch.tensor(math.inf))


# Control


class Script:
    """A control that does at each poll what a test says, by number."""

    def __init__(self, **at):
        self.lr = self.stop_at = None
        self.looking = False
        self.rounds = 0
        self.at = at

    def poll(self):
        act = self.at.get(f"round_{self.rounds}")
        self.rounds += 1
        if act:
            act(self)


def test_another_rate_takes_hold_at_once_and_keeps_the_schedules_shape():
    control = Script(round_5=lambda c: setattr(c, "lr", 1e-3))
    experiment = replace(MLP, snapshots=2_000, schedule="step", decay_every=10, decay_factor=0.5)
    rates = [float(snapshot.values["lr"]) for snapshot in train(experiment, control)]
    assert rates == pytest.approx([0.05] * 5 + [1e-3] * 5 + [5e-4] * 10 + [2.5e-4])


@pytest.mark.parametrize(("asked_in_round", "stop_at", "ends"), [(0, 7, 7), (9, 3, 9), (0, 500, 20)])
def test_a_run_stops_where_it_is_asked_to_and_measures_there(asked_in_round, stop_at, ends):
    control = Script(**{f"round_{asked_in_round}": lambda c: setattr(c, "stop_at", stop_at)})
    endings: dict[str, Ending] = {}
    snapshots = list(train_together({"A": replace(MLP, snapshots=5)}, control, on_end=endings.__setitem__))
    assert snapshots[-1][1].step == ends == endings["A"].step
    assert {"activation_hist", "test_loss"} <= set(snapshots[-1][1].values)


def test_what_poll_raises_ends_the_training():
    def stop(control):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        list(train(MLP, Script(round_3=stop)))


def test_layers_are_told_before_the_first_snapshot_and_endings_after_the_last():
    told: list[str] = []
    variants = {"A": MLP, "B": CNN}

    def begin(name, recording):
        told.append(f"{name} begins with {', '.join(recording.layers)}")

    def end(name, ending):
        told.append(f"{name} is {ending.state}")

    for name, snapshot in train_together(replace_all(variants, snapshots=2), on_begin=begin, on_end=end):
        told.append(f"{name} at {snapshot.step}")
    assert told == [
        "A begins with fc1, fc2, fc3, fc4", "B begins with conv1, conv2, conv3, fc",
        "A at 0", "B at 0", "A at 20", "B at 20", "A is done", "B is done",
    ]  # fmt: skip


def replace_all(variants, **settings):
    return {name: replace(experiment, **settings) for name, experiment in variants.items()}


# What can't be trained


@pytest.mark.parametrize(
    ("variants", "sentence"),
    [
        ({}, "There is nothing to train: give one variant at least."),
        (
            {"A": MLP, "B": replace(MLP, steps=7)},
            "steps must be the same in variants that train together: it is 20 in A and 7 in B.",
        ),
        (
            {"A": MLP, "B": replace(MLP, dataset="moons")},
            "dataset must be the same in variants that train together: it is digits in A and moons in B.",
        ),
        ({"A": replace(MLP, batch_size=201)}, "batch_size (=201) must be at most train_examples (=200)."),
        (
            {"A": replace(CNN, dataset="moons")},
            "net (=cnn) must be mlp for points in the plane: a convolution needs images.",
        ),
    ],
)
def test_what_can_not_train_is_refused_in_a_sentence(variants, sentence):
    with pytest.raises(ExperimentError) as refused:
        list(train_together(variants))
    assert str(refused.value) == sentence


@pytest.mark.parametrize("name", ["tpu", "cuda:99", "cuda:x"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(name):
    with pytest.raises(
        ExperimentError, match=rf"^CNNVIZ_DEVICE \(='{name}'\) must be auto or a device that torch finds here: cpu"
    ):
        devices.choose(name)


def test_the_cpu_can_be_forced_and_auto_is_there():
    assert devices.choose("cpu") == torch.device("cpu")
    assert devices.choose("auto").type in {"cpu", "cuda", "mps"}


def measured_alike(there: Snapshot, here: Snapshot) -> None:
    """The two have the same columns and numbers, but for the time that was taken."""
    assert set(there.values) == set(here.values)
    for name in sorted(set(here.values) - {"seconds"}):
        np.testing.assert_array_equal(there.values[name], here.values[name], err_msg=f"{name} at step {here.step}")


LOOKED_AT = {
    "everything of an mlp": {"units": True, "shift": True, "landscape": True, "modes": True, "signal": True, "confidence": True,
                             "confusion": True, "clusters": True, "spectrum": True, "weights": True, "training_set": True,
                             "norm": "noisy_batch"},
    "what is drawn at random": {"dropout": "inverted", "passes": 5, "norm": "batch", "optimiser": "adam"},
    "maps": {"net": "cnn", "depth": 4, "width": 4, "dropout": "drop_block", "maps": True, "shifts": True, "unpooling": True},
    "pre-training": {"pretraining": "autoencoder", "pretraining_steps": 9, "corruption": 0.3, "filters": 4, "labels": 50},
    "early stopping": {"validation": 100, "patience": 3, "look_every": 5},
}  # fmt: skip


@pytest.mark.parametrize("settings", LOOKED_AT.values(), ids=LOOKED_AT)
def test_a_step_that_is_looked_at_is_measured_in_full_and_changes_no_number_of_what_is_due(settings):
    small = {"dataset": "digits", "train_examples": 200, "test_examples": 50, "batch_size": 16, "depth": 3, "width": 8}
    rare = {"steps": 20, "snapshots": 5, "histograms": 3, "evaluations": 2}
    experiment = Experiment.of(**{**small, **rare, **settings})
    looks = {f"round_{number}": lambda control: setattr(control, "looking", control.rounds % 4 != 3) for number in range(40)}
    looked = Recording(experiment, ()).extend(train(experiment, Script(**looks)))
    alone = Recording(experiment, ()).extend(train(experiment))
    assert len(looked) > len(alone)
    for there, here in zip(looked.due().snapshots(), alone.snapshots(), strict=True):
        assert there.step == here.step
        measured_alike(there, here)
    *_, step = (one for one in looked.snapshots() if one.looked == set(one.values) and one.step >= experiment.updates - 9)
    *_, last = alone.snapshots()
    assert set(last.values) <= set(step.values)
