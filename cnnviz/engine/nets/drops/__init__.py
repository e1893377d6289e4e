"""Kinds of dropout that a net may have, by name, a file each: of a hidden layer's outputs, or, as OnWeights, of its weights."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from cnnviz.engine.experiment import Dropout
from cnnviz.engine.nets.drops.drop_block import drop_block
from cnnviz.engine.nets.drops.drop_connect import drop_connect
from cnnviz.engine.nets.drops.inverted import inverted
from cnnviz.engine.nets.drops.plain import plain
from cnnviz.engine.nets.drops.spatial import spatial


def none(given: Dropout) -> None:
    """Nothing is dropped."""
    return


DROPS: dict[str, Callable[[Dropout], nn.Module | None]] = {
    "none": none,
    "plain": plain,
    "inverted": inverted,
    "spatial": spatial,
    "drop_connect": drop_connect,
    "drop_block": drop_block,
}
