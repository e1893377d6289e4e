"""Batch normalisation, then noise of another mean and variance at every step. Santurkar et al. 2018, arXiv 1805.11604."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from cnnviz.engine.experiment import Net
from cnnviz.engine.nets.streams import seed_streams

WITHIN = 0.1  # how far examples of one batch differ in the noise of a unit


class NoisyBatch(nn.Module):
    """Batch normalisation of (N, features), or (N, features, H, W) where `spatial`, and while training s · y + m of its result y.

    Each step draws for each unit μ from U(±mean) and σ from U(1, scale), and for each example m from U(μ ± 0.1) and s from
    N(σ, 0.1²): one pair for a whole map. What a step draws is decided by `seed` and the number of batches that were seen, so
    whoever puts the buffers back draws it again.
    """

    def __init__(self, features: int, spatial: bool, mean: float, scale: float) -> None:
        super().__init__()
        self.batch = nn.BatchNorm2d(features) if spatial else nn.BatchNorm1d(features)
        self.mean, self.scale, self.seed = mean, scale, 0

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.batch(x)
        if not self.training:
            return y
        shift, factor = self.noise(y)
        return factor * y + shift

    def noise(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """m and s of this step, each (N, features), with ones for the positions of a map."""
        generator = Generator(y.device).manual_seed(self.seed + int(self.batch.num_batches_tracked or 0))
        units, examples = (1, y.shape[1]), y.shape[:2]
        means = torch.empty(units, device=y.device).uniform_(-self.mean, self.mean, generator=generator)
        scales = torch.empty(units, device=y.device).uniform_(1, self.scale, generator=generator)
        shift = means + torch.empty(examples, device=y.device).uniform_(-WITHIN, WITHIN, generator=generator)
        factor = scales + WITHIN * torch.randn(examples, device=y.device, generator=generator)
        shape = (*examples, *[1] * (y.ndim - 2))
        return shift.view(shape), factor.view(shape)


def seed_noise(net: nn.Module, seed: int) -> None:
    """Give every noisy layer of a net a stream of its own; the net's weights are drawn elsewhere."""
    seed_streams(net, NoisyBatch, seed)


def noisy_batch(net: Net, features: int, spatial: bool) -> nn.Module:
    """For (N, features), or (N, features, H, W) where `spatial`; `seed_noise` decides what it draws."""
    return NoisyBatch(features, spatial, net.noise_mean, net.noise_scale)
