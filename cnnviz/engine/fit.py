"""A fitted curve: the target, the network's answer over x in −1 … 1, and the pieces that a maxout difference makes it of."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cnnviz.engine.data.curve import targets
from cnnviz.engine.experiment import Data
from cnnviz.engine.nets.difference import MaxoutDifference

POINTS = 161


@torch.no_grad()
def fitted(net: nn.Module, data: Data, device: torch.device) -> dict[str, Tensor]:
    """Columns of one line each, (1, points): fit_x, fit_target, fit_output; for a maxout difference its two convex halves
    fit_up and fit_down, and the ends of its pieces, (pieces, 2): piece_x, piece_up and piece_down."""
    x = torch.linspace(-1, 1, POINTS, dtype=torch.float64)
    wanted = torch.from_numpy(targets(x.numpy(), data.curve, data.heights))
    inputs = x[:, None].float().to(device)
    net.eval()
    columns = {"fit_x": x.float(), "fit_target": wanted.float(), "fit_output": net(inputs)[:, 0]}
    if isinstance(net, MaxoutDifference):
        columns |= {f"fit_{name}": layer(inputs)[:, 0] for name, layer in net.layers.items()}
    net.train()
    return {name: values[None].to(device) for name, values in columns.items()} | _pieces(net, device)


def _pieces(net: nn.Module, device: torch.device) -> dict[str, Tensor]:
    if not isinstance(net, MaxoutDifference):
        return {}
    ends = torch.tensor([-1.0, 1.0], device=device)
    columns = {"piece_x": ends.expand(net.pieces, 2)}
    for name, layer in net.layers.items():
        slopes, heights = layer.parameters()  # (pieces, 1) and (pieces,)
        columns[f"piece_{name}"] = slopes * ends + heights[:, None]
    return columns
