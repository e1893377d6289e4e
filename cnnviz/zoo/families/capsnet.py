"""Dynamic Routing Between Capsules.

Sabour, Frosst & Hinton, 2017, arXiv 1710.09829, equations 1–4, procedure 1, Figures 1 and 2, Table 1.
Differs here: lengths are what logits are elsewhere; where no class is given, the longest capsule is decoded, in training, too.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from cnnviz.zoo.cards import Card, Paper, Printed, PublishedError
from cnnviz.zoo.registry import register

TEST = "test, mean of three, training images shifted by up to 2 pixels"
CAPSNET = Card(
    name="capsnet",
    title="CapsNet",
    family="capsnet",
    paper=Paper(
        title="Dynamic Routing Between Capsules",
        authors="Sabour, Frosst, Hinton",
        year=2017,
        venue="NIPS 2017",
        link="https://arxiv.org/abs/1710.09829",
    ),
    categories=("spatial exploitation",),
    input_shape=(1, 28, 28),
    classes=10,
    params=Printed("6.8M", "section 5, without the reconstruction"),
    depth=3,
    errors=(PublishedError(0.35, "error", "MNIST", TEST, "Table 1, routing 3, no reconstruction"),),
    differs="Its results are the lengths of ten vectors, each between 0 and 1, instead of logits.",
    surveyed=False,
)
WITH_RECONSTRUCTION = replace(
    CAPSNET,
    name="capsnet_reconstruction",
    title="CapsNet with reconstruction",
    params=Printed("8.2M", "section 5"),
    depth=None,
    errors=(PublishedError(0.25, "error", "MNIST", TEST, "Table 1, routing 3, reconstruction"),),
    differs="Puts out the lengths of ten vectors, and the image decoded from one of them: that of the class which `forward` is "
    "given, as the paper has it while training, else the longest.",
)
PRIMARY, DIGIT = 8, 16  # values of a capsule, below and above


class Squash(nn.Module):
    """v = |s|² / (1 + |s|²) · s / |s| over the last axis: same direction, length below 1. Equation 1."""

    row = "activation"

    def forward(self, s: Tensor) -> Tensor:
        square = s.square().sum(-1, keepdim=True)
        return s * square / (1 + square) / (square + 1e-12).sqrt()  # without it no gradient at 0


class ToCapsules(nn.Module):
    """(N, maps · size, H, W) to (N, maps · H · W, size): every place of every group of maps is a capsule."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        return x.unflatten(1, (-1, self.size)).transpose(1, 2).flatten(2).transpose(1, 2)


class RoutedCapsules(nn.Module):
    """(N, I, D) to (N, J, O): votes û_{j|i} = W_ij u_i, weighed by routing by agreement. Equations 2 and 3, procedure 1.

    Each round, softmax over j of the logits b_ij shares a capsule's vote out; b_ij grows by û_{j|i} · v_j where they agree.
    """

    row = "capsule"

    def __init__(self, below: int, size_below: int, above: int, size: int, rounds: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.1 * torch.randn(below, above, size_below, size))
        self.squash = Squash()
        self.rounds = rounds

    def forward(self, u: Tensor) -> Tensor:
        votes = torch.einsum("nid,ijdo->nijo", u, self.weight)
        b = votes.new_zeros(votes.shape[:3])
        v = self._shared_out(votes, b)
        for _ in range(self.rounds - 1):
            b = b + torch.einsum("nijo,njo->nij", votes, v)
            v = self._shared_out(votes, b)
        return v

    def _shared_out(self, votes: Tensor, b: Tensor) -> Tensor:
        v: Tensor = self.squash(torch.einsum("nij,nijo->njo", b.softmax(2), votes))
        return v


class Length(nn.Module):
    """|v| of each capsule: (N, J, O) to (N, J)."""

    row = "activation"

    def forward(self, v: Tensor) -> Tensor:
        return (v.square().sum(2) + 1e-12).sqrt()


class CapsNet(nn.Module):
    """(N, C, 28, 28) to lengths (N, classes); with reconstruction also the image, (N, C · 28 · 28) in 0 … 1.

    targets: classes (N,) whose capsules are decoded, the longest unless given.
    """

    def __init__(self, classes: int, in_channels: int, reconstruction: bool, rounds: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 256, 9)  # 256×20×20
        self.relu1 = nn.ReLU()
        self.primary = nn.Conv2d(256, 32 * PRIMARY, 9, 2)  # 256×6×6
        self.capsules = ToCapsules(PRIMARY)  # 1152×8
        self.squash = Squash()
        self.digit = RoutedCapsules(32 * 6 * 6, PRIMARY, classes, DIGIT, rounds)
        self.length = Length()
        self.decoder = decoder(classes * DIGIT, in_channels * 28 * 28) if reconstruction else None

    def forward(self, x: Tensor, targets: Tensor | None = None) -> Tensor | tuple[Tensor, Tensor]:
        primary = self.squash(self.capsules(self.primary(self.relu1(self.conv1(x)))))
        digit = self.digit(primary)
        lengths: Tensor = self.length(digit)
        if self.decoder is None:
            return lengths
        chosen = lengths.argmax(1) if targets is None else targets
        mask = torch.arange(lengths.shape[1], device=x.device) == chosen[:, None]
        image: Tensor = self.decoder((digit * mask[:, :, None]).flatten(1))
        return lengths, image


def decoder(features: int, pixels: int) -> nn.Sequential:
    """Figure 2: (N, features) to (N, pixels) in 0 … 1."""
    layers: dict[str, nn.Module] = {
        "fc1": nn.Linear(features, 512),
        "relu1": nn.ReLU(),
        "fc2": nn.Linear(512, 1024),
        "relu2": nn.ReLU(),
        "fc3": nn.Linear(1024, pixels),
        "sigmoid": nn.Sigmoid(),
    }
    return nn.Sequential(OrderedDict(layers))


def margin_loss(lengths: Tensor, targets: Tensor) -> Tensor:
    """Σ_k T_k max(0, 0.9 − |v_k|)² + 0.5 (1 − T_k) max(0, |v_k| − 0.1)², mean of (N, classes). Equation 4."""
    present = nn.functional.one_hot(targets, lengths.shape[1])
    missing, extra = (0.9 - lengths).clamp(min=0).square(), (lengths - 0.1).clamp(min=0).square()
    return (present * missing + 0.5 * (1 - present) * extra).sum(1).mean()


def capsnet_loss(lengths: Tensor, image: Tensor, targets: Tensor, pixels: Tensor) -> Tensor:
    """Margin loss + 0.0005 Σ (image − pixels)², pixels in 0 … 1. Section 4.1."""
    return margin_loss(lengths, targets) + 0.0005 * (image - pixels.flatten(1)).square().sum(1).mean()


def capsnet(reconstruction: bool, classes: int, in_channels: int, rounds: int = 3) -> nn.Module:
    """(N, C, 28, 28) to lengths (N, classes), or to a tuple of them and of an image. rounds: of the routing."""
    return CapsNet(classes, in_channels, reconstruction, rounds)


register(CAPSNET, partial(capsnet, False))
register(WITH_RECONSTRUCTION, partial(capsnet, True))
