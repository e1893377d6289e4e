"""Watch: sees one forward and backward pass of any network, layer by layer, without changing what it computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import TracebackType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from cnnviz.engine.nets.layers import Layer, Notice
from cnnviz.engine.sampling import SAMPLE, Sample, in_memory_order, sampled

STACKED = 16_384  # tensors up to this many values are stacked with their neighbours; above, copying costs more than it saves


def layers_of(net: nn.Module) -> dict[str, nn.Module]:
    """What is measured of a net, input side first: its `.layers`, else each module with a weight matrix or kernel."""
    named = getattr(net, "layers", None)
    if isinstance(named, nn.ModuleDict):
        return dict(named.items())
    return {name: module for name, module in net.named_modules() if getattr(module, "weight", torch.empty(0)).ndim > 1}


class Stacks:
    """One tensor a layer, as few matrices (layers, values) as equal neighbours allow, so that one operation serves several.

    Values come in memory order. copied: the matrices share no memory with the tensors. kinds: one a layer; only layers of
    one kind share a matrix.
    """

    def __init__(self, tensors: Sequence[Tensor], copied: bool = False, kinds: Sequence[Any] = ()) -> None:
        self._parts: list[tuple[slice, Tensor]] = []
        sizes = [tensor.numel() for tensor in tensors]
        first = 0
        while first < len(tensors):
            end = _end_of_run(sizes, kinds, first)
            self._parts.append((slice(first, end), _rows(tensors[first:end], copied)))
            first = end

    def __iter__(self) -> Iterator[tuple[slice, Tensor]]:
        """(which layers, their values (layers, values)), in order."""
        return iter(self._parts)

    def each(self, statistic: Callable[[Tensor], Tensor]) -> Tensor:
        """(layers, …) from a statistic that makes (rows, …) of a matrix (rows, values)."""
        return torch.cat([statistic(matrix) for _run, matrix in self._parts])


def _end_of_run(sizes: Sequence[int], kinds: Sequence[Any], first: int) -> int:
    size, kind, end = sizes[first], kinds[first : first + 1], first + 1
    while size <= STACKED and end < len(sizes) and sizes[end] == size and kinds[end : end + 1] == kind:
        end += 1
    return end


def _rows(tensors: Sequence[Tensor], copied: bool) -> Tensor:
    """Tensors of one size as a matrix (tensors, values), which shares memory only with a single one that need not be copied."""
    shape = tensors[0].shape
    if len(tensors) > 1 and all(tensor.is_contiguous() and tensor.shape == shape for tensor in tensors):
        return torch.stack(tuple(tensors)).flatten(1)  # one view instead of one a tensor
    rows = [in_memory_order(tensor) for tensor in tensors]
    return torch.stack(rows) if copied or len(rows) > 1 else rows[0][None]


class Pass(NamedTuple):
    """What went through a layer: x, z and f(z) of its activation, and its output a. z is None, f(z) is a in foreign nets.

    z is sampled when it passes, so that training need not hold all of it.
    """

    input: Tensor
    z: Sample | None
    value: Tensor
    output: Tensor


@dataclass
class Seen:
    """One pass through all layers; weights, and raw gradients of `loss`, which is a mean over the batch.

    gradients: ∂loss/∂a of each layer, of its output's shape; 0 where the loss does not depend on it. weight_tensors: each
    layer's weight itself, which the update that follows moves. Only what a probe asks for is computed, once. notes: what
    `probes.once` remembers.
    """

    layers: Sequence[nn.Module]
    weight_tensors: Sequence[Tensor]
    parameters: Sequence[Tensor]
    passes: Sequence[Pass]
    gradients: Sequence[Tensor]
    logits: Tensor
    labels: Tensor
    loss: Tensor
    notes: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def weights(self) -> Stacks:
        """Each layer's weight as it was in this pass."""
        return Stacks(self.weight_tensors, copied=True)

    @cached_property
    def weight_gradients(self) -> Stacks:
        """Each layer's raw weight gradient."""
        given = [(weight, weight.grad) for weight in self.weight_tensors]
        return Stacks([torch.zeros_like(weight) if gradient is None else gradient for weight, gradient in given])

    @cached_property
    def outputs(self) -> Stacks:
        """Each layer's output a, all of it."""
        return Stacks([passed.output for passed in self.passes])

    @cached_property
    def activations(self) -> Stacks:
        """Each layer's output a, sampled."""
        if all(passed.output.numel() <= SAMPLE for passed in self.passes):
            return self.outputs
        return Stacks([sampled(passed.output) for passed in self.passes])

    @cached_property
    def function_values(self) -> Stacks:
        """f(z) of each layer, sampled; a without the skip's part."""
        if all(passed.value is passed.output for passed in self.passes):
            return self.activations
        return Stacks([sampled(passed.value) for passed in self.passes])

    @cached_property
    def activation_inputs(self) -> Stacks | None:
        """z of each layer, sampled, only layers of one function in a matrix; None where a layer's is unknown."""
        known = [passed.z.values for passed in self.passes if passed.z is not None]
        functions = [layer.function for layer in self.layers if isinstance(layer, Layer)]
        return Stacks(known, kinds=functions) if len(known) == len(self.passes) else None

    @cached_property
    def activation_gradients(self) -> Stacks:
        """∂loss/∂a of each layer, all of it."""
        return Stacks(self.gradients)


class Watch:
    """`with watch: loss = …; loss.backward()`, then `watch.seen(logits, labels, loss)`; outside the block it costs nothing.

    Layers must not change their output in place. parameters: all that the net has; layers: as `layers_of` finds them. ranged:
    whether the next pass is to note the lowest and the highest z of each layer, as histograms of z need it.
    """

    def __init__(self, net: nn.Module) -> None:
        self.layers = layers_of(net)
        self.weights: list[Tensor] = [layer.weight for layer in self.layers.values()]  # type: ignore[misc]  # a layer has one
        self.parameters = list(net.parameters())
        self.ranged = True
        self._own = [layer for layer in self.layers.values() if isinstance(layer, Layer)]
        self._foreign = [layer for layer in self.layers.values() if not isinstance(layer, Layer)]
        self._handles: list[RemovableHandle] = []

    def __enter__(self) -> Watch:
        self._passes: dict[nn.Module, Pass] = {}
        self._gradients: dict[nn.Module, Tensor] = {}
        self._tell(self._notice)
        self._handles += [layer.register_forward_hook(self._hook) for layer in self._foreign]
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self._tell(None)
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def _tell(self, notice: Notice | None) -> None:
        for layer in self._own:
            vars(layer)["notice"] = notice  # past nn.Module's __setattr__, which costs as much as an operation on a tensor

    def _hook(self, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self._notice(layer, inputs[0], None, output, output)

    def _notice(self, layer: nn.Module, x: Tensor, z: Tensor | None, value: Tensor, a: Tensor) -> None:
        self._passes[layer] = Pass(x, None if z is None else Sample.of(z.detach(), self.ranged), value, a)
        a.register_hook(partial(self._gradients.__setitem__, layer))  # retain_grad would copy it

    def seen(self, logits: Tensor, labels: Tensor, loss: Tensor) -> Seen:
        """What passed, ready for probes; before the gradients are clipped."""
        layers = list(self.layers.values())
        passes = [self._passes.pop(layer) for layer in layers]
        gradients = [
            self._gradients.pop(layer) if layer in self._gradients else torch.zeros_like(passed.output)
            for layer, passed in zip(layers, passes, strict=True)
        ]
        return Seen(layers, self.weights, self.parameters, passes, gradients, logits, labels, loss)
