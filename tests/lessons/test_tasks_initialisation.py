"""What comes out of lesson 230's tasks: the same numbers, counted a second way."""

import math

import numpy as np
import pytest
import torch

import cnnviz
from cnnviz.engine import nets
from cnnviz.engine.experiment import replace
from cnnviz.lessons import find
from cnnviz.lessons.tasks.initialisation import TASKS
from cnnviz.plots.numbers import number_text, times_of

LESSON = find("initialisation")
BOTH_WAYS, SPREAD, DECAY = (task.came_out for task in TASKS)
FRESH = {"steps": 0, "snapshots": 2, "histograms": 0, "evaluations": 0}


def fresh(preset="relu", **settings):
    """A preset's first variant, untrained."""
    return cnnviz.record(replace(LESSON.presets[preset].variants["A"], **{**FRESH, **settings}))


def test_both_ways_are_told_from_the_first_hidden_layer_to_the_last(stored):
    recordings = stored("relu")
    parts = []
    for letter, recording in recordings.items():
        forward, back = (np.asarray(recording.column(name), float)[0, :20] for name in ("z_var", "activation_grad_var"))
        up, down = times_of(forward[19] / forward[0]), times_of(back[0] / back[19])
        parts.append(f"{letter} Var z comes to {up} its size, and on the way back the gradient's variance to {down} its size")
    assert BOTH_WAYS(recordings) == f"On fresh weights, from the first hidden layer to the last: {'; '.join(parts)}."


def test_the_spread_is_that_of_the_weights_themselves():
    recording = fresh(init="normal", width=128, init_std=0.125)
    generator = torch.Generator().manual_seed(recording.experiment.seed)
    net = nets.build(recording.experiment.net, (1, 28, 28), 10, generator)
    weights = [layer.get_parameter("weights.weight").detach() for layer in net.layers.values()][1:20]
    assert {tuple(weight.shape) for weight in weights} == {(128, 128)}
    expected = 128 * float(torch.stack([(weight.double() ** 2).mean() for weight in weights]).mean())
    assert expected == pytest.approx(2, rel=0.05)
    forward = recording.column("z_var")[0].astype(float)
    told = SPREAD({"A": recording})
    assert told.startswith(f"On fresh weights: A n σ² = {number_text(expected)}, Var z of fc20 is ")
    assert told.endswith(f" is {times_of(forward[19] / forward[0])} layer 1's.")


def test_a_decay_is_told_halfway_and_at_the_last_hidden_layer(stored):
    recordings = stored("tanh")
    variances = {letter: recording.column("activation_var")[0].astype(float) for letter, recording in recordings.items()}
    parts = [
        f"{letter} fc10 has {times_of(found[9] / found[0])} it, fc20 has {times_of(found[19] / found[0])} it"
        for letter, found in variances.items()
    ]
    assert DECAY(recordings) == f"On fresh weights, beside the variance of layer 1's activations: {'; '.join(parts)}."


def test_nothing_is_told_where_nothing_comes_through_or_the_net_is_shallow():
    zero = {"A": fresh("symmetry")}
    assert [task.came_out(zero) for task in TASKS] == [None, None, None]
    shallow = {"A": fresh(depth=3)}
    assert [task.came_out(shallow) for task in TASKS] == [None, None, None]


def test_a_spread_is_not_told_of_convolutions_and_nothing_without_the_variances():
    convolutions = {"A": fresh(net="cnn", width=8, depth=6, pooling="none")}
    assert SPREAD(convolutions) is None
    assert BOTH_WAYS(convolutions) is not None
    plain = {"A": fresh(signal=False)}
    assert [task.came_out(plain) for task in TASKS] == [None, None, None]


def test_every_stop_that_a_task_asks_for_is_a_value_of_its_setups():
    assert {0.0625, 0.125} <= set(LESSON.tried("init_std"))
    assert LESSON.tried("init_scale") == (math.sqrt(2),)
    assert set(LESSON.tried("depth")) == {100}
