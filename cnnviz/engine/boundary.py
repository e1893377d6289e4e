"""The decision boundary of a net on points in the plane: the probability of the second class over a grid, and the points."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from cnnviz.engine.examples import Examples
from cnnviz.engine.nets.committee import Mixture

ACROSS = 41  # points of the grid each way: odd, so that the middle is one of them
MARGIN = 1.05


class Map:
    """A grid over the training points. The points themselves are told once."""

    def __init__(self, found: Examples) -> None:
        self.found = found
        reach = math.ceil(2 * MARGIN * float(found.train_inputs.abs().amax())) / 2
        self.at = torch.linspace(-reach, reach, ACROSS, device=found.train_inputs.device)
        self.grid = torch.stack(torch.meshgrid(self.at, self.at, indexing="xy"), 2).reshape(-1, 2)
        self.told = False

    @torch.no_grad()
    def measured(self, net: nn.Module) -> dict[str, Tensor]:
        """boundary_at (1, 41): places along both axes, in the standardised units of the inputs; boundary (41, 41): the
        probability of the second class there in whole per cent, a row for each y from below. The first time also the training
        points: points_x_0, points_y_0, points_x_1 and points_y_1, (1, points of that class) each.

        Of a mixture also gate (41, 41): which expert counts most there, from 1. In eval mode; the net is left in training mode.
        """
        net.eval()
        second = net(self.grid).softmax(1)[:, 1]
        net.train()
        columns = {"boundary_at": self.at[None], "boundary": (100 * second).round().reshape(ACROSS, ACROSS)}
        if isinstance(net, Mixture):
            columns["gate"] = (net.shares(self.grid).argmax(1) + 1).float().reshape(ACROSS, ACROSS)
        return columns if self.told else columns | self._points()

    def _points(self) -> dict[str, Tensor]:
        self.told = True
        by_class = [self.found.train_inputs[self.found.train_labels == label] for label in (0, 1)]
        return {
            f"points_{axis}_{label}": points[:, place][None]
            for label, points in enumerate(by_class)
            for place, axis in enumerate("xy")
        }
