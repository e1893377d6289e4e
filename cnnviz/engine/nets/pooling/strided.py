"""Strided convolution: no pool at all; the convolution itself is computed at every second row and column only.

J. T. Springenberg and others 2015, arXiv 1412.6806, "Strided-CNN": as many weights as with a pool, and a quarter of the work in
that layer.
"""

from __future__ import annotations

from cnnviz.engine.experiment import Net


def strided(net: Net) -> None:
    """Nothing stands behind the activation."""
    return


def stride(net: Net, pooled: bool) -> int:
    """Of a convolution. pooled: whether its output is what gets smaller."""
    return 2 if pooled and net.pooling == "strided" else 1
