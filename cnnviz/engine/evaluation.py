"""Evaluation: how a net does on a whole set of examples, in eval mode."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from cnnviz.engine.objectives import OBJECTIVES, Objective

AT_ONCE = 128  # test examples in one forward pass: more than fit a cache together are slower


def outputs(net: torch.nn.Module, inputs: Tensor) -> Tensor:
    """What a net makes of examples (N, …), (N, classes), in the mode that it is in and a part of them at a time."""
    return torch.cat([net(part) for part in inputs.split(AT_ONCE)])


@torch.inference_mode()
def evaluate(
    net: torch.nn.Module, inputs: Tensor, labels: Tensor, objective: Objective = OBJECTIVES["classify"], name: str = "test"
) -> dict[str, Tensor]:
    """The objective's plain loss as test_loss, and its metrics as test_accuracy, …, over all the examples of the set with this
    name; the net is left in training mode."""
    net.eval()
    logits = outputs(net, inputs)
    net.train()
    metrics = {f"{name}_{what}": metric(logits, labels) for what, metric in objective.metrics.items()}
    return {f"{name}_loss": objective.plain(logits, labels), **metrics}


def gaps(columns: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """How much worse a net does on the test set than on the training set: loss_gap, test less training; and accuracy_gap,
    training less test, where classes are told apart."""
    found = {"loss_gap": columns["test_loss"] - columns["train_loss"]}
    if "train_accuracy" in columns:
        found["accuracy_gap"] = columns["train_accuracy"] - columns["test_accuracy"]
    return found
