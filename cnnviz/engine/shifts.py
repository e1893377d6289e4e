"""Shifts: a net is tested on images that are moved by a few pixels, and how often it then says something else."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnviz.engine.evaluation import outputs
from cnnviz.engine.objectives import accuracy
from cnnviz.engine.words import SHIFTS

COLUMNS = ("shift_accuracy", "shift_consistency", "shift_change")
PLACES = dict.fromkeys(COLUMNS, tuple(f"{pixels} px" for pixels in SHIFTS))  # what a column's numbers are about
DIRECTIONS = ((0, 1), (1, 0), (0, -1), (-1, 0))  # rows and columns


@torch.inference_mode()
def by_shift(net: nn.Module, inputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Of test images (N, C, H, W) moved by each of SHIFTS, (shifts,), mean over the four directions; the net is left in training
    mode. What comes in at an edge repeats that edge.

    shift_accuracy: share of right answers. shift_consistency: share of images whose answer is that for the unmoved image; Zhang
    2019, section 4.1. shift_change: how far their probabilities went, half the sum of the differences' sizes.
    """
    net.eval()
    plain = _probabilities(net, inputs)
    accuracies, consistencies, changes = [accuracy(plain, labels)], [plain.new_ones(())], [plain.new_zeros(())]
    for pixels in SHIFTS[1:]:
        there = [_probabilities(net, images) for images in moved(inputs, pixels)]
        accuracies.append(torch.stack([accuracy(found, labels) for found in there]).mean())
        same = [(found.argmax(1) == plain.argmax(1)).float().mean() for found in there]
        consistencies.append(torch.stack(same).mean())
        changes.append(torch.stack([(found - plain).abs().sum(1).mean() / 2 for found in there]).mean())
    net.train()
    return {
        "shift_accuracy": torch.stack(accuracies),
        "shift_consistency": torch.stack(consistencies),
        "shift_change": torch.stack(changes),
    }


def moved(images: Tensor, pixels: int) -> Iterator[Tensor]:
    """The images (N, C, H, W) moved by so many pixels to the left, up, to the right and down."""
    height, width = images.shape[2:]
    padded = F.pad(images, (pixels,) * 4, mode="replicate")
    for down, right in DIRECTIONS:
        top, left = pixels * (1 + down), pixels * (1 + right)
        yield padded[:, :, top : top + height, left : left + width]


def _probabilities(net: nn.Module, inputs: Tensor) -> Tensor:
    return outputs(net, inputs).softmax(1)
