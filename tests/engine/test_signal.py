"""The signal's probes against the same numbers computed by hand with autograd."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnnviz import Experiment, record, replace
from cnnviz.engine import nets
from cnnviz.engine.examples import batches, examples
from cnnviz.engine.signal import COLUMNS, PICTURE, ROWS, SIGNAL

TINY = Experiment.of(
    dataset="digits", train_examples=200, test_examples=10, depth=4, width=40, steps=20, batch_size=32, lr=0.05,
    snapshots=10, histograms=3, evaluations=0, signal=True,
)  # fmt: skip


def by_hand(experiment):
    """Of a mlp: z, a, ∂loss/∂z and ∂loss/∂a of each layer of the fresh net on its first batch."""
    found = examples(experiment, torch.device("cpu"))
    net = nets.build(experiment.net, found.input_shape, found.classes, torch.Generator().manual_seed(experiment.seed))
    inputs, labels = next(batches(found, experiment.batch_size, experiment.seed))
    x, zs, activations = inputs.flatten(1), [], []
    for layer in net.layers.values():
        z = x @ layer.weight.T + layer.weights.bias
        x = layer.function.value(z)
        zs.append(z)
        activations.append(x)
    loss = F.cross_entropy(x, labels)
    gradients = torch.autograd.grad(loss, [*zs, *activations])
    return net, zs, activations, gradients[: len(zs)], gradients[len(zs) :]


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "maxout"])
def test_variances_are_those_of_the_whole_batch(activation):
    experiment = replace(TINY, activation=activation)
    recording = record(experiment)
    net, zs, activations, z_gradients, gradients = by_hand(experiment)
    slow = {
        "z_var": [z.var(correction=0) for z in zs],
        "activation_var": [a.var(correction=0) for a in activations],
        "activation_square": [(a**2).mean() for a in activations],
        "z_grad_var": [(g**2).mean() for g in z_gradients],
        "activation_grad_var": [(g**2).mean() for g in gradients],
        "row_difference": [max(float(w.max() - w.min()) for w in layer.weight.detach().T) for layer in net.layers.values()],
    }
    assert set(slow) == set(SIGNAL)
    for name, values in slow.items():
        np.testing.assert_allclose(
            recording.column(name)[0], [float(torch.as_tensor(v).detach()) for v in values], rtol=1e-4, err_msg=name
        )


def test_the_pictures_are_a_corner_of_layer_2_and_its_products():
    recording = record(TINY)
    weight = by_hand(TINY)[0].layers["fc2"].weight.detach().numpy()
    np.testing.assert_array_equal(recording.column("weight_rows")[0], weight[:ROWS, :COLUMNS])
    np.testing.assert_allclose(recording.column("weight_gram")[0], (weight.T @ weight)[:ROWS, :ROWS], atol=1e-5)
    assert recording.steps_of("weight_rows")[[0, -1]].tolist() == [0, 20]
    assert not np.array_equal(recording.column("weight_rows")[0], recording.column("weight_rows")[-1])


def test_orthogonal_columns_show_the_identity():
    recording = record(replace(TINY, init="orthogonal"))
    np.testing.assert_allclose(recording.column("weight_gram")[0], np.eye(ROWS), atol=1e-5)
    assert recording.column("gram_error")[0] < 1e-5


@pytest.mark.parametrize("init", ["zero", "constant"])
@pytest.mark.parametrize("net", ["mlp", "cnn"])
def test_equal_units_stay_equal(init, net):
    recording = record(replace(TINY, init=init, init_std=0.05, activation="tanh", net=net, width=16))
    assert np.abs(recording.column("row_difference")[:, :-1]).max() <= 1e-6


def test_a_run_that_asks_for_no_signal_has_none_and_learns_the_same():
    plain, watched = record(replace(TINY, signal=False)), record(TINY)
    assert not {*SIGNAL, *PICTURE} & set(plain.names)
    assert plain.column("loss").tolist() == watched.column("loss").tolist()


@pytest.mark.parametrize("settings", [{"norm": "batch"}, {"net": "cnn", "width": 6}, {"skip": True}])
def test_every_net_has_its_variances_and_delta_only_without_norm(settings):
    names = set(record(replace(TINY, **settings)).names)
    assert {"z_var", "activation_grad_var", "row_difference"} <= names
    assert ("z_grad_var" in names) == ("norm" not in settings)
