"""The cell of `standalone` for what a fresh net makes of a batch under many masks; `export` puts it before what is compared.

The script has the imports and names of `standalone`: those below are for checkers.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn, optim

from cnnviz.engine.nets.drops.inverted import InvertedDropout
from cnnviz.engine.nets.drops.masks import seed_masks
from cnnviz.engine.nets.drops.plain import PlainDropout
from cnnviz.engine.nets.norms.noisy_batch import seed_noise
from cnnviz.engine.standalone import SEED, STEPS, VALIDATION, Layer, Variant, batches, with_weights

# %% Mask by mask
ROUNDING = 1e-9  # float64's, of numbers near 1


def fresh(given: Variant, inputs: Tensor, classes: int) -> nn.Module:
    """The net as it is drawn, in float64."""
    net = given.net(given, inputs.shape[1:], classes, Generator().manual_seed(SEED))
    seed_noise(net, SEED)  # if noise
    seed_masks(net, SEED)
    return net.double()


def passed(net: nn.Module, inputs: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """The sums and the outputs of each layer, (N, units) each; in training mode with a new mask."""
    sums: list[Tensor] = []
    outputs: list[Tensor] = []
    hooks = []
    for layer in net.children():
        if isinstance(layer, Layer | nn.Linear):
            summing = layer.norm if isinstance(layer, Layer) else layer  # if norm
            summing = layer.weights if isinstance(layer, Layer) else layer  # if no_norm
            hooks.append(summing.register_forward_hook(lambda _layer, _inputs, z: sums.append(z.detach())))
            hooks.append(layer.register_forward_hook(lambda _layer, _inputs, a: outputs.append(a.detach())))
    net(inputs)
    for hook in hooks:
        hook.remove()
    return sums, outputs


def averaged(given: Variant, inputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """How far the mean over the masks is from what a test gives, relative to that, layer by layer: of the outputs, and of the
    sums before the activation; and the standard error of that mean, from the spread over the masks."""
    inputs, labels = inputs[:-VALIDATION], labels[:-VALIDATION]  # if validation
    classes = int(labels.max()) + 1
    batch, wanted = next(batches(inputs.double(), labels))
    net = fresh(given, batch, classes).eval()
    tested = passed(net, batch)
    net.train()
    masked = [passed(net, batch) for _mask in range(max(STEPS, 1))]
    figures = {}
    for place, name in enumerate(("sum", "output")):
        layers = [torch.stack(values) for values in zip(*(each[place] for each in masked), strict=True)]
        spreads = [values.std(0, correction=0) for values in layers]
        gaps = [values.mean(0) - test for values, test in zip(layers, tested[place], strict=True)]
        errors = [spread / len(masked) ** 0.5 for spread in spreads]
        moved = torch.stack([spread.max() > ROUNDING for spread in spreads])
        figures[f"{name}_gap"] = torch.where(moved, relative(gaps, tested[place]), torch.nan)
        figures[f"{name}_error"] = torch.where(moved, relative(errors, tested[place]), torch.nan)
    if isinstance(given.dropout, partial) and given.dropout.func is InvertedDropout:  # if twins
        figures |= twins(given, given.dropout.args[0], batch, wanted, classes)  # if twins
    return figures


def relative(values: list[Tensor], tested: list[Tensor]) -> Tensor:
    """Root mean squares, layer by layer, over those in the test."""
    return torch.stack([each.norm() / test.norm() for each, test in zip(values, tested, strict=True)])


def twins(given: Variant, keep: float, batch: Tensor, wanted: Tensor, classes: int) -> dict[str, Tensor]:
    """One step of two nets that compute the same under the same mask: plain dropout with weights w, and inverted dropout with
    v = q w above layer 1. Their losses; the inverted net's gradient over the plain one's, layer by layer; and of the weight of
    layer 2 with the largest gradient: w, v, that gradient, w's step, −η (g + λ w), v's step, −η (g / q + λ v)."""
    plain, inverted = (
        fresh(replace(given, dropout=partial(kind, keep)), batch, classes) for kind in (PlainDropout, InvertedDropout)
    )
    decay = 0.0
    decay = given.weight_decay  # if weight_decay
    with torch.no_grad():
        for layer in with_weights(inverted)[1:]:
            layer.weight.mul_(keep)
    losses, gradients, before, after = [], [], [], []
    for net in (plain, inverted):
        weights = [layer.weight for layer in with_weights(net)]
        before.append(weights[1].detach().clone().flatten())
        loss = F.cross_entropy(net(batch), wanted)
        losses.append(loss.detach())
        loss.backward()
        gradients.append([weight.grad for weight in weights if weight.grad is not None])
        optim.SGD(weights, lr=given.lr, weight_decay=decay).step()
        after.append(weights[1].detach().flatten())
    slopes = gradients[0][1].flatten()
    place = slopes.abs().argmax()
    w, v = (weights[place] for weights in before)
    w_step, v_step = (new[place] - old[place] for new, old in zip(after, before, strict=True))
    by_formula = -given.lr * (slopes[place] + decay * w), -given.lr * (slopes[place] / keep + decay * v)
    return {
        "twin_loss": torch.stack(losses),
        "twin_ratio": relative(gradients[1], gradients[0]),
        "step_terms": torch.stack([w, v, slopes[place], w_step, by_formula[0], v_step, by_formula[1]]),
    }
