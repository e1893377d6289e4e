"""Self-attention: each place gathers from all places."""

from __future__ import annotations

import torch

from cnnviz import zoo
from cnnviz.zoo.families.sagan import SelfAttention


def test_attention_is_the_papers_sums_over_places() -> None:
    block = SelfAttention(16)
    with torch.no_grad():
        block.gamma.fill_(0.7)
    x = torch.randn(2, 16, 3, 2)
    w_f, w_g, w_h, w_v = (layer.weight[:, :, 0, 0] for layer in (block.f, block.g, block.h, block.v))
    for n in range(2):
        places = x[n].flatten(1).T  # 6 vectors of 16
        for j in range(6):
            s = torch.stack([(w_f @ places[i]) @ (w_g @ places[j]) for i in range(6)])
            beta = s.exp() / s.exp().sum()
            o = w_v @ sum(beta[i] * (w_h @ places[i]) for i in range(6))
            torch.testing.assert_close(block(x)[n].flatten(1)[:, j], 0.7 * o + places[j], rtol=1e-4, atol=1e-5)


def test_each_line_of_the_attention_map_adds_up_to_one() -> None:
    attention = SelfAttention(8).attention(torch.randn(2, 8, 5, 4))
    assert attention.shape == (2, 20, 20)
    torch.testing.assert_close(attention.sum(2), torch.ones(2, 20))


def test_a_block_starts_as_the_identity_and_learns_gamma_first() -> None:
    block = SelfAttention(8)
    x = torch.randn(1, 8, 4, 4)
    assert torch.equal(block(x), x)
    block(x).square().sum().backward()
    assert block.gamma.grad is not None
    assert block.gamma.grad.item() != 0
    assert not any(weight.grad.any() for name, weight in block.named_parameters() if name != "gamma")


def test_the_block_has_half_c_squared_weights_and_gamma() -> None:
    rows = [row for row in zoo.table("sagan_attention") if row.name.startswith("attention.")]
    assert sum(row.params for row in rows) == 64 * 64 // 2 + 1
    assert sum(row.macs for row in rows if row.kind == "matmul") == 2 * (16 * 16) ** 2 * 8
