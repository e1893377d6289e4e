"""Probes: every statistic recomputed the slow way, layer by layer, from hooks and autograd on a copy of the same net."""

import copy
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnviz.engine import probes, words
from cnnviz.engine.chain import strongest_path
from cnnviz.engine.experiment import Net
from cnnviz.engine.nets import build
from cnnviz.engine.nets.activations import FUNCTIONS
from cnnviz.engine.watch import SAMPLE, Seen, Watch

NETS = {
    "mlp": Net(net="mlp", depth=4, width=9, activation="tanh"),
    "mlp, saturated": Net(net="mlp", depth=5, width=9, activation="sigmoid", init_scale=6),
    "mlp, skip": Net(net="mlp", depth=4, width=9, activation="relu", skip=True),
    "mlp, batch norm and skip": Net(net="mlp", depth=4, width=9, activation="elu", norm="batch", skip=True),
    "mlp, layer norm": Net(net="mlp", depth=4, width=9, activation="gelu", norm="layer"),
    "mlp, weight norm": Net(net="mlp", depth=4, width=9, activation="tanh", norm="weight"),
    "mlp, spectral norm and skip": Net(net="mlp", depth=4, width=9, activation="tanh", norm="spectral", skip=True),
    "cnn": Net(net="cnn", depth=4, width=6, activation="relu"),
    "cnn, group norm": Net(net="cnn", depth=4, width=6, activation="relu", norm="group", groups=2),
    "cnn, spectral norm": Net(net="cnn", depth=4, width=6, activation="relu", norm="spectral"),
    "rnn": Net(net="rnn", width=9, activation="tanh"),
    "rnn, batch norm": Net(net="rnn", width=9, activation="tanh", norm="batch"),
    "cnn, batch norm and skip": Net(net="cnn", depth=4, width=6, activation="silu", norm="batch", skip=True),
}
MLPS = [name for name in NETS if name.startswith("mlp")]

every_net = pytest.mark.parametrize("name", NETS)
every_mlp = pytest.mark.parametrize("name", MLPS)


@dataclass
class Slow:
    """One layer, as hooks on a copy of the net and one autograd.grad saw it; float64 NumPy."""

    inputs: np.ndarray
    z: np.ndarray
    value: np.ndarray
    output: np.ndarray
    gradient: np.ndarray
    weight: np.ndarray
    weight_gradient: np.ndarray


def batch():
    generator = torch.Generator().manual_seed(5)
    return torch.randn(8, 2, 8, 8, generator=generator), torch.arange(8) % 3


def made(net):
    model = build(net, (2, 8, 8), 3, torch.Generator().manual_seed(0))
    model(torch.randn(16, 2, 8, 8, generator=torch.Generator().manual_seed(6)))  # running statistics leave their start
    return model


def watched(model):
    inputs, labels = batch()
    watch = Watch(model)
    with watch:
        logits = model(inputs)
        loss = F.cross_entropy(logits, labels)
        loss.backward()
    return watch.seen(logits, labels, loss)


def found(seen, *groups):
    return probes.to_numpy(probes.measured(groups or [probes.SNAPSHOT, probes.HISTOGRAM], seen))


def slowly(model):
    model = copy.deepcopy(model)
    passed = {}
    for name, layer in model.layers.items():
        layer.register_forward_hook(lambda module, inputs, output, name=name: passed.update({name: (inputs[0], output)}))
    inputs, labels = batch()
    loss = F.cross_entropy(model(inputs), labels)
    outputs = [passed[name][1] for name in model.layers]
    weights = [layer.weights.weight for layer in model.layers.values()]
    gradients = torch.autograd.grad(loss, [*outputs, *weights])
    slow = []
    for index, (name, layer) in enumerate(model.layers.items()):
        x, a = passed[name]
        z = layer.sums(x)
        z = z if layer.norm is None else layer.norm(z)
        value = layer.function.value(z)
        tensors = (x, z, value, a, gradients[index], weights[index], gradients[len(outputs) + index])
        slow.append(Slow(*(tensor.detach().double().numpy() for tensor in tensors)))
    return slow


def log_histogram(values):
    with np.errstate(divide="ignore"):
        logs = np.clip(np.log10(np.abs(values)), *probes.LOG_RANGE)
    return np.histogram(logs, probes.BINS, probes.LOG_RANGE)[0] / values.size


