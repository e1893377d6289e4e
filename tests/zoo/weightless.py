"""Networks without memory for their weights, and their tables, made once for all tests of the zoo."""

from __future__ import annotations

from functools import cache

import torch
from torch import nn

from cnnviz.zoo import Row, registry
from cnnviz.zoo.trace import table_of


@cache
def weightless(name: str) -> nn.Module:
    """A network on the meta device, as it is when it does not train."""
    with torch.device("meta"):
        return registry.find(name).build().eval()


@cache
def rows_of(name: str) -> tuple[Row, ...]:
    """A network's rows, written down anew."""
    return table_of(weightless(name), registry.find(name).card.input_shape)
