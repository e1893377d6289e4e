"""CBAM: which maps, then which places."""

from __future__ import annotations

import torch

from cnnviz import zoo
from cnnviz.zoo.families.cbam import ChannelAttention, SpatialAttention


def test_the_channel_gate_shares_one_perceptron_between_mean_and_maximum() -> None:
    attention = ChannelAttention(32)
    x = torch.randn(2, 32, 4, 6)
    w0, w1 = attention.shared.w0, attention.shared.w1

    def perceptron(values: torch.Tensor) -> torch.Tensor:
        return w1.weight[:, :, 0, 0] @ torch.clamp(w0.weight[:, :, 0, 0] @ values + w0.bias, min=0) + w1.bias

    for n in range(2):
        flat = x[n].reshape(32, 24)
        gate = torch.sigmoid(perceptron(flat.sum(1) / 24) + perceptron(flat.sort(1).values[:, -1]))
        torch.testing.assert_close(attention(x)[n], x[n] * gate[:, None, None])


def test_the_spatial_gate_is_one_number_a_place_for_all_maps() -> None:
    attention = SpatialAttention().eval()
    x = torch.rand(1, 8, 9, 9) + 1
    gate = attention(x) / x
    torch.testing.assert_close(gate, gate[:, :1].expand_as(gate))
    assert gate.std() > 0
    changed = x.clone()
    changed[0, 3, 0, 0] += 5  # a 7×7 window sees three places to each side
    reached = ((attention(changed) / changed - gate)[0, 0].abs() > 1e-7).nonzero().max(0).values
    assert reached.tolist() == [3, 3]


def test_a_block_has_98_weights_and_a_norm_more_than_squeeze_and_excitation() -> None:
    more = zoo.totals("cbam_resnet50").params - zoo.totals("se_resnet50").params
    assert more == 16 * (2 * 7 * 7 + 2)
