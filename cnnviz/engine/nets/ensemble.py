"""ensemble and mixture: several mlps of the net's settings, and how they answer together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from torch import Generator, nn

from cnnviz.engine.examples import Examples
from cnnviz.engine.experiment import Experiment, Net
from cnnviz.engine.nets.committee import Ensemble, Mixture, bagged
from cnnviz.engine.nets.layers import output
from cnnviz.engine.nets.mlp import Mlp, mlp


def ensemble(net: Net, input_shape: Sequence[int], classes: int, generator: Generator) -> Ensemble:
    """Members drawn one after the other; layers are named after their member: fc1 of 1, …."""
    members = [mlp(net, input_shape, classes, generator) for _ in range(net.members)]
    made = Ensemble(members, len(input_shape))
    made.layers = named(members)
    return made


def mixture(net: Net, input_shape: Sequence[int], classes: int, generator: Generator) -> Mixture:
    """Experts drawn one after the other, then the gate: one linear layer, which is measured as the layer `gate`."""
    members = [mlp(net, input_shape, classes, generator) for _ in range(net.members)]
    gate = output(net, math.prod(input_shape), net.members, generator)
    made = Mixture(members, gate)
    made.layers = named(members)
    made.layers["gate"] = gate
    return made


def named(members: Sequence[Mlp]) -> nn.ModuleDict:
    """The layers of all members, by name."""
    found = nn.ModuleDict()
    for place, member in enumerate(members, 1):
        found.update({f"{name} of {place}": layer for name, layer in member.layers.items()})
    return found


def learned_from(found: Examples, experiment: Experiment) -> Examples:
    """What a net's batches are drawn from: of an ensemble, a sample for each member."""
    if experiment.net.net != "ensemble":
        return found
    inputs, labels = bagged(found.train_inputs, found.train_labels, experiment.net.members, experiment.seed)
    return replace(found, train_inputs=inputs, train_labels=labels)
