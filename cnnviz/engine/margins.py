"""Margins: how far the true class's logit is ahead of the others, and how large logits grow."""

from __future__ import annotations

import torch
from torch import Tensor

from cnnviz.engine.probes import Statistic, probe
from cnnviz.engine.watch import Seen

MARGIN: dict[str, Statistic] = {}  # with every SNAPSHOT, where an experiment asks for `confidence`


@probe(MARGIN)
def margin(seen: Seen) -> Tensor:
    """The true class's logit less the mean of the others, nats, mean over the batch."""
    true, others = _apart(seen)
    return (true - others.mean(1)).mean()


@probe(MARGIN)
def margin_least(seen: Seen) -> Tensor:
    """The true class's logit less the largest of the others, nats, mean over the batch."""
    true, others = _apart(seen)
    return (true - others.amax(1)).mean()


@probe(MARGIN)
def logit_norm(seen: Seen) -> Tensor:
    """L2 norm of an example's logits less their mean, which softmax does not see; mean over the batch."""
    logits = seen.logits
    return (logits - logits.mean(1, keepdim=True)).norm(dim=1).mean()


def _apart(seen: Seen) -> tuple[Tensor, Tensor]:
    """(N,) and (N, classes − 1), where members of an ensemble have N examples together."""
    logits, labels = seen.logits.movedim(1, -1).flatten(0, -2), seen.labels.flatten()
    true = torch.zeros_like(logits, dtype=torch.bool).scatter_(1, labels[:, None], True)
    return logits[true], logits[~true].view(len(labels), -1)
