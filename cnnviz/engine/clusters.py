"""Clusters: what the output layer reads of three classes, in the plane through their weights. Müller et al. 2019, figure 1."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.linalg import vector_norm

from cnnviz.engine.compatible import CLUSTERS
from cnnviz.engine.evaluation import AT_ONCE
from cnnviz.engine.examples import Examples
from cnnviz.engine.watch import layers_of

DRAWN = 40  # examples of a class at most


@torch.inference_mode()
def clustered(net: nn.Module, found: Examples) -> dict[str, Tensor]:
    """`picture` of training and test set in eval mode, as columns train_… and test_…; the net is left in training mode."""
    net.eval()
    last = [*layers_of(net).values()][-1]
    plane = basis(last.get_parameter("weights.weight")[:CLUSTERS])
    columns: dict[str, Tensor] = {}
    for split, inputs, labels in (
        ("train", found.train_inputs, found.train_labels),
        ("test", found.test_inputs, found.test_labels),
    ):
        parts = [penultimate(net, last, inputs[labels == label]) @ plane.T for label in range(CLUSTERS)]
        columns |= {f"{split}_{name}": value for name, value in picture(parts).items()}
    net.train()
    return columns


def penultimate(net: nn.Module, last: nn.Module, inputs: Tensor) -> Tensor:
    """What the last layer is given: (N, …) to (N, features)."""
    met: list[Tensor] = []
    handle = last.register_forward_pre_hook(lambda _layer, given: met.append(given[0]))
    for part in inputs.split(AT_ONCE):
        net(part)
    handle.remove()
    return torch.cat(met)


def basis(templates: Tensor) -> Tensor:
    """(3, features) to the orthonormal (2, features) of the plane through three templates, by Gram and Schmidt: the first axis
    points from the first template to the second, the third one lies above it."""
    along, across = templates[1] - templates[0], templates[2] - templates[0]
    first = along / vector_norm(along)
    across = across - (across @ first) * first
    return torch.stack([first, across / vector_norm(across)])


def picture(parts: Sequence[Tensor]) -> dict[str, Tensor]:
    """Points of the plane by class, (examples, 2) each, to columns.

    cluster_x, cluster_y (3, 40): the first ones of each class, in units of the mean distance between the classes' centres, from
        the middle of the three; NaN where a class has fewer.
    cluster_spread: root mean square distance of a point from its class's centre, over the mean distance between centres.
    """
    centres = torch.stack([points.mean(0) for points in parts])
    unit = torch.pdist(centres).mean()
    spread = torch.cat([points - centre for points, centre in zip(parts, centres, strict=True)]).square().sum(1).mean().sqrt()
    drawn = centres.new_full((CLUSTERS, DRAWN, 2), float("nan"))
    for row, points in zip(drawn, parts, strict=True):
        few = points[:DRAWN]
        row[: len(few)] = (few - centres.mean(0)) / unit
    return {"cluster_x": drawn[..., 0], "cluster_y": drawn[..., 1], "cluster_spread": spread / unit}
