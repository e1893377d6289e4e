"""A network's table, written down while one example of shape only goes through it.

The model lies on torch's meta device: no weight and no activation takes memory. Every call of a torch function is seen by a
TorchFunctionMode, so chunking, concatenation, routing and arithmetic need nothing from a family: what makes a row is listed in
`operations.KIND_OF`, all else (reshape, chunk, pad, 0.2 * x) passes on which rows its result comes from. A module whose class
says `row = "pool"` (a kind) is one row, whatever it does inside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from cnnviz.zoo.operations import (
    ARITHMETIC,
    CROPPING,
    GATES,
    KIND_OF,
    Window,
    arguments_of,
    enlargement,
    has_window,
    multiply_adds,
    name_of,
    window_of,
)
from cnnviz.zoo.reach import Reach, gathered, merged
from cnnviz.zoo.rows import Row


@dataclass(frozen=True)
class Trail:
    """Where a tensor comes from: rows, weights that no row has counted yet, and its geometry, None for one without an image."""

    rows: frozenset[int] = frozenset()
    weights: frozenset[int] = frozenset()
    reach: Reach | None = None

    @property
    def is_constant(self) -> bool:
        return not self.rows and not self.weights


@dataclass
class Folded:
    """A module that is one row, while it runs."""

    module: nn.Module
    macs: int = 0


def table_of(model: nn.Module, input_shape: Sequence[int]) -> tuple[Row, ...]:
    """The rows of a model for one example of `input_shape`, in the order of execution, as it is when it does not train.

    A model that is not on the meta device works, too, and computes.
    """
    training = [(module, module.training) for module in model.modules()]
    tracer = Tracer(model)
    image = torch.zeros((1, *input_shape), device=next((weight.device for weight in model.parameters()), "cpu"))
    try:
        with torch.no_grad(), tracer:
            tracer.begin(image)
            model.eval()(image)
    finally:
        tracer.let_go()
        for module, mode in training:
            module.training = mode
    return tuple(tracer.rows)


class Tracer(TorchFunctionMode):
    """Writes a row for each operation of a model; keeps every tensor, for its identity tells which one it is."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self.image: tuple[int, ...] = ()
        self.trails: dict[int, Trail] = {}
        self.kept: list[Tensor] = []
        self.counted: set[int] = set()
        self.sizes = {id(weight): weight.numel() for weight in model.parameters()}
        self.names: Counter[str] = Counter()
        self.running: list[tuple[str, nn.Module]] = []
        self.folded: Folded | None = None
        self.hooks: list[Any] = []
        for name, module in model.named_modules():
            self.hooks.append(module.register_forward_pre_hook(self._enter(name)))
            self.hooks.append(module.register_forward_hook(self._leave))

    def let_go(self) -> None:
        for hook in self.hooks:
            hook.remove()

    def begin(self, image: Tensor) -> None:
        """Row 0: the input."""
        shape = tuple(image.shape[1:])
        reach, self.image = Reach.of_input(shape), shape[1:]
        self.rows.append(Row("input", "input", "", shape, receptive_field=reach.pixels))
        self._remember(image, Trail(frozenset([0]), frozenset(), reach if shape[1:] else None))

    def _enter(self, name: str) -> Any:
        def enter(module: nn.Module, arguments: Any) -> None:
            self.running.append((name, module))
            if self.folded is None and hasattr(type(module), "row"):
                self.folded = Folded(module)

        return enter

    def _leave(self, module: nn.Module, arguments: Any, output: Any) -> None:
        if self.folded and self.folded.module is module:
            results, macs = list(_tensors(output)), self.folded.macs
            self.folded = None
            rows, weights, reaches = self._together(results)
            trail = Trail(rows, weights, reaches[0] if reaches else None)
            kernel, stride, padding = (_as_tuple(getattr(module, name, ())) for name in ("kernel_size", "stride", "padding"))
            self._write(str(module.row), type(module).__name__, results, trail, Window(kernel, stride, padding), macs)
        self.running.pop()

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        named = kwargs or {}
        result = function(*args, **named)
        results = list(_tensors(result))
        if results:
            self._note(name_of(function), args, named, results)
        return result

    def _note(self, name: str, args: Sequence[Any], named: Mapping[str, Any], results: list[Tensor]) -> None:
        sources = list(_tensors((args, named)))
        if not sources:
            return
        trail = self._after(name, args, named, sources, results[0])
        macs = multiply_adds(name, args, named, results[0])
        if self.folded or not self._makes_a_row(name, sources):
            if self.folded:
                self.folded.macs += macs
            for tensor in results:
                self._remember(tensor, _cropped(trail, tensor) if name in CROPPING else trail)
            return
        window = window_of(name, arguments_of(name, args, named), results[0]) if has_window(name) else Window()
        self._write(KIND_OF[name], name, results, trail, window, macs)

    def _makes_a_row(self, name: str, sources: Sequence[Tensor]) -> bool:
        kind = KIND_OF.get(name)
        if kind is None or not any(self._trail(source).rows for source in sources):
            return False  # what is done to weights alone belongs to the layer that uses them
        return kind not in ARITHMETIC or sum(not self._trail(source).is_constant for source in sources) > 1

    def _after(
        self, name: str, args: Sequence[Any], named: Mapping[str, Any], sources: Sequence[Tensor], result: Tensor
    ) -> Trail:
        """The trail of an operation's result."""
        rows, weights, reaches = self._together(sources)
        if not reaches:
            return Trail(rows, weights)
        if name not in KIND_OF:
            return Trail(rows, weights, reaches[0])
        return Trail(rows, weights, _moved(name, args, named, sources[0], reaches, result))

    def _together(self, tensors: Sequence[Tensor]) -> tuple[frozenset[int], frozenset[int], list[Reach]]:
        """The rows and weights that several tensors come from, and the geometries of those that have one."""
        trails = [self._trail(tensor) for tensor in tensors]
        rows = frozenset[int]().union(*(trail.rows for trail in trails))
        weights = frozenset[int]().union(*(trail.weights for trail in trails))
        return rows, weights, [trail.reach for trail in trails if trail.reach is not None]

    def _write(self, kind: str, operation: str, results: list[Tensor], trail: Trail, window: Window, macs: int) -> None:
        new = trail.weights - self.counted
        self.counted |= new
        name, operation = self._called(operation)
        row = Row(
            name=self._unused(name),
            kind=kind,
            operation=operation,
            output_shape=tuple(results[0].shape[1:]),
            sources=tuple(sorted(trail.rows)),
            kernel_size=window.kernel,
            stride=window.stride,
            padding=window.padding,
            groups=window.groups,
            params=sum(self.sizes[weight] for weight in new),
            macs=macs,
            receptive_field=trail.reach.pixels if trail.reach else (),
            gated_field=trail.reach.gated_pixels(self.image) if trail.reach else (),
            sees_all=trail.reach is not None and trail.reach.sees_all(self.image),
        )
        self.rows.append(row)
        for tensor in results:
            self._remember(tensor, Trail(frozenset([len(self.rows) - 1]), frozenset(), trail.reach))

    def _called(self, operation: str) -> tuple[str, str]:
        """A row's name and its operation: those of the module that runs where it has no parts, else of the function in it."""
        path, module = self.running[-1]
        if path and (hasattr(type(module), "row") or not any(module.children())):
            return path, type(module).__name__
        return f"{path}.{operation}".lstrip("."), operation

    def _unused(self, name: str) -> str:
        self.names[name] += 1
        return name if self.names[name] == 1 else f"{name}#{self.names[name]}"

    def _trail(self, tensor: Tensor) -> Trail:
        known = self.trails.get(id(tensor))
        if known is not None:
            return known
        return Trail(weights=frozenset([id(tensor)])) if id(tensor) in self.sizes else Trail()

    def _remember(self, tensor: Tensor, trail: Trail) -> None:
        self.trails[id(tensor)] = trail
        self.kept.append(tensor)


