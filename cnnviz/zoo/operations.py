"""What torch's functions are in a table: the kind of row that each makes, its window, and its multiply-adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from torch import Tensor

KIND_OF: Mapping[str, str] = {
    name: kind
    for kind, names in {
        "conv": "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
        "fc": "linear",
        "norm": "batch_norm layer_norm group_norm instance_norm local_response_norm normalize",
        "activation": "relu relu6 hardtanh sigmoid tanh silu elu leaky_relu prelu gelu softplus hardswish hardsigmoid "
        "softmax log_softmax",
        "pool": "max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool2d adaptive_avg_pool3d "
        "adaptive_max_pool2d mean amax max",
        "drop": "dropout dropout2d dropout3d",
        "add": "add sub",
        "concat": "cat stack concat",
        "multiply": "mul div",
        "matmul": "matmul mm bmm einsum",
        "upsample": "interpolate pixel_shuffle",
    }.items()
    for name in names.split()
}  # fmt: skip
ARITHMETIC = ("add", "multiply")  # a row only where both sides come from the input or from weights; 2 * x is none
GATES = ("sigmoid", "hardsigmoid", "softmax")  # a map of shares, which another map may be multiplied by
CROPPING = ("pad", "getitem", "narrow")  # these keep a map's step
PREFIXES = ("__i", "__r", "__")


@dataclass(frozen=True)
class Window:
    """What an operation slides over a map, one number an axis; nothing where it has no window."""

    kernel: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    padding: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1

    @property
    def span(self) -> tuple[int, ...]:
        """The kernel with the gaps of its dilation."""
        return tuple((size - 1) * gap + 1 for size, gap in zip(self.kernel, self.dilation, strict=True))


def name_of(function: Any) -> str:
    """A function's plain name: "add" for Tensor.__iadd__, "mul" for Tensor.__rmul__, "relu" for relu_."""
    name = str(getattr(function, "__name__", ""))
    for prefix in PREFIXES:
        inner = name.removeprefix(prefix).strip("_")
        if name.startswith("__") and name.startswith(prefix) and inner in KIND_OF:
            return inner
    plain = name.strip("_")
    return {"truediv": "div", "itruediv": "div", "rtruediv": "div"}.get(plain, plain)


def window_of(name: str, arguments: Mapping[str, Any], output: Tensor) -> Window:
    """The window of a convolution or pool; an adaptive pool's follows from the sizes."""
    source: Tensor = arguments["input"]
    if name.startswith("conv"):
        axes = arguments["weight"].ndim - 2
        kernel = tuple(arguments["weight"].shape[2:])
        spans = _sides(arguments.get("dilation", 1), axes)
        padding = arguments.get("padding", 0)
        same = tuple((k - 1) * d // 2 for k, d in zip(kernel, spans, strict=True))
        sides = {"same": same, "valid": (0,) * axes}[padding] if isinstance(padding, str) else _sides(padding, axes)
        return Window(kernel, _sides(arguments.get("stride", 1), axes), sides, spans, arguments.get("groups", 1))
    axes = int(name[-2])
    if name.startswith("adaptive"):
        sizes = list(zip(source.shape[2:], output.shape[2:], strict=True))
        stride = tuple(before // after for before, after in sizes)
        kernel = tuple(before - (after - 1) * step for (before, after), step in zip(sizes, stride, strict=True))
        return Window(kernel, stride, (0,) * axes, (1,) * axes)
    kernel = _sides(arguments["kernel_size"], axes)
    moves = _sides(arguments.get("stride") or kernel, axes)  # as large as the kernel where it is not given
    return Window(kernel, moves, _sides(arguments.get("padding", 0), axes), _sides(arguments.get("dilation", 1), axes))


def _sides(value: int | Sequence[int], axes: int) -> tuple[int, ...]:
    given = (value,) if isinstance(value, int) else tuple(value)
    return given * axes if len(given) == 1 else given


POSITIONS: Mapping[str, tuple[str, ...]] = {
    "conv_transpose": ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"),
    "conv": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "max_pool": ("input", "kernel_size", "stride", "padding", "dilation"),
    "avg_pool": ("input", "kernel_size", "stride", "padding"),
    "adaptive": ("input", "output_size"),
}


def arguments_of(name: str, positional: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """A windowed function's arguments by name."""
    names = next((names for start, names in POSITIONS.items() if name.startswith(start)), ())
    return {**dict(zip(names, positional, strict=False)), **named}


def has_window(name: str) -> bool:
    """Whether a function slides a window over a map, or averages parts of it."""
    return (name.startswith("conv") and name in KIND_OF) or "_pool" in name


def multiply_adds(name: str, positional: Sequence[Any], named: Mapping[str, Any], output: Tensor) -> int:
    """Of a convolution or a matrix product, over the whole batch; 0 for all else."""
    if name.startswith("conv_transpose"):
        given = arguments_of(name, positional, named)
        return int(given["input"].numel() * given["weight"][0].numel())
    if name.startswith("conv") and name in KIND_OF:
        return int(output.numel() * arguments_of(name, positional, named)["weight"][0].numel())
    if name in ("linear", "matmul", "mm", "bmm"):
        return int(output.numel() * positional[0].shape[-1])
    if name == "einsum":
        return _einsum(positional[0], positional[1:])
    return 0


def _einsum(equation: str, operands: Sequence[Any]) -> int:
    letters = equation.partition("->")[0].replace(" ", "").split(",")
    tensors = operands[0] if isinstance(operands[0], (list, tuple)) else operands
    sizes: dict[str, int] = {}
    for part, tensor in zip(letters, tensors, strict=True):
        sizes |= dict(zip(part, tensor.shape, strict=True))
    return prod(sizes.values())


def enlargement(source: Tensor, output: Tensor) -> tuple[float, ...]:
    """Steps of the output in steps of the source, an axis: 0.5 where the map became twice as large."""
    return tuple(before / after for before, after in zip(source.shape[2:], output.shape[2:], strict=True))
