"""What a batch costs: exact multiples of what one example costs. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.zoo.sizes import Cost

BYTES = 4  # of a float32


@dataclass(frozen=True)
class Budget:
    """Bytes and multiply-adds of one batch in float32.

    weights: the parameters; state: those with their gradients and Adam's two averages; maps: the batch itself and every row's
    output, kept for the backward pass; alive: the most of these that a pass without a backward pass needs at once; macs: of the
    forward pass.
    """

    weights: int
    state: int
    maps: int
    alive: int
    macs: int

    @property
    def training(self) -> int:
        """Bytes while Adam trains."""
        return self.state + self.maps

    @property
    def inference(self) -> int:
        """Bytes while the network only answers."""
        return self.weights + self.alive


def budget(params: int, cost: Cost, batch: int) -> Budget:
    """What a batch of that many examples takes. Multiply-adds and maps grow with it, weights do not."""
    weights = BYTES * params
    return Budget(weights, 4 * weights, BYTES * cost.maps * batch, BYTES * cost.alive * batch, cost.macs * batch)
