"""Unpooling: a net's first maps rebuilt from what max pooling leaves of them, knowing where each maximum stood or not knowing."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnviz.engine.words import UNPOOLINGS

IMAGES = 64  # of the test set
COLUMNS = ("unpooled_once", "unpooled_twice")
PLACES = dict.fromkeys(COLUMNS, UNPOOLINGS)  # what a column's numbers are about


@torch.inference_mode()
def rebuilt(net: nn.Module, inputs: Tensor) -> dict[str, Tensor]:
    """‖x − x̂‖² / ‖x‖² over the first layer's maps x of the first test images, max-pooled once or twice and brought back to their
    size in each of UNPOOLINGS, (ways,); the net is left in training mode.

    switches: each maximum goes back to where it stood, zeros elsewhere; Zeiler & Fergus 2014. corner: to the top left of its
    window. spread: to all of it.
    """
    net.eval()
    first = next(iter(net.get_submodule("layers").children()))
    maps: Tensor = first(inputs[:IMAGES])
    net.train()
    columns: dict[str, Tensor] = {}
    pooled, switches, sizes = maps, [], []
    for column in COLUMNS:
        sizes.append(pooled.shape[2:])
        pooled, places = F.max_pool2d(pooled, 2, return_indices=True)
        switches.append(places)
        back = dict.fromkeys(UNPOOLINGS, pooled)
        for place, size in zip(reversed(switches), reversed(sizes), strict=True):
            back["switches"] = F.max_unpool2d(back["switches"], place, [2, 2], output_size=size)
            back["corner"] = _corner(back["corner"], size)
            back["spread"] = _fitted(back["spread"].repeat_interleave(2, 2).repeat_interleave(2, 3), size)
        columns[column] = torch.stack([(found - maps).square().sum() for found in back.values()]) / maps.square().sum()
    return columns


def _corner(maps: Tensor, size: torch.Size) -> Tensor:
    """Each number at the top left of its window, zeros elsewhere."""
    large = maps.new_zeros(*maps.shape[:2], 2 * maps.shape[2], 2 * maps.shape[3])
    large[:, :, ::2, ::2] = maps
    return _fitted(large, size)


def _fitted(maps: Tensor, size: torch.Size) -> Tensor:
    """With zeros for the last row or column, where pooling left it out."""
    return F.pad(maps, (0, size[1] - maps.shape[3], 0, size[0] - maps.shape[2]))
