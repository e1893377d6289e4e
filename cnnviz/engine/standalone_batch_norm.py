"""What `export` cuts the script of batch normalisation by hand from; for the rules see `standalone`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from cnnviz.engine.by_hand import EQUATIONS, Numbers, backward, forward


# %% Settings
@dataclass(frozen=True)
class Batch:
    """A mini-batch of one feature, the gradients that come from above, and the parameters of its normalisation."""

    x: Numbers
    upstream: Numbers
    gamma: float
    beta: float
    epsilon: float


# %% Gradients by hand, and by autograd
def by_autograd(batch: Batch) -> dict[str, Numbers]:
    """The gradients of ℓ = Σ upstream_i y_i, in the order of EQUATIONS, by torch."""
    x, gamma, beta = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (batch.x, batch.gamma, batch.beta))
    mean = x.mean()
    variance = ((x - mean) ** 2).mean()
    x_hat = (x - mean) / torch.sqrt(variance + batch.epsilon)
    loss = (torch.from_numpy(batch.upstream) * (gamma * x_hat + beta)).sum()
    gradients = torch.autograd.grad(loss, [x_hat, variance, mean, x, gamma, beta])
    return {name: gradient.reshape(-1).numpy() for name, gradient in zip(EQUATIONS, gradients, strict=True)}


# %% What is compared
VARIANTS = {"A": Batch(np.array([1.0, 2.0]), np.array([0.5, 0.0]), gamma=1.0, beta=0.0, epsilon=1e-5)}


def print_values(name: str, what: str, values: Numbers | float) -> None:
    """One line: a number an example."""
    print(f"{name}  {what}  {'  '.join(f'{value:.10g}' for value in np.atleast_1d(values))}")


def main() -> None:
    """Print the forward pass of each batch, then each equation of the backward pass by hand and by autograd."""
    for name, batch in VARIANTS.items():
        passed = forward(batch.x, batch.gamma, batch.beta, batch.epsilon)
        for what in ("mean", "variance", "x_hat", "y"):
            print_values(name, what, getattr(passed, what))
        auto = by_autograd(batch)
        hand = backward(batch.x, batch.upstream, batch.gamma, batch.epsilon)
        for what, gradient in hand.items():
            print_values(name, what, gradient.value)
            print_values(name, f"auto_{what}", auto[what])
        print_values(name, "relative_error", np.array([gradient.apart(auto[what]) for what, gradient in hand.items()]))


# %% Run
if __name__ == "__main__":
    main()