BY_LAYER = {
    "activation_mean": lambda s: s.output.mean(),
    "activation_std": lambda s: s.output.std(),
    "fraction_zero": lambda s: np.mean(s.value == 0),
    "activation_grad_norm": lambda s: np.sqrt((s.gradient**2).sum()),
    "grad_norm": lambda s: np.sqrt((s.weight_gradient**2).sum()),
    "grad_std": lambda s: s.weight_gradient.std(),
    "weight_norm": lambda s: np.sqrt((s.weight**2).sum()),
}
ELSEWHERE = {"loss", "accuracy", "grad_norm_total", "fraction_saturated", "update_ratio"}


@every_net
@pytest.mark.parametrize("statistic", BY_LAYER)
def test_a_layers_statistic_is_what_a_loop_finds(name, statistic):
    model = made(NETS[name])
    slow = slowly(model)
    expected = [BY_LAYER[statistic](layer) for layer in slow]
    np.testing.assert_allclose(found(watched(model))[statistic], expected, rtol=2e-4, atol=1e-7)


def test_every_probe_has_a_second_way_in_this_file():
    histograms = {"activation_low", "activation_high", "activation_hist", "activation_grad_hist", "grad_hist"}
    path = {"path_unit", "path_slope", "path_weight", "path_factor", "path_gradient", "path_start"}
    assert {*probes.SNAPSHOT, *probes.HISTOGRAM, *probes.UPDATE} == {*BY_LAYER, *ELSEWHERE, *histograms, *path}


@every_net
def test_the_saturated_fraction_counts_inputs_where_the_function_is_flat(name):
    model = made(NETS[name])
    ends = [*[FUNCTIONS[NETS[name].activation].flat] * (len(model.layers) - 1), FUNCTIONS["linear"].flat]
    expected = [np.mean((s.z < low) | (s.z > high)) for s, (low, high) in zip(slowly(model), ends, strict=True)]
    np.testing.assert_allclose(found(watched(model))["fraction_saturated"], expected, atol=1e-6)


def test_large_weights_saturate_sigmoids():
    assert found(watched(made(NETS["mlp, saturated"])))["fraction_saturated"][0] > 0.5


@every_net
def test_loss_accuracy_and_total_norm_are_the_batchs(name):
    model = made(NETS[name])
    seen = watched(model)
    logits, labels = seen.logits.detach().double(), batch()[1]
    columns = found(seen)
    total = np.sqrt(sum(float((p.grad.double() ** 2).sum()) for p in model.parameters()))
    log_likelihoods = (logits - logits.logsumexp(1, keepdim=True))[range(8), labels]
    assert columns["loss"] == pytest.approx(-float(log_likelihoods.mean()), rel=1e-5)
    assert columns["accuracy"] == np.mean(logits.numpy().argmax(1) == labels.numpy())
    assert columns["grad_norm_total"] == pytest.approx(total, rel=1e-5)


@every_net
def test_the_update_ratio_compares_weights_before_and_after(name):
    model = made(NETS[name])
    seen = watched(model)
    found(seen)
    before = [layer.weights.weight.detach().clone().double() for layer in model.layers.values()]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 0.1 * parameter.grad
    after = [layer.weights.weight.detach().double() for layer in model.layers.values()]
    expected = [float((new - old).norm() / old.norm()) for old, new in zip(before, after, strict=True)]
    np.testing.assert_allclose(found(seen, probes.UPDATE)["update_ratio"], expected, rtol=1e-3)


@every_net
def test_histograms_of_gradients_are_numpys(name):
    model = made(NETS[name])
    slow, columns = slowly(model), found(watched(model))
    for layer, expected in enumerate(slow):
        if expected.gradient.size <= probes.COUNTED:
            close_histograms(columns["activation_grad_hist"][layer], log_histogram(expected.gradient), expected.gradient.size)
        if expected.weight_gradient.size <= probes.COUNTED:
            close_histograms(columns["grad_hist"][layer], log_histogram(expected.weight_gradient), expected.weight_gradient.size)


def close_histograms(found, expected, count):
    """Equal but for values on the edge of a bin, of which rounding may move two."""
    assert found.sum() == pytest.approx(1, abs=1e-5)
    assert np.abs(np.cumsum(found) - np.cumsum(expected)).max() <= 2 / count + 1e-5


