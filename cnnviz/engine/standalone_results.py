"""The cell of `standalone` for what a trained net is judged by; `export` puts it before what is compared.

Figures have the names that they have in a recording. The script has the imports and names of `standalone`: those below are for
checkers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from cnnviz.engine.calibration import calibration
from cnnviz.engine.confusion import confusion
from cnnviz.engine.data import channel_moments, scaled
from cnnviz.engine.data.shapes import of_domain
from cnnviz.engine.evaluation import gaps, outputs
from cnnviz.engine.members import experts_in_use
from cnnviz.engine.nets.committee import Ensemble, Mixture
from cnnviz.engine.objectives import accuracy, classes_of
from cnnviz.engine.shifts import by_shift
from cnnviz.engine.standalone import (
    DOMAIN,
    SEED,
    TEST_EXAMPLES,
    TRAIN_EXAMPLES,
    Labelled,
    Trained,
    Variant,
    gradient_norms,
    learned_weight,
    with_weights,
)
from cnnviz.engine.words import DOMAINS


# %% Results
def results(given: Variant, it: Trained) -> dict[str, Tensor]:
    """What a trained net is judged by, by name: first the last batch in training mode, then whole sets in evaluation mode."""
    figures = {"loss": it.loss}
    figures["accuracy"] = accuracy(it.logits, it.wanted)  # if classify
    figures["margin"] = margin(it.logits, classes_of(it.wanted))  # if confidence
    figures["grad_norm"] = gradient_norms(it.net)  # if gradients
    net = it.net.eval()
    figures |= judged(net, it.tested, "test")
    figures |= judged(net, it.learned, "train")  # if training_set
    figures |= gaps(figures)  # if training_set
    figures |= judged(net, it.held, "validation")  # if validation
    if given.patience:  # if patience
        figures |= {"best_step": torch.tensor(it.early.best_step), "best_loss": torch.tensor(it.early.best)}  # if patience
    figures |= of_weights(net)  # if weights
    figures |= stretched(net)  # if spectrum
    figures |= sureness(net, it.tested)  # if confidence
    figures |= mistaken(net, it.tested)  # if confusion
    figures |= moved_images(net, it.tested)  # if shifts
    figures |= in_every_domain(net, it.tested)  # if domains
    figures |= of_members(net, it.learned, it.tested)  # if members
    if it.teacher is not None:  # if teacher
        figures |= {"teacher_accuracy": judged(it.teacher, it.tested, "teacher")["teacher_accuracy"]}  # if teacher
    return figures


@torch.no_grad()
def judged(net: nn.Module, examples: Labelled, name: str) -> dict[str, Tensor]:
    """The loss on a whole set of examples, in evaluation mode, and the share of right answers."""  # if classify
    """The mean squared error on a whole set of examples, in evaluation mode, and the largest error."""  # if curve
    inputs, labels = examples
    answers = outputs(net, inputs)
    return {f"{name}_loss": F.cross_entropy(answers, labels), f"{name}_accuracy": accuracy(answers, labels)}  # if classify
    return {f"{name}_loss": F.mse_loss(answers, labels), f"{name}_largest_error": (answers - labels).abs().max()}  # if curve


def margin(logits: Tensor, labels: Tensor) -> Tensor:
    """The true class's logit less the mean of the others, mean over the batch."""
    true = logits.gather(1, labels[:, None])[:, 0]
    return (true - (logits.sum(1) - true) / (logits.shape[1] - 1)).mean()


@torch.no_grad()
def sureness(net: nn.Module, tested: Labelled) -> dict[str, Tensor]:
    """How sure the net is of its answers, and the expected calibration error."""
    found = calibration(outputs(net, tested[0]), tested[1])
    return {"confidence": found["confidence"], "ece": found["ece"]}


@torch.no_grad()
def mistaken(net: nn.Module, tested: Labelled) -> dict[str, Tensor]:
    """How many test images of each class are taken for each class, row by row; and the classes that are mixed up most."""
    return confusion(outputs(net, tested[0]), tested[1])


@torch.no_grad()
def of_weights(net: nn.Module) -> dict[str, Tensor]:
    """The share of weights that are exactly 0, and the largest L2 norm of one unit's weights, layer by layer."""
    weights = [learned_weight(layer) for layer in with_weights(net)]
    zeros = torch.stack([(weight == 0).sum() for weight in weights]).sum()
    largest = torch.stack([weight.flatten(1).norm(dim=1).max() for weight in weights])
    return {"zero_share": zeros / sum(weight.numel() for weight in weights), "largest_unit": largest}


@torch.no_grad()
def stretched(net: nn.Module) -> dict[str, Tensor]:
    """The largest singular value of each layer's weights."""
    found = [torch.linalg.matrix_norm(layer.weight.flatten(1), 2) for layer in with_weights(net)]
    return {"top_singular": torch.stack(found)}


def moved_images(net: nn.Module, tested: Labelled) -> dict[str, Tensor]:
    """On test images that are moved by 0, 1, 2, … pixels: right answers, and those that stay what they were."""
    found = by_shift(net, *tested)
    net.eval()
    return {name: found[name] for name in ("shift_accuracy", "shift_consistency")}


@torch.no_grad()
def in_every_domain(net: nn.Module, tested: Labelled) -> dict[str, Tensor]:
    """Right answers on the test shapes in each domain's colours; and once these have renewed batch norm's running statistics."""
    learned, _labels = of_domain(TRAIN_EXAMPLES, SEED, 0, DOMAIN)
    drawn = [of_domain(TEST_EXAMPLES, SEED, 1, domain) for domain in DOMAINS]
    sets = [torch.from_numpy(scaled(images, *channel_moments(learned))) for images, _labels in drawn]
    figures = {"domain_accuracy": torch.stack([accuracy(outputs(net, inputs), tested[1]) for inputs in sets])}
    if any(isinstance(module, _BatchNorm) for module in net.modules()):
        figures["domain_adapted"] = torch.stack([accuracy(outputs(renewed(net, inputs), inputs), tested[1]) for inputs in sets])
    return figures


def renewed(net: nn.Module, inputs: Tensor) -> nn.Module:
    """A copy of the net whose batch norms' running statistics are those of these inputs, whose labels it does not see."""
    copied = deepcopy(net).train()
    for module in copied.modules():
        if isinstance(module, _BatchNorm):
            module.reset_running_stats()
            module.momentum = None
    outputs(copied, inputs)
    return copied.eval()


@torch.no_grad()
def of_members(net: nn.Module, learned: Labelled, tested: Labelled) -> dict[str, Tensor]:
    """What a committee's members give by themselves, mean over them; how many experts a gate uses."""
    if not isinstance(net, Ensemble | Mixture):
        return {}
    alone = [judged(member, tested, "member") for member in net.members]
    means = {name: torch.stack([figures[name] for figures in alone]).mean() for name in ("member_loss", "member_accuracy")}
    return means | experts_in_use(net, learned[0])


def print_means(ends: Mapping[tuple[str, ...], Sequence[float]]) -> None:
    """A line for each variant and value: the mean over the seeds, the lowest and the highest; runs that diverged are left out."""
    for names, figures in ends.items():
        known = [figure for figure in figures if math.isfinite(figure)]
        means = f"mean {sum(known) / len(known):.6g}  from {min(known):.6g} to {max(known):.6g}" if known else "all diverged"
        print("  ".join(names), f" {means}  ({len(known)} of {len(figures)} runs)")
