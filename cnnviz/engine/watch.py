"""Watch: sees one forward and backward pass of any network, layer by layer, without changing what it computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from cnnviz.engine.nets.layers import Layer

SAMPLE = 65_536  # activations of a layer that statistics look at: those of the batch's first examples that fit, one at least
STACKED = 16_384  # tensors up to this many values are stacked with their neighbours; above, copying costs more than it saves


def layers_of(net: nn.Module) -> dict[str, nn.Module]:
    """What is measured of a net, input side first: its `.layers`, else each module with a weight matrix or kernel."""
    named = getattr(net, "layers", None)
    if isinstance(named, nn.ModuleDict):
        return dict(named.items())
    return {name: module for name, module in net.named_modules() if getattr(module, "weight", torch.empty(0)).ndim > 1}


class Stacks:
    """One tensor a layer, as few matrices (layers, values) as equal neighbours allow, so that one operation serves several.

    Values come in memory order. copied: the matrices share no memory with the tensors.
    """

    def __init__(self, tensors: Sequence[Tensor], copied: bool = False) -> None:
        self._parts: list[tuple[slice, Tensor]] = []
        first = 0
        while first < len(tensors):
            end = _end_of_run(tensors, first)
            rows = [_flat(tensor) for tensor in tensors[first:end]]
            self._parts.append((slice(first, end), torch.stack(rows) if copied or len(rows) > 1 else rows[0][None]))
            first = end

    def __iter__(self) -> Iterator[tuple[slice, Tensor]]:
        """(which layers, their values (layers, values)), in order."""
        return iter(self._parts)

    def each(self, statistic: Callable[[Tensor], Tensor]) -> Tensor:
        """(layers, …) from a statistic that makes (rows, …) of a matrix (rows, values)."""
        return torch.cat([statistic(matrix) for _run, matrix in self._parts])


def _end_of_run(tensors: Sequence[Tensor], first: int) -> int:
    size, end = tensors[first].numel(), first + 1
    while size <= STACKED and end < len(tensors) and tensors[end].numel() == size:
        end += 1
    return end


def _flat(tensor: Tensor) -> Tensor:
    dense = tensor.detach()
    if dense.ndim == 4 and not dense.is_contiguous():
        dense = dense.permute(0, 2, 3, 1)  # a channels_last map in the order of its memory: no copy
    return dense.reshape(-1)


def _sampled(tensor: Tensor) -> Tensor:
    return tensor[: max(1, SAMPLE * len(tensor) // max(1, tensor.numel()))]


@dataclass
class Seen:
    """One pass: per layer its input, z and f(z) of its activation, output a, ∂loss/∂a; weights, and their raw gradients.

    z is None, and f(z) is a, for layers of foreign nets. Gradients are of `loss`, a mean over the batch. Only what a probe
    asks for is computed, once.
    """

    layers: Sequence[nn.Module]
    parameters: Sequence[Tensor]
    inputs: Sequence[Tensor]
    sums: Sequence[Tensor | None]
    units: Sequence[Tensor]
    outputs: Sequence[Tensor]
    logits: Tensor
    labels: Tensor
    loss: Tensor
    notes: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def gradients(self) -> list[Tensor]:
        """∂loss/∂a of each layer, of its output's shape; zeros where the loss does not depend on it."""
        return [torch.zeros_like(a) if a.grad is None else a.grad for a in self.outputs]

    @cached_property
    def weights(self) -> Stacks:
        """Each layer's weight as it was in this pass."""
        return Stacks([layer.weight for layer in self.layers], copied=True)  # type: ignore[misc]  # that is what a layer is

    @cached_property
    def weight_gradients(self) -> Stacks:
        """Each layer's raw weight gradient."""
        return Stacks([layer.weight.grad for layer in self.layers])  # type: ignore[misc]

    @cached_property
    def activations(self) -> Stacks:
        """Each layer's output a, sampled."""
        return Stacks([_sampled(a) for a in self.outputs])

    @cached_property
    def function_values(self) -> Stacks:
        """f(z) of each layer, sampled; a without the skip's part."""
        if all(unit is a for unit, a in zip(self.units, self.outputs, strict=True)):
            return self.activations
        return Stacks([_sampled(unit) for unit in self.units])

    @cached_property
    def activation_inputs(self) -> Stacks | None:
        """z of each layer, sampled; None where a layer's is unknown."""
        sums = [_sampled(z) for z in self.sums if z is not None]
        return Stacks(sums) if len(sums) == len(self.sums) else None

    @cached_property
    def activation_gradients(self) -> Stacks:
        """∂loss/∂a of each layer, all of it."""
        return Stacks(self.gradients)


class Watch:
    """`with watch: loss = …; loss.backward()`, then `watch.seen(logits, labels, loss)`; outside the block it costs nothing.

    Layers must not change their output in place. parameters: all that the net has; layers: as `layers_of` finds them.
    """

    def __init__(self, net: nn.Module) -> None:
        self.layers = layers_of(net)
        self.parameters = list(net.parameters())
        self._handles: list[RemovableHandle] = []

    def __enter__(self) -> Watch:
        self._passed: dict[nn.Module, tuple[Tensor, Tensor]] = {}
        for layer in self.layers.values():
            inner = [layer.activation] if isinstance(layer, Layer) else []
            self._handles += [module.register_forward_hook(self._saw) for module in (layer, *inner)]
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def _saw(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self._passed[module] = (inputs[0], output)
        output.retain_grad()

    def seen(self, logits: Tensor, labels: Tensor, loss: Tensor) -> Seen:
        """What passed, ready for probes; before the gradients are clipped."""
        layers = list(self.layers.values())
        inner = [self._passed[layer.activation] if isinstance(layer, Layer) else None for layer in layers]
        outputs = [self._passed[layer][1] for layer in layers]
        return Seen(
            layers,
            self.parameters,
            [self._passed[layer][0] for layer in layers],
            [passed and passed[0] for passed in inner],
            [passed[1] if passed else a for passed, a in zip(inner, outputs, strict=True)],
            outputs,
            logits,
            labels,
            loss,
        )