@every_net
def test_histograms_of_activations_are_numpys_between_lowest_and_highest(name):
    model = made(NETS[name])
    slow, columns = slowly(model), found(watched(model))
    for layer, expected in enumerate(slow):
        if expected.output.size <= probes.COUNTED:
            low, high = columns["activation_low"][layer], columns["activation_high"][layer]
            assert (low, high) == pytest.approx((expected.output.min(), expected.output.max()), rel=1e-4, abs=1e-6)
            counts = np.histogram(expected.output, probes.BINS, (expected.output.min(), expected.output.max()))[0]
            close_histograms(columns["activation_hist"][layer], counts / expected.output.size, expected.output.size)


def test_a_layer_of_one_value_lies_in_the_middle_of_its_range():
    columns = found(watched(made(Net(net="mlp", depth=3, width=4, activation="sigmoid", init="zero"))))
    assert (columns["activation_low"][0], columns["activation_high"][0]) == (0.0, 1.0)
    assert columns["activation_hist"][0].tolist() == [0.0] * 20 + [1.0] + [0.0] * 19


def test_zeros_infinities_and_no_numbers_go_to_the_end_bins():
    values = torch.tensor([[0.0, float("-inf"), float("inf"), float("nan"), 0.5, 9.0, -9.0, 0.999]])
    counts = probes.histogram([values], torch.zeros(1), torch.ones(1))[0] * 8
    assert counts.nonzero().flatten().tolist() == [0, 20, 39]
    assert counts[[0, 20, 39]].tolist() == [4.0, 1.0, 3.0]


def test_rows_of_unequal_length_keep_their_own_ranges():
    short, long = torch.tensor([[0.0, 1.0]]), torch.tensor([[10.0, 20.0, 20.0, 20.0]])
    counts = probes.histogram([short, long], torch.tensor([0.0, 10.0]), torch.tensor([1.0, 20.0]))
    assert counts[0, [0, 39]].tolist() == [0.5, 0.5]
    assert counts[1, [0, 39]].tolist() == [0.25, 0.75]


def test_a_large_layer_is_sampled_over_all_its_units_and_examples():
    model = build(Net(net="cnn", depth=3, width=7), (1, 28, 28), 3, torch.Generator().manual_seed(0))
    inputs = torch.randn(16, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    watch = Watch(model)
    with watch:
        logits = model(inputs)
        loss = F.cross_entropy(logits, torch.zeros(16, dtype=torch.int64))
        loss.backward()
    seen = watch.seen(logits, torch.zeros(16, dtype=torch.int64), loss)
    whole = seen.passes[0].output.detach()
    (_run, sample), *_others = seen.activations
    assert SAMPLE <= sample.shape[1] < SAMPLE + 7 < whole.numel()
    columns = found(seen)
    np.testing.assert_allclose(columns["activation_mean"][0], whole.mean(), rtol=0.05)
    np.testing.assert_allclose(columns["activation_std"][0], whole.std(), rtol=0.05)
    assert (columns["activation_low"][0], columns["activation_high"][0]) == (float(whole.min()), float(whole.max()))


@every_mlp
def test_the_path_takes_the_largest_factor_times_what_the_unit_below_lets_through(name):
    model = made(NETS[name])
    slow, columns = slowly(model), found(watched(model))
    layers = list(model.layers.values())
    unit = int(batch()[1][0])
    for index in reversed(range(len(layers))):
        row = jacobian_row(layers[index], slow[index].inputs, unit)
        let_through = np.abs(slope(layers[index - 1], slow[index - 1].z[0])) + layers[index - 1].skip if index else 1.0
        below = int(np.abs(row * let_through).argmax())
        assert columns["path_unit"][index] == unit
        assert columns["path_factor"][index] == pytest.approx(row[below], rel=1e-3)
        assert columns["path_weight"][index] == pytest.approx(float(layers[index].applied_weight[unit, below].detach()), rel=1e-5)
        assert columns["path_slope"][index] == pytest.approx(slope(layers[index], slow[index].z[0])[unit], rel=1e-3)
        unit = below


def slope(layer, z):
    """f'(z) by autograd."""
    z = torch.from_numpy(z).requires_grad_()
    return torch.autograd.grad(layer.function.value(z).sum(), z)[0].numpy()


def jacobian_row(layer, inputs, unit):
    """∂a[0, unit]/∂x[0] by central differences in float64."""
    layer, inputs, step = copy.deepcopy(layer).double(), torch.from_numpy(inputs), 1e-6
    if layer.reweight is not None:
        layer.reweight.eval()
    row = np.zeros(inputs.shape[1])
    for entry in range(inputs.shape[1]):
        change = torch.zeros_like(inputs)
        change[0, entry] = step
        row[entry] = float((layer(inputs + change) - layer(inputs - change))[0, unit].detach()) / (2 * step)
    return row


@every_mlp
def test_the_paths_gradient_is_autograds_with_every_other_path_cut(name):
    model = made(NETS[name])
    columns = found(watched(model))
    slow, labels = slowly(model), batch()[1]
    layers = list(model.layers.values())
    units = [int(unit) for unit in columns["path_unit"]]
    for start in range(len(layers)):
        leaf = torch.tensor(slow[start].output[0, units[start]], requires_grad=True)
        passing = leaf
        for index in range(start + 1, len(layers)):
            inputs = torch.from_numpy(slow[index].inputs).clone()
            inputs[0, units[index - 1]] = passing
            passing = copy.deepcopy(layers[index]).double()(inputs)[0, units[index]]
        logits = torch.from_numpy(slow[-1].output).clone()
        logits[0, units[-1]] = passing
        (gradient,) = torch.autograd.grad(F.cross_entropy(logits, labels), leaf)
        assert columns["path_gradient"][start] == pytest.approx(float(gradient), rel=2e-3)
    assert columns["path_start"] == columns["path_gradient"][-1]


def test_a_factor_of_a_plain_layer_is_slope_times_weight_and_a_skip_adds_1_on_the_same_unit():
    plain, skipping = (found(watched(made(NETS[name]))) for name in ("mlp", "mlp, skip"))
    np.testing.assert_allclose(plain["path_factor"], plain["path_slope"] * plain["path_weight"], rtol=1e-5)
    same = skipping["path_unit"][1:-1] == skipping["path_unit"][:-2]
    product = (skipping["path_slope"] * skipping["path_weight"])[1:-1]
    np.testing.assert_allclose(skipping["path_factor"][1:-1], product + same, rtol=1e-5)


def test_a_convolutional_net_has_no_path():
    seen = watched(made(NETS["cnn"]))
    assert strongest_path(seen) is None
    assert not [name for name in found(seen) if name.startswith("path")]


@every_net
def test_watching_and_probing_change_neither_numbers_nor_state(name):
    watched_net, plain_net = made(NETS[name]), made(NETS[name])
    torch.manual_seed(3)
    before = torch.get_rng_state()
    found(watched(watched_net))
    assert torch.equal(torch.get_rng_state(), before)
    inputs, labels = batch()
    F.cross_entropy(plain_net(inputs), labels).backward()
    for ours, theirs in zip(watched_net.parameters(), plain_net.parameters(), strict=True):
        assert torch.equal(ours.grad, theirs.grad)
    states = watched_net.state_dict(), plain_net.state_dict()
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[1])


