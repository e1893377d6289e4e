"""Train mode and eval mode of one net, compared: what batch statistics change, and what folding batch norm away does not."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from cnnviz.engine.evaluation import outputs
from cnnviz.engine.nets.layers import Layer
from cnnviz.engine.nets.norms.batch import BATCH_NORMS, folded_into
from cnnviz.engine.objectives import Objective

MATES = 24  # batches that one example is put into
_BATCHES = tuple(f"batch {number}" for number in range(1, MATES + 1))
PLACES = {"mates": _BATCHES, "mates_alone": (_BATCHES[0], _BATCHES[-1])}  # what a column's numbers are about


@torch.no_grad()
def modes(net: nn.Module, inputs: Tensor, labels: Tensor, batch_size: int, objective: Objective) -> dict[str, Tensor]:
    """Measured on the test set (N, …), its running statistics left as they were; the net is left in training mode.

    batch_loss, batch_accuracy, …: the metrics with each batch's own statistics, in batches of `batch_size`.
    running_mean_gap, running_var_ratio (layers,): how far the running mean is from a batch's, in the batch's σ, root mean square
    over features and batches; the running variance over a batch's, geometric mean. NaN for layers without batch norm;
        layers that share one are each compared with what it gets from them.
    mates (24,), mates_alone (2,), where there are classes: the probability of its true class that the first example gets in 24
        different batches, and, twice, in eval mode.
    fold_difference: the largest change of a logit, in eval mode, when batch norm is folded into the weights.
    """
    kept = [buffer.clone() for buffer in net.buffers()]
    batches = [part for part in inputs.split(batch_size) if len(part) == batch_size] or [inputs]
    with _statistics(net) as gaps:
        logits = torch.cat([net(batch) for batch in batches])
    metrics = {f"batch_{name}": metric(logits, labels[: len(logits)]) for name, metric in objective.metrics.items()}
    mates = [] if labels.is_floating_point() else [_probability(net(each)[0], labels[0]) for each in _around(inputs, batch_size)]
    for buffer, value in zip(net.buffers(), kept, strict=True):
        buffer.copy_(value)
    net.eval()
    plain, folded = outputs(net, inputs), outputs(_folded(net), inputs)
    net.train()
    return {
        "batch_loss": objective.plain(logits, labels[: len(logits)]),
        **metrics,
        **_gaps(net, gaps),
        **({"mates": torch.stack(mates), "mates_alone": _probability(plain[0], labels[0]).expand(2)} if mates else {}),
        "fold_difference": (plain - folded).abs().max(),
    }


def _around(inputs: Tensor, batch_size: int) -> Iterator[Tensor]:
    """Batches that begin with the first example, the others taken in turn from the rest."""
    rest, others = inputs[1:], batch_size - 1
    for turn in range(MATES):
        places = torch.arange(turn * others, (turn + 1) * others, device=inputs.device) % len(rest)
        yield torch.cat([inputs[:1], rest[places]])


def _probability(logits: Tensor, label: Tensor) -> Tensor:
    return logits.softmax(0)[label]


Gap = tuple[Tensor, Tensor]


@contextmanager
def _statistics(net: nn.Module) -> Iterator[dict[nn.Module, list[Gap]]]:
    """While it lasts, each batch's own mean and variance are noted for each batch norm, (features,) each."""
    seen: dict[nn.Module, list[Gap]] = {}

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        features = inputs[0].transpose(0, 1).flatten(1)
        seen.setdefault(module, []).append((features.mean(1), features.var(1, correction=0)))

    handles = [module.register_forward_pre_hook(note) for module in net.modules() if isinstance(module, BATCH_NORMS)]
    yield seen
    for handle in handles:
        handle.remove()


def _gaps(net: nn.Module, seen: dict[nn.Module, list[Gap]]) -> dict[str, Tensor]:
    layers = [module for module in net.modules() if isinstance(module, Layer)]
    nothing = layers[0].weight.new_full((), float("nan"))
    means, ratios = [], []
    users = Counter(layer.norm for layer in layers)
    passed: Counter[nn.Module | None] = Counter()
    for layer in layers:
        found = seen[layer.norm][passed[layer.norm] :: users[layer.norm]] if layer.norm in seen else None
        passed[layer.norm] += 1
        if not found or not isinstance(layer.norm, BATCH_NORMS):
            means.append(nothing)
            ratios.append(nothing)
            continue
        mean, variance = (torch.stack(column) for column in zip(*found, strict=True))
        running_mean, running_var = layer.norm.get_buffer("running_mean"), layer.norm.get_buffer("running_var")
        spread = variance + layer.norm.eps
        means.append(((running_mean - mean) ** 2 / spread).mean().sqrt())
        ratios.append(((running_var + layer.norm.eps) / spread).log().mean().exp())
    return {"running_mean_gap": torch.stack(means), "running_var_ratio": torch.stack(ratios)}


def _folded(net: nn.Module) -> nn.Module:
    """A copy of the net, in eval mode, in which each batch norm has become part of its layer's weights."""
    copied = copy.deepcopy(net)
    for layer in copied.modules():
        if isinstance(layer, Layer) and isinstance(layer.norm, BATCH_NORMS):
            layer.weights, layer.norm = folded_into(layer.weights, layer.norm), None
    return copied.eval()
