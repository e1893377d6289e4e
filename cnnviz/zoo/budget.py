"""What a batch costs: exact multiples of a table's totals. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.zoo.rows import Totals

BYTES = 4  # of a float32


@dataclass(frozen=True)
class Budget:
    """Bytes and multiply-adds of one batch in float32. weights: the parameters; training: those with their gradients and Adam's
    two averages; activations: every row's output kept for the backward pass; macs: of the forward pass."""

    weights: int
    training: int
    activations: int
    macs: int


def budget(sums: Totals, batch: int) -> Budget:
    """What a batch of that many examples takes. Multiply-adds and activations grow with it, weights do not."""
    weights = BYTES * sums.params
    return Budget(weights, 4 * weights, BYTES * sums.activations * batch, sums.macs * batch)
