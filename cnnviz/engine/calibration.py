"""Calibration: whether a net that says 80 % is right 80 % of the time. Guo et al. 2017, arXiv 1706.04599."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cnnviz.engine.evaluation import outputs
from cnnviz.engine.experiment import Targets
from cnnviz.engine.targets import gap

BINS = 15  # as in the paper
MIDDLES = tuple(f"{(place + 0.5) / BINS:.3f}" for place in range(BINS))
PLACES = dict.fromkeys(("reliability", "reliability_gap", "confidence_hist"), MIDDLES)


@torch.inference_mode()
def calibrated(net: nn.Module, inputs: Tensor, labels: Tensor, targets: Targets) -> dict[str, Tensor]:
    """What `calibration` makes of the test set in eval mode, after which the net is in training mode; and margin_limit, the gap
    between logits at which the targets that are taught are met, infinite for hard ones."""
    net.eval()
    logits = outputs(net, inputs)
    net.train()
    limit = gap(targets.smoothing, targets.smoothing_over, logits.shape[1])
    return {**calibration(logits, labels), "margin_limit": logits.new_tensor(limit)}


def calibration(logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """(N, classes) and (N,) to columns. An answer's confidence is its probability; bin b holds b/15 < confidence ≤ (b + 1)/15.

    confidence, ece: scalars; its mean, and the expected calibration error, Σ (share of the bin) · |accuracy − confidence|.
    reliability (bins,): how often answers of a bin are right, NaN for an empty one; reliability_gap (bins,): their mean
        confidence less that; confidence_hist (bins,): the share of the answers.
    """
    confidence, answer = logits.softmax(1).max(1)
    place = (confidence * BINS).ceil().long().sub(1).clamp(0, BINS - 1)
    count, right, said = (
        torch.bincount(place, weights, BINS) for weights in (None, (answer == labels).double(), confidence.double())
    )
    accuracy = right / count  # NaN where there is none
    gaps = said / count - accuracy
    share = count / len(labels)
    return {
        "confidence": confidence.mean(),
        "ece": (share * gaps.abs()).nansum().float(),
        "reliability": accuracy.float(),
        "reliability_gap": gaps.float(),
        "confidence_hist": share.float(),
    }
