"""Unpooling: a net's first maps rebuilt from what max pooling leaves of them, knowing where each maximum stood or not knowing."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

IMAGES = 64  # of the test set
ROUNDS = 2  # of 2×2 max pooling, one on the other

COLUMNS = ("unpool_switches", "unpool_corner", "unpool_spread")
PLACES = dict.fromkeys(COLUMNS, tuple(f"{number} pooled" for number in range(1, ROUNDS + 1)))  # what a column's numbers are about


@torch.inference_mode()
def rebuilt(net: nn.Module, inputs: Tensor) -> dict[str, Tensor]:
    """‖x − x̂‖² / ‖x‖² over the first layer's maps x of the first test images, after each of ROUNDS, (rounds,); the net is left in
    training mode.

    unpool_switches: each maximum goes back to where it stood, zeros elsewhere; Zeiler & Fergus 2014. unpool_corner: to the top
    left of its window. unpool_spread: to all four places.
    """
    net.eval()
    first = next(iter(net.get_submodule("layers").children()))
    maps: Tensor = first(inputs[:IMAGES])
    net.train()
    columns: dict[str, list[Tensor]] = {name: [] for name in COLUMNS}
    pooled, switches, sizes = maps, [], []
    for _round in range(ROUNDS):
        sizes.append(pooled.shape[2:])
        pooled, places = F.max_pool2d(pooled, 2, return_indices=True)
        switches.append(places)
        back = dict.fromkeys(columns, pooled)
        for place, size in zip(reversed(switches), reversed(sizes), strict=True):
            back["unpool_switches"] = F.max_unpool2d(back["unpool_switches"], place, [2, 2], output_size=size)
            back["unpool_corner"] = _corner(back["unpool_corner"], size)
            back["unpool_spread"] = _fitted(back["unpool_spread"].repeat_interleave(2, 2).repeat_interleave(2, 3), size)
        for name, found in back.items():
            columns[name].append((found - maps).square().sum() / maps.square().sum())
    return {name: torch.stack(errors) for name, errors in columns.items()}


def _corner(maps: Tensor, size: torch.Size) -> Tensor:
    """Each number at the top left of its window, zeros elsewhere."""
    large = maps.new_zeros(*maps.shape[:2], 2 * maps.shape[2], 2 * maps.shape[3])
    large[:, :, ::2, ::2] = maps
    return _fitted(large, size)


def _fitted(maps: Tensor, size: torch.Size) -> Tensor:
    """With zeros for the last row or column, where pooling left it out."""
    return F.pad(maps, (0, size[1] - maps.shape[3], 0, size[0] - maps.shape[2]))