def _moved(
    name: str, args: Sequence[Any], named: Mapping[str, Any], source: Tensor, reaches: Sequence[Reach], result: Tensor
) -> Reach:
    """The geometry of an operation's result. source: its first tensor; reaches: of all its tensors that have one."""
    kind, first = KIND_OF[name], reaches[0]
    if has_window(name):
        window = window_of(name, arguments_of(name, args, named), result)
        stride = enlargement(source, result) if name.startswith("conv_transpose") else window.stride
        return first.through(window.span, stride, source, result)
    if kind == "upsample":
        neighbours = (1 if named.get("mode", "nearest") == "nearest" else 2,) * len(first.step)
        return first.through(neighbours, enlargement(source, result), source, result)
    if kind == "matmul" and len(reaches) > 1:
        return gathered(reaches, result)
    if kind in ("matmul", "fc"):
        return first.whole(())
    if kind == "pool" and first.space_of(result) != first.size:
        return first.whole(first.space_of(result))
    together = merged(reaches, result, multiplies=kind == "multiply")
    return replace(together, gates=name in GATES) if kind == "activation" else together


def _tensors(value: Any) -> Iterator[Tensor]:
    """Every tensor in arguments or results, however they are nested."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from _tensors(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _tensors(inner)


def _cropped(trail: Trail, tensor: Tensor) -> Trail:
    return replace(trail, reach=trail.reach and trail.reach.resized(tensor))


def _as_tuple(value: int | Iterable[int]) -> tuple[int, ...]:
    return (value, value) if isinstance(value, int) else tuple(value)
