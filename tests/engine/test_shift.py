"""Shift, landscape, noise and domains, each against the same numbers computed a second, slower way."""

from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnnviz import Experiment, ExperimentError, record, record_together, replace
from cnnviz.engine import data, nets
from cnnviz.engine.data import shapes
from cnnviz.engine.examples import batches, examples
from cnnviz.engine.landscape import MULTIPLES
from cnnviz.engine.nets.norms.noisy_batch import WITHIN, NoisyBatch, seed_noise
from cnnviz.engine.words import DOMAINS

TINY = Experiment.of(
    dataset="digits", train_examples=200, test_examples=10, depth=4, width=16, steps=6, batch_size=32, lr=0.05,
    snapshots=10, histograms=10, evaluations=0, shift=True, landscape=True,
)  # fmt: skip
SHAPES = Experiment.of(
    dataset="shapes", domain="red", train_examples=96, test_examples=40, net="cnn", depth=3, width=4, steps=6, batch_size=16,
    snapshots=3, histograms=0, evaluations=2, norm="batch", domains=True,
)  # fmt: skip


def fresh(experiment):
    """The net, and a function that gives loss and gradients on its first batch at given parameters."""
    found = examples(experiment, torch.device("cpu"))
    net = nets.build(experiment.net, found.input_shape, found.classes, torch.Generator().manual_seed(experiment.seed))
    inputs, labels = next(batches(found, experiment.batch_size, experiment.seed))
    start = [parameter.detach().clone() for parameter in net.parameters()]

    def at(values):
        with torch.no_grad():
            for parameter, value in zip(net.parameters(), values, strict=True):
                parameter.copy_(value)
        loss = F.cross_entropy(net(inputs), labels)
        return float(loss.detach()), torch.autograd.grad(loss, list(net.parameters()))

    return net, start, at


def together(tensors):
    return float(torch.cat([tensor.flatten() for tensor in tensors]).norm())


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_the_landscape_is_that_of_steps_made_by_hand(norm):
    experiment = replace(TINY, norm=norm)
    recording = record(experiment)
    _net, start, at = fresh(experiment)
    _loss, gradients = at(start)
    losses, changes, betas = [], [], []
    for multiple in MULTIPLES:
        eta = multiple * 0.05
        loss, there = at([x - eta * g for x, g in zip(start, gradients, strict=True)])
        losses.append(loss)
        changes.append(together([a - b for a, b in zip(there, gradients, strict=True)]))
        betas.append(changes[-1] / (eta * together(gradients)))
    slow = {
        "loss_along_low": min(losses),
        "loss_along_high": max(losses),
        "gradient_change_low": min(changes),
        "gradient_change_high": max(changes),
        "smoothness": max(betas),
    }
    for name, value in slow.items():
        assert recording.column(name)[0] == pytest.approx(value, rel=1e-3), name
    width = recording.column("loss_along_range")[0]
    assert width == pytest.approx(max(losses) - min(losses), rel=1e-3, abs=1e-6)


def test_a_linear_nets_gradient_moves_by_its_hessian():
    """Of one layer under cross-entropy, in a small step: ‖∇L(x) − ∇L(x − ηg)‖ / ‖ηg‖ is ‖Hg‖ / ‖g‖, H by autograd."""
    experiment = replace(TINY, depth=2, activation="linear", lr=1e-3)
    _net, start, at = fresh(experiment)
    _loss, gradients = at(start)
    net, _start, _at = fresh(experiment)
    found = examples(experiment, torch.device("cpu"))
    inputs, labels = next(batches(found, 32, 0))
    loss = F.cross_entropy(net(inputs), labels)
    first = torch.autograd.grad(loss, list(net.parameters()), create_graph=True)
    product = sum((g * v).sum() for g, v in zip(first, gradients, strict=True))
    curved = torch.autograd.grad(product, list(net.parameters()))
    assert record(experiment).column("smoothness")[0] == pytest.approx(together(curved) / together(gradients), rel=0.02)


def test_a_layers_gradient_shift_is_what_the_layers_below_did_to_it():
    recording = record(TINY)
    _net, start, at = fresh(TINY)
    _loss, gradients = at(start)
    after = [x - 0.05 * g for x, g in zip(start, gradients, strict=True)]
    for layer in range(4):
        _loss, moved = at([*after[: 2 * layer], *start[2 * layer :]])  # a weight and a bias each
        ours, theirs = moved[2 * layer], gradients[2 * layer]
        assert recording.column("gradient_shift")[0, layer] == pytest.approx(float((ours - theirs).norm()), rel=1e-3, abs=1e-6)
        angle = float((ours * theirs).sum() / ours.norm() / theirs.norm())
        assert recording.column("gradient_angle")[0, layer] == pytest.approx(angle, abs=1e-4)


