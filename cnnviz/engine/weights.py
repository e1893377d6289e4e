"""What the weights themselves look like: how many are exactly 0, and how large the largest unit's are."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.linalg import vector_norm

from cnnviz.engine.probes import Statistic, probe
from cnnviz.engine.watch import Seen

WEIGHTS: dict[str, Statistic] = {}  # with every snapshot, where an experiment asks for it


@probe(WEIGHTS)
def zero_weights(seen: Seen) -> Tensor:
    """Fraction of a layer's weights that are exactly 0."""
    return seen.weights.each(lambda w: (w == 0).float().mean(1))


@probe(WEIGHTS)
def zero_share(seen: Seen) -> Tensor:
    """The same of all layers' weights together: a scalar."""
    return torch.stack([(w == 0).sum() for _run, w in seen.weights]).sum() / sum(w.numel() for _run, w in seen.weights)


@probe(WEIGHTS)
def largest_unit(seen: Seen) -> Tensor:
    """The largest L2 norm of one unit's incoming weights, of each layer."""
    return torch.stack([vector_norm(layer.weight.flatten(1), dim=1).amax() for layer in seen.layers])  # type: ignore[operator]
