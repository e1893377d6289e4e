"""Confusion matrix: which class the test images of each class are taken for."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cnnviz.engine.evaluation import outputs
from cnnviz.engine.examples import Examples

MOST = ("true class", "taken for", "images", "of")


def places(task: Examples, everything: Examples) -> dict[str, tuple[str, ...]]:
    """What the numbers of a column are about: the classes of the task, which are the first of the data set."""
    return {"confusion": everything.names[: task.classes], "confused_most": MOST}


@torch.inference_mode()
def confused(net: nn.Module, inputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """What `confusion` makes of the test set in eval mode, after which the net is in training mode."""
    net.eval()
    logits = outputs(net, inputs)
    net.train()
    return confusion(logits, labels)


def confusion(logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """(N, classes) and (N,) to columns.

    confusion (classes, classes): how many examples of each class, a row, are taken for each class, a column.
    confused_most (4,): of the largest number beside the diagonal, the first of equal ones: its row, its column, the number itself
        and how many examples the row has. Without any mistake NaN, NaN, 0 and the number of all examples.
    """
    classes = logits.shape[1]
    counts = torch.bincount(labels * classes + logits.argmax(1), minlength=classes**2).reshape(classes, classes)
    mistakes = counts - counts.diag().diag()
    order = torch.arange(classes**2, device=counts.device)
    first = (mistakes.reshape(-1) * classes**2 - order).argmax()  # no two are equal
    row, column = first // classes, first % classes
    number, rows = mistakes[row, column], counts.sum(1)
    most = torch.stack([row, column, number, rows[row]]).float()
    nothing = torch.tensor([torch.nan, torch.nan, 0, len(labels)], device=counts.device)
    return {"confusion": counts.float(), "confused_most": torch.where(number > 0, most, nothing)}
