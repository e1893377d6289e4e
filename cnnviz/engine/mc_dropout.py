"""MC dropout: a test image through the net many times with masks on, and how far its answers spread.

Y. Gal, Z. Ghahramani 2016, arXiv 1506.02142, section 4.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cnnviz.engine.examples import Examples
from cnnviz.engine.nets.drops.masks import Masks

SHOWN = 8  # images of each kind whose every answer is recorded
MEASURED = 100  # images of each kind over which the spread is a mean
FIRST = 500_000  # masks before those that a measurement draws: further than training gets
KINDS = ("learned classes", "other classes")  # of images


def places(task: Examples, everything: Examples) -> dict[str, tuple[str, ...]]:
    """What the numbers of a column are about: the kinds of images that there are."""
    kinds = KINDS if task.classes < everything.classes else KINDS[:1]
    return {"mc_spread": kinds, "mc_confidence": kinds}


@torch.no_grad()
def spread(net: nn.Module, task: Examples, everything: Examples, passes: int) -> dict[str, Tensor]:
    """Over the first test images of the classes that were learned, and of those that were not, where there are any.

    mc_probability (kinds · 8, passes): what each pass gives the class that the mean over the passes puts first, image by image,
    learned ones first. mc_spread (kinds,): the standard deviation of these answers, mean over 100 images. mc_confidence (kinds,):
    their mean. Norms use their running statistics. The net is left in training mode, with the masks that it had.
    """
    unseen = everything.test_inputs[everything.test_labels >= task.classes] if task.classes < everything.classes else None
    images = [kind[:MEASURED] for kind in (task.test_inputs, unseen) if kind is not None]
    answers = [sampled(net, kind, passes).softmax(2) for kind in images]
    chosen = [of_the_first(answer) for answer in answers]
    return {
        "mc_probability": torch.cat([kind[:, :SHOWN].T for kind in chosen]),
        "mc_spread": torch.stack([kind.std(0, correction=0).mean() for kind in chosen]),
        "mc_confidence": torch.stack([kind.mean() for kind in chosen]),
    }


def of_the_first(answers: Tensor) -> Tensor:
    """(passes, N, classes) to (passes, N): the probability of the class whose mean is the largest."""
    return answers[:, torch.arange(answers.shape[1]), answers.mean(0).argmax(1)]


@torch.no_grad()
def sampled(net: nn.Module, inputs: Tensor, passes: int) -> Tensor:
    """Logits (passes, N, classes), each pass with masks of its own, the same at every call."""
    masks = [module for module in net.modules() if isinstance(module, Masks)]
    kept = [module.drawn.clone() for module in masks]
    net.eval()
    for module in masks:
        module.train()
        module.drawn.fill_(FIRST)
    logits = []
    for _pass in range(passes):
        for module in masks:
            module.advance()
        logits.append(net(inputs))
    for module, drawn in zip(masks, kept, strict=True):
        module.drawn.copy_(drawn)
    net.train()
    return torch.stack(logits)
