"""Self-Attention Generative Adversarial Networks.

Zhang, Goodfellow, Metaxas & Odena, 2018, arXiv 1805.08318, section 3, equations 1–3, Figure 2.
Differs here: the block stands in a small classifier of images of 32×32, ours, for the paper's networks make images or judge them.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from cnnviz.zoo.blocks import conv, conv_norm_act, head
from cnnviz.zoo.cards import Card, Paper
from cnnviz.zoo.registry import architecture

CARD = Card(
    name="sagan_attention",
    title="Self-attention (SAGAN) in a small classifier",
    family="sagan",
    paper=Paper(
        title="Self-Attention Generative Adversarial Networks",
        authors="Zhang, Goodfellow, Metaxas, Odena",
        year=2018,
        venue="ICML 2019",
        link="https://arxiv.org/abs/1805.08318",
    ),
    categories=("attention",),
    input_shape=(3, 32, 32),
    classes=10,
    unprinted="The classifier around the block is ours; the block itself has C²/2 weights and γ.",
    differs="The paper puts the block into a generator and a discriminator, with spectral normalisation; here it stands, without "
    "that, between the convolutions of a small classifier.",
    surveyed=False,
)


class SelfAttention(nn.Module):
    """y = γ o + x: every place gathers from all places, o_j = W_v Σ_i β_ji W_h x_i, β_j the softmax over i of f(x_i)ᵀ g(x_j).

    f, g, h: 1×1 convolutions to C/8 channels; γ starts at 0, so that the block starts as the identity.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 8
        self.f, self.g, self.h = (conv(channels, inner, 1) for _ in range(3))
        self.softmax = nn.Softmax(dim=2)
        self.v = conv(inner, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def attention(self, x: Tensor) -> Tensor:
        """β, (N, places that ask, places that are asked); each line adds up to 1."""
        scores = self.g(x).flatten(2).transpose(1, 2) @ self.f(x).flatten(2)
        beta: Tensor = self.softmax(scores)
        return beta

    def forward(self, x: Tensor) -> Tensor:
        beta = self.attention(x)
        gathered = self.h(x).flatten(2) @ beta.transpose(1, 2)  # (N, C/8, H · W)
        return self.gamma * self.v(gathered.unflatten(2, x.shape[2:])) + x


@architecture(CARD)
def sagan_attention(classes: int, in_channels: int) -> nn.Module:
    """(N, C, H, W) to logits (N, classes)."""
    layers: dict[str, nn.Module] = {
        "conv1": conv_norm_act(in_channels, 32, 3),
        "conv2": conv_norm_act(32, 64, 3, 2),
        "attention": SelfAttention(64),  # on 64×16×16: 256 places look at 256
        "conv3": conv_norm_act(64, 128, 3, 2),
        "conv4": conv_norm_act(128, 128, 3, 2),
        "head": head(128, classes),
    }
    return nn.Sequential(OrderedDict(layers))
