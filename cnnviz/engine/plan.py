"""The plan of a cnn: after which convolutions its maps get smaller, how large they are, and what a forward pass costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import NamedTuple

from cnnviz.engine.experiment import Net

KERNEL = 3  # pixels each way, of every convolution and of the filter of a blur pool


def pooled(convolutions: int) -> frozenset[str]:
    """The layers that a pool follows: about a third and two thirds of the way, none right before the end of the maps."""
    places = {ceil(convolutions / 3), ceil(2 * convolutions / 3)} - {convolutions}
    return frozenset(f"conv{place}" for place in places)


def left_of(length: int, pooling: str) -> int:
    """How many rows or columns of `length` are left where a layer is pooled."""
    return {"none": length, "strided": ceil(length / 2)}.get(pooling, length // 2)


class Stage(NamedTuple):
    """A convolution: its channels, the height and width of what it computes, and those of what the next layer reads."""

    name: str
    reads: int
    computes: int
    size: tuple[int, int]
    passes_on: tuple[int, int]


def stages(net: Net, input_shape: Sequence[int]) -> Iterator[Stage]:
    """The convolutions of a cnn on images (C, H, W), input side first."""
    reads, *size = input_shape
    places = pooled(net.depth - 1)
    for number in range(1, net.depth):
        name = f"conv{number}"
        after = [left_of(length, net.pooling) for length in size] if name in places else size
        own = after if net.pooling == "strided" else size
        yield Stage(name, reads, net.width * _pieces(net), (own[0], own[1]), (after[0], after[1]))
        reads, size = net.width, after


def _pieces(net: Net) -> int:
    return net.pieces if net.activation == "maxout" else 1


def features(net: Net, input_shape: Sequence[int]) -> int:
    """How many numbers the output layer reads."""
    *_others, last = stages(net, input_shape)
    return net.width * (last.passes_on[0] * last.passes_on[1] if net.ending == "flatten" else 1)


def multiply_adds(net: Net, input_shape: Sequence[int], classes: int) -> int:
    """Of a cnn's forward pass on one image (C, H, W): those of its weights, and of the filter of a blur pool."""
    total = features(net, input_shape) * classes
    for stage in stages(net, input_shape):
        total += stage.reads * stage.computes * KERNEL**2 * stage.size[0] * stage.size[1]
        if net.pooling == "blur" and stage.name in pooled(net.depth - 1):
            total += net.width * KERNEL**2 * stage.passes_on[0] * stage.passes_on[1]
    return total


def parameters(net: Net, input_shape: Sequence[int], classes: int) -> int:
    """Weights and biases of a cnn without normalisation."""
    kernels = sum((stage.reads * KERNEL**2 + 1) * stage.computes for stage in stages(net, input_shape))
    return kernels + (features(net, input_shape) + 1) * classes