def test_percentiles_and_shift_are_those_of_the_units_inputs():
    recording = record(TINY)
    zs = [inputs_of(step) for step in (0, 1)]
    for layer in range(4):
        before, now = (z[layer] for z in zs)
        unit = np.argsort(before.std(0), kind="stable")[(before.shape[1] - 1) // 2]
        wanted = np.percentile(before[:, unit], [15, 50, 85])
        found = [recording.column(name)[0, layer] for name in ("unit_low", "unit_median", "unit_high")]
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
        moved = np.hypot(now.mean(0) - before.mean(0), now.std(0) - before.std(0)).mean()
        typical = np.concatenate([before.std(0), now.std(0)]).mean()
        assert recording.column("input_shift")[0, layer] == pytest.approx(moved / typical, rel=1e-3)
    assert recording.steps_of("input_shift")[0] == 1


@cache
def inputs_of(step):
    """z of each layer on the batch of a step, in plain NumPy after as many updates."""
    net, _start, _at = fresh(TINY)
    order = batches(examples(TINY, torch.device("cpu")), 32, 0)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
    for _update in range(step):
        inputs, labels = next(order)
        optimiser.zero_grad()
        F.cross_entropy(net(inputs), labels).backward()
        optimiser.step()
    x, found = next(order)[0].flatten(1), []
    for layer in net.layers.values():
        z = layer.weights(x)
        found.append(z.detach().numpy())
        x = layer.function.value(z)
    return found


# Noise


@pytest.mark.parametrize("shape", [(4_000, 6), (4_000, 6, 2, 2)])
def test_noise_has_a_mean_and_a_scale_of_its_own_for_each_unit_and_another_at_each_step(shape):
    norm = NoisyBatch(6, len(shape) == 4, mean=0.7, scale=2.0)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    plain = torch.nn.functional.batch_norm(x, None, None, training=True)
    draws = []
    for _step in range(2):
        y = norm(x).detach()
        shift, factor = norm.noise(y)
        torch.testing.assert_close(y, factor * plain + shift, rtol=1e-3, atol=1e-4)
        draws.append((shift.mean(0).flatten(), factor.mean(0).flatten()))
        assert float(draws[-1][0].abs().max()) < 0.7 + WITHIN
        assert 0.98 < float(draws[-1][1].min()) < float(draws[-1][1].max()) < 2.02
    assert not torch.allclose(draws[0][0], draws[1][0], atol=0.05)
    assert torch.equal(norm.eval()(x), norm.batch(x)), "no noise when tested"


def test_noise_is_decided_by_seed_layer_and_step_and_leaves_all_random_state_alone():
    def drawn(seed):
        net = torch.nn.Sequential(*(NoisyBatch(3, False, 1.0, 1.5) for _layer in range(2)))
        seed_noise(net, seed)
        return net(torch.arange(12.0).view(4, 3)).detach()

    before = torch.get_rng_state()
    assert torch.equal(drawn(3), drawn(3))
    assert not torch.equal(drawn(3), drawn(4))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_noisy_net_has_the_weights_of_its_rivals():
    rivals = [record(replace(TINY, norm=norm)).column("weight_norm")[0] for norm in ("none", "noisy_batch")]
    np.testing.assert_array_equal(*rivals)


# Domains


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_changes_colours_and_neither_shapes_nor_labels(domain):
    plain, labels = shapes.of_domain(16, 0, 1, "any")
    images, others = shapes.of_domain(16, 0, 1, domain)
    assert labels.tolist() == others.tolist()
    assert np.array_equal(images, plain) == (domain == "any")
    if domain == "negative":
        np.testing.assert_array_equal(images, 255 - plain)
    if domain in shapes.COLOURS:
        np.testing.assert_array_equal(images, shapes.drawn(16, 0, 1, colours=shapes.palette(domain))[0])


def test_accuracy_by_domain_is_that_of_its_own_test_set_and_adapting_renews_the_statistics_alone():
    recording = record(SHAPES)
    assert recording.places("domain_accuracy") == list(DOMAINS)
    accuracies = recording.column("domain_accuracy")
    assert accuracies.shape == (2, len(DOMAINS))
    np.testing.assert_array_equal(accuracies[:, DOMAINS.index("red")], recording.column("test_accuracy"))
    adapted = recording.column("domain_adapted")
    assert adapted.shape == accuracies.shape
    assert not np.array_equal(adapted, accuracies)
    assert "domain_adapted" not in record(replace(SHAPES, norm="none")).names
    assert f"domain_accuracy[{DOMAINS[-1]}]" in recording.to_csv().splitlines()[0]


def test_adapted_statistics_are_those_of_the_target_images():
    from cnnviz.engine.domains import by_domain

    found = examples(SHAPES, torch.device("cpu"))
    net = nets.build(SHAPES.net, found.input_shape, found.classes, torch.Generator().manual_seed(0))
    kept = {name: value.clone() for name, value in net.state_dict().items()}
    told = by_domain(net, SHAPES.data, 0, torch.device("cpu"))
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in kept.items())
    learned = data.load("shapes", 96, 40, 0, "red")
    images, labels = shapes.of_domain(40, 0, 1, "grey")
    inputs = torch.from_numpy(data.scaled(images, learned.mean, learned.std))
    right = (net(inputs).argmax(1).numpy() == labels).mean()  # one batch: its own statistics, but for n / (n − 1)
    assert float(told["domain_adapted"][DOMAINS.index("grey")]) == pytest.approx(right, abs=0.051)


def test_variants_of_different_domains_meet_the_same_shapes_in_the_same_order():
    together = record_together({"A": SHAPES, "B": replace(SHAPES, domain="any")})
    alone = record(replace(SHAPES, domain="any"))
    np.testing.assert_array_equal(together["B"].column("loss"), alone.column("loss"))
    assert together["A"].column("loss")[0] != together["B"].column("loss")[0]


def test_domains_of_other_data_are_refused_in_a_sentence():
    with pytest.raises(ExperimentError, match=r"^domains \(=True\) needs the data set shapes: digits has no domains\.$"):
        record(replace(TINY, domains=True, evaluations=2))
