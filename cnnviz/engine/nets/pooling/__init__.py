"""How a cnn's maps get smaller, and how they end, by name, a file each; all but `strided` stand behind an activation.

A pool makes (N, C, H // 2, W // 2) of (N, C, H, W): one number of each 2×2 window, whose last row or column is left out where H
or W is odd.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from cnnviz.engine.experiment import Net
from cnnviz.engine.nets.pooling.average import average_pool
from cnnviz.engine.nets.pooling.blur import blur_pool
from cnnviz.engine.nets.pooling.flatten import flatten
from cnnviz.engine.nets.pooling.global_average import global_average
from cnnviz.engine.nets.pooling.largest import max_pool
from cnnviz.engine.nets.pooling.lp import lp_pool
from cnnviz.engine.nets.pooling.stochastic import stochastic_pool
from cnnviz.engine.nets.pooling.strided import strided

Pool = Callable[[Net], nn.Module | None]


def none(net: Net) -> None:
    """Maps keep their size."""
    return


POOLS: dict[str, Pool] = {
    "max": max_pool,
    "average": average_pool,
    "stochastic": stochastic_pool,
    "lp": lp_pool,
    "strided": strided,
    "blur": blur_pool,
    "none": none,
}
ENDINGS: dict[str, Callable[[Tensor], Tensor]] = {"global_average": global_average, "flatten": flatten}
