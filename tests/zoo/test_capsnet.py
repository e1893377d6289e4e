"""Capsules: squashing, routing by agreement and the two losses, against plain loops."""

from __future__ import annotations

import math

import pytest
import torch

from cnnviz import zoo
from cnnviz.zoo.families.capsnet import RoutedCapsules, Squash, ToCapsules, capsnet_loss, margin_loss


def squashed(s: torch.Tensor) -> torch.Tensor:
    length = math.sqrt(sum(value * value for value in s.tolist()))
    return s * (length**2 / (1 + length**2) / length)


def test_squashing_keeps_the_direction_and_shrinks_short_vectors_more() -> None:
    s = torch.tensor([[0.03, 0.04], [3.0, 4.0], [300.0, 400.0]])
    v = Squash()(s)
    torch.testing.assert_close(v, torch.stack([squashed(row) for row in s]))
    lengths = v.norm(dim=1)
    torch.testing.assert_close(lengths, torch.tensor([0.0025 / 1.0025, 25 / 26, 250_000 / 250_001]))


def test_a_capsule_of_zeros_has_a_finite_gradient() -> None:
    s = torch.zeros(1, 4, requires_grad=True)
    Squash()(s).sum().backward()
    assert s.grad is not None
    assert s.grad.isfinite().all()


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_routing_is_procedure_1(rounds: int) -> None:
    below, above = 5, 3
    layer = RoutedCapsules(below, 4, above, 6, rounds).requires_grad_(False)
    u = torch.randn(2, below, 4)
    for n in range(2):
        votes = [[u[n, i] @ layer.weight[i, j] for j in range(above)] for i in range(below)]
        b = torch.zeros(below, above)
        v: list[torch.Tensor] = []
        for _ in range(rounds):
            c = b.exp() / b.exp().sum(1, keepdim=True)
            v = [squashed(sum(c[i, j] * votes[i][j] for i in range(below))) for j in range(above)]
            b = b + torch.tensor([[float(votes[i][j] @ v[j]) for j in range(above)] for i in range(below)])
        torch.testing.assert_close(layer(u)[n], torch.stack(v), rtol=1e-4, atol=1e-6)


def test_each_place_of_each_group_of_maps_is_a_capsule() -> None:
    x = torch.arange(2 * 6 * 4).reshape(2, 6, 2, 2)
    capsules = ToCapsules(3)(x)
    assert capsules.shape == (2, 8, 3)
    expected = [
        x[n, 3 * group : 3 * group + 3, row, column] for n in range(2) for group in (0, 1) for row in (0, 1) for column in (0, 1)
    ]
    assert torch.equal(capsules.reshape(16, 3), torch.stack(expected))


# Sabour et al. 2017, section 4 and Figure 1
def test_the_layers_have_the_sizes_of_figure_1() -> None:
    shapes = {row.name: row.output_shape for row in zoo.table("capsnet")}
    assert [shapes[name] for name in ("conv1", "primary", "squash", "digit")] == [
        (256, 20, 20), (256, 6, 6), (32 * 6 * 6, 8), (10, 16)
    ]  # fmt: skip
    assert all(row.kind == "capsule" for row in zoo.table("capsnet") if row.name == "digit")


def test_the_margin_loss_is_equation_4() -> None:
    lengths = torch.tensor([[0.95, 0.05, 0.3], [0.2, 0.6, 0.1]])
    by_hand = [0.5 * 0.2**2, 0.3**2 + 0.5 * 0.1**2]
    torch.testing.assert_close(margin_loss(lengths, torch.tensor([0, 1])), torch.tensor(sum(by_hand) / 2))


def test_the_reconstruction_is_scaled_down_by_0_0005() -> None:
    lengths, targets = torch.rand(2, 3), torch.tensor([2, 0])
    image, pixels = torch.rand(2, 4), torch.rand(2, 1, 2, 2)
    squares = sum(float((image[n, k] - pixels[n].flatten()[k]) ** 2) for n in range(2) for k in range(4))
    loss = capsnet_loss(lengths, image, targets, pixels)
    torch.testing.assert_close(loss, margin_loss(lengths, targets) + 0.0005 * squares / 2)


def test_the_capsule_of_the_given_class_is_decoded_or_else_the_longest() -> None:
    torch.manual_seed(0)
    model = zoo.build("capsnet_reconstruction")
    images = torch.rand(2, 1, 28, 28)
    with torch.no_grad():
        lengths, longest = model(images)
        _, same = model(images, lengths.argmax(1))
        _, other = model(images, lengths.argmin(1))
    assert torch.equal(longest, same)
    assert not torch.allclose(longest, other)
    assert longest.shape == (2, 784)
    assert 0 <= longest.min() <= longest.max() <= 1