def test_a_net_from_elsewhere_is_measured_too():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
    watch = Watch(net)
    inputs, labels = batch()
    with watch:
        logits = net(inputs)
        loss = F.cross_entropy(logits, labels)
        loss.backward()
    columns = found(watch.seen(logits, labels, loss))
    assert list(watch.layers) == ["0", "3"]
    assert columns["grad_norm"] == pytest.approx([float(net[0].weight.grad.norm()), float(net[3].weight.grad.norm())])
    assert "fraction_saturated" not in columns
    assert not net[0]._forward_hooks


def test_a_new_statistic_is_one_decorated_function_whose_name_is_its_column(monkeypatch):
    monkeypatch.setattr(probes, "SNAPSHOT", dict(probes.SNAPSHOT))

    @probes.probe(probes.SNAPSHOT)
    def largest_weight(seen: Seen) -> torch.Tensor:
        return seen.weights.each(lambda w: w.abs().amax(1))

    model = made(NETS["mlp"])
    expected = [float(layer.weights.weight.detach().abs().max()) for layer in model.layers.values()]
    assert found(watched(model), probes.SNAPSHOT)["largest_weight"].tolist() == expected


def test_a_name_that_is_taken_names_both_places():
    def loss(seen: Seen) -> torch.Tensor:
        return seen.loss

    with pytest.raises(TypeError, match=r"the probe 'loss' is defined in both cnnviz\.engine\.probes and test_probes"):
        probes.probe(probes.HISTOGRAM)(loss)


@pytest.mark.parametrize("activation", words.ACTIVATIONS)
def test_all_columns_are_finite_for_every_activation(activation):
    columns = found(watched(made(Net(net="mlp", depth=6, width=9, activation=activation))))
    assert [name for name, values in columns.items() if not np.isfinite(values).all()] == []
