"""Batch normalisation: by hand against autograd and finite differences, folding against torch's fusion, measuring undisturbed."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from cnnviz import Experiment, record, replace
from cnnviz.engine import by_hand, nets
from cnnviz.engine.calculation import CALCULATIONS, by_autograd
from cnnviz.engine.experiment import Calculation, ExperimentError, Net
from cnnviz.engine.modes import MATES, _folded, modes
from cnnviz.engine.nets.norms.batch import folded_into
from cnnviz.engine.objectives import OBJECTIVES
from cnnviz.engine.words import CALCULATIONS as NAMES

HAND = Experiment.of(calculation="batch_norm", steps=1, snapshots=2)
BATCHES = {
    "ages": HAND.calculation,
    "outlier": Calculation(batch=(18, 25, 800), upstream=(1, -2, 0.5), gamma=-1.5, beta=2),
    "alike": Calculation(batch=(30, 30, 30), upstream=(1, -2, 0.5)),
    "one example": Calculation(batch=(7,), upstream=(1,)),
    "cancels": Calculation(batch=(1, 2, 3), upstream=(-1.2247, 0, 1.2247)),
}
every_batch = pytest.mark.parametrize("name", BATCHES)


def both(given):
    x = np.array(given.batch)
    upstream = by_hand.padded(given.upstream, len(x))
    return x, upstream, by_hand.backward(x, upstream, given.gamma, given.epsilon)


def test_the_registry_is_that_of_the_words():
    assert ("none", *CALCULATIONS) == NAMES


@every_batch
def test_the_six_equations_are_autograds_gradients(name):
    x, upstream, hand = both(BATCHES[name])
    auto = by_autograd(x, upstream, BATCHES[name])
    assert tuple(hand) == tuple(auto) == by_hand.EQUATIONS
    for equation, gradient in hand.items():
        assert gradient.apart(auto[equation]) < 1e-12, equation


def test_the_gradient_by_x_is_that_of_finite_differences():
    given = BATCHES["ages"]
    x, upstream, hand = both(given)

    def loss(values):
        return float(upstream @ by_hand.forward(values, given.gamma, given.beta, given.epsilon).y)

    slopes = [(loss(x + step) - loss(x - step)) / 2e-4 for step in 1e-4 * np.eye(len(x))]
    np.testing.assert_allclose(hand["d_x"].value, slopes, rtol=1e-5, atol=1e-8)


def test_a_wrong_equation_is_told():
    _x, _upstream, hand = both(BATCHES["ages"])
    assert hand["d_x"].apart(1.01 * hand["d_x"].value) > 1e-3


def test_the_forward_pass_is_torchs_batch_norm():
    given = replace(HAND, gamma=1.7, beta=-0.3).calculation
    norm = nn.BatchNorm1d(1, eps=given.epsilon).double()
    nn.init.constant_(norm.weight, given.gamma)
    nn.init.constant_(norm.bias, given.beta)
    theirs = norm(torch.tensor(given.batch, dtype=torch.float64)[:, None])[:, 0].detach().numpy()
    np.testing.assert_allclose(
        by_hand.forward(np.array(given.batch), given.gamma, given.beta, given.epsilon).y, theirs, rtol=1e-12
    )


def test_missing_upstream_gradients_are_0_and_those_too_many_are_left_out():
    assert by_hand.padded((1.0, 2.0), 4).tolist() == [1, 2, 0, 0]
    assert by_hand.padded((1.0, 2.0), 1).tolist() == [1]


def test_a_calculation_is_recorded_at_step_0_with_a_number_an_example():
    recording = record(replace(HAND, batch=(1, 2, 4), upstream=(1,)))
    assert recording.layers == ("x1", "x2", "x3")
    assert recording.steps.tolist() == [0]
    assert recording.ending.state == "done"
    assert recording.column("d_x").shape == (1, 3)
    assert recording.column("relative_error").max() < 1e-12


def test_months_instead_of_years_leave_y_and_shrink_the_gradient_twelvefold():
    recording = record(HAND)
    np.testing.assert_allclose(recording.column("rescaled_y"), recording.column("y"), rtol=1e-5)
    np.testing.assert_allclose(12 * recording.column("rescaled_d_x"), recording.column("d_x"), rtol=1e-4)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"batch": ()}, r"^batch \(=\(\)\) must be a list of 1 to 12 numbers\.$"),
        ({"batch": (1,) * 13}, r"must be a list of 1 to 12 numbers\.$"),
        ({"batch": ("x",)}, r"^batch \(='x'\) must be a finite number\.$"),
        ({"batch": (1e9,)}, r"^batch \(=1e\+09\) must be between -10000 and 10000"),
    ],
)
def test_a_batch_that_can_not_be_used_is_refused_in_a_sentence(settings, sentence):
    with pytest.raises(ExperimentError, match=sentence):
        replace(HAND, **settings)


# In a net


def trained(net):
    """A net with batch norm whose running statistics, scales and shifts are no longer those of the start, and test inputs."""
    generator = torch.Generator().manual_seed(0)
    model = nets.build(Net(net=net, depth=4, width=6, norm="batch"), (1, 8, 8), 5, generator)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 2.0, generator=generator)
            nn.init.uniform_(module.bias, -1.0, 1.0, generator=generator)
    inputs = torch.randn(60, 1, 8, 8, generator=generator)
    with torch.no_grad():
        for part in inputs.split(20):
            model(3 * part + 1)
    return model, inputs, torch.arange(60) % 5


@pytest.mark.parametrize("net", ["mlp", "cnn"])
def test_folding_gives_what_torchs_fusion_gives(net):
    model, _inputs, _labels = trained(net)
    model.eval()
    fuse = fuse_linear_bn_eval if net == "mlp" else fuse_conv_bn_eval
    for layer in list(model.layers.values())[:-1]:
        ours, theirs = folded_into(layer.weights, layer.norm), fuse(layer.weights, layer.norm)
        torch.testing.assert_close(ours.weight, theirs.weight)
        torch.testing.assert_close(ours.bias, theirs.bias)


@pytest.mark.parametrize("net", ["mlp", "cnn"])
def test_a_folded_net_answers_as_the_net_in_eval_mode(net):
    model, inputs, _labels = trained(net)
    folded = _folded(model)
    assert not any(isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) for module in folded.modules())
    model.eval()
    with torch.no_grad():
        torch.testing.assert_close(folded(inputs), model(inputs), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("net", ["mlp", "cnn"])
def test_comparing_modes_leaves_the_net_as_it_was(net):
    model, inputs, labels = trained(net)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes(model, inputs, labels, 20, OBJECTIVES["classify"])
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_modes_are_measured_as_by_hand():
    model, inputs, labels = trained("mlp")
    running = model.layers["fc1"].norm.running_mean.clone()
    found = modes(model, inputs, labels, 20, OBJECTIVES["classify"])
    with torch.no_grad():
        z = [model.layers["fc1"].weights(part.flatten(1)) for part in inputs.split(20)]
        gaps = torch.stack([((running - part.mean(0)) ** 2 / (part.var(0, correction=0) + 1e-5)).mean() for part in z])
        logits = torch.cat([model(part) for part in inputs.split(20)])
    assert float(found["running_mean_gap"][0]) == pytest.approx(float(gaps.mean().sqrt()), rel=1e-4)
    assert float(found["batch_accuracy"]) == pytest.approx(float((logits.argmax(1) == labels).float().mean()))
    assert torch.isnan(found["running_mean_gap"]).tolist() == [False, False, False, True]
    assert found["mates"].shape == (MATES,)
    assert float(found["mates"].std()) > 0


def test_without_batch_norm_both_modes_are_one():
    model = nets.build(Net(depth=3, width=6), (1, 8, 8), 5, torch.Generator().manual_seed(0))
    inputs = torch.randn(40, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    found = modes(model, inputs, torch.arange(40) % 5, 20, OBJECTIVES["classify"])
    assert float(found["fold_difference"]) == 0
    assert float(found["mates"].std()) < 1e-6
    assert float(found["mates"][0]) == pytest.approx(float(found["mates_alone"][0]), rel=1e-5)


def test_recording_modes_changes_nothing_of_the_training():
    base = Experiment.of(
        dataset="digits", train_examples=200, test_examples=50, depth=3, width=8, norm="batch", steps=12, batch_size=16, lr=0.1,
        snapshots=2_000, evaluations=2_000,
    )  # fmt: skip
    quiet, measured = record(base), record(replace(base, modes=True))
    for name in ("loss", "test_loss"):
        assert quiet.column(name).tolist() == measured.column(name).tolist()
