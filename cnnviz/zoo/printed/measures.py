"""What a column of a printed table says of a part of a network, from the network's own rows. Torch-free.

A measure takes a Part and gives a text in the table's notation, a number to be counted in the column's unit, or None for what
the part does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from math import prod

from cnnviz import zoo
from cnnviz.zoo.printed.parts import Part
from cnnviz.zoo.rows import WEIGHTED, Row
from cnnviz.zoo.rows import depth as depth_of

Value = str | float | None
Measure = Callable[[Part], Value]


def input_size(part: Part) -> Value:
    """ "112×112×32" """
    return _size(part.fed)


def output_size(part: Part) -> Value:
    """ "55×55×96", "1×1×1000" for a vector."""
    return _size(part.output_shape)


def size_or_length(part: Part) -> Value:
    """ "55×55×96", "1000" for a vector."""
    shape = part.output_shape
    return _size(shape) if len(shape) > 1 else str(shape[0])


def squared_input(part: Part) -> Value:
    """ "112²×32", "1×1×1280" where the side is one."""
    channels, side = part.fed[0], _side(part.fed)
    return f"{side}²×{channels}" if side > 1 else f"1×1×{channels}"


def input_side(part: Part) -> Value:
    """ "112×112" """
    return _square(_side(part.fed))


def output_side(part: Part) -> Value:
    """ "112×112", None for a whole network."""
    return None if part.is_whole else _square(_side(part.output_shape))


def _size(shape: tuple[int, ...]) -> str:
    return f"{_square(_side(shape))}×{shape[0]}"


def _side(shape: tuple[int, ...]) -> int:
    return shape[-1] if len(shape) > 1 else 1


def _square(side: int) -> str:
    return f"{side}×{side}"


def maps(part: Part) -> Value:
    """Maps that it puts out, None for a vector."""
    return str(part.output_shape[0]) if len(part.output_shape) > 1 else None


def filters(part: Part) -> Value:
    """Outputs of its last convolution or fully connected layer; of a pool, its maps."""
    return str(part.main.output_shape[0]) if part.main else None


def filters_of_convolution(part: Part) -> Value:
    """Outputs of its last convolution."""
    return next((str(row.output_shape[0]) for row in reversed(part.rows) if row.kind == "conv"), None)


def filters_of(*ends: str) -> Measure:
    """Outputs of the convolution whose name ends so; "0" in a module of branches that has none."""

    def outputs(part: Part) -> Value:
        found = (row for row in part.rows if row.name.endswith(tuple(f"{end}.conv" for end in ends)))
        return next((str(row.output_shape[0]) for row in found), "0" if _has_branches(part) else None)

    outputs.__name__ = f"filters of {ends[0]}"
    return outputs


def _has_branches(part: Part) -> bool:
    return any(row.kind == "concat" for row in part.rows)


def pool_and_projection(part: Part) -> Value:
    """ "avg + 32", "max + pass through" where no convolution follows the pool; None without branches."""
    if not _has_branches(part):
        return None
    kind = next(row.operation.lower()[:3] for row in part.rows if row.kind == "pool")
    projected = filters_of("pool.project")(part)
    return f"{kind} + {'pass through' if projected == '0' else projected}"


def kernel(part: Part) -> Value:
    """ "3×3" """
    return _window(part.main) if part.main and part.main.kernel_size else None


def _window(row: Row) -> str:
    return "×".join(map(str, row.kernel_size))


def stride(part: Part) -> Value:
    """Of the layer that strides most; None where a window is placed once, or there is none."""
    found = [row.stride[0] for row in part.rows if row.kind in ("conv", "pool") and not _once(row)]
    return str(max(found)) if found else None


def _once(row: Row) -> bool:
    """Whether a pool looks at its whole map at one time."""
    return row.kind == "pool" and set(row.output_shape[1:]) == {1}


def stride_with_s(part: Part) -> Value:
    """ "s2" """
    found = stride(part)
    return f"s{found}" if found else None


def patch(part: Part) -> Value:
    """ "3×3/2" of its widest convolution, "8×8" for a pool that is placed once, None for a module of branches."""
    windows = [row for row in part.rows if row.kind in ("conv", "pool")]
    if not windows or _has_branches(part):
        return None
    widest = max(windows, key=lambda row: row.kernel_size)
    return _window(widest) if _once(widest) else f"{_window(widest)}/{widest.stride[0]}"


def patch_or_stride(part: Part) -> Value:
    """The same; "stride 2" for a module of branches that halves the grid."""
    if not _has_branches(part):
        return patch(part)
    return f"stride {stride(part)}" if stride(part) != "1" else None


def padded(part: Part) -> Value:
    """ "padded" where its one convolution is."""
    rows = part.weighted
    return "padded" if len(rows) == 1 and rows[0].padding and rows[0].padding[0] else None


def filter_shape(part: Part) -> Value:
    """ "3×3×3×32", "3×3×32 dw" with a filter for each map, "Pool 7×7", "1024×1000"."""
    row = part.main
    if row is None:
        return None
    before = part.table[row.sources[0]].output_shape
    if row.kind == "fc":
        return f"{prod(before)}×{row.output_shape[0]}"
    if row.kind == "pool":
        return f"Pool {_window(row)}"
    own = f"{row.output_shape[0]} dw" if _is_depthwise(part, row) else f"{before[0] // row.groups}×{row.output_shape[0]}"
    return f"{_window(row)}×{own}"


def _is_depthwise(part: Part, row: Row) -> bool:
    return row.kind == "conv" and row.groups > 1 and row.groups == part.table[row.sources[0]].output_shape[0]


def activation(part: Part) -> Value:
    """ "relu" """
    found = [row.operation.lower() for row in part.rows if row.kind == "activation"]
    return found[-1] if found else None


def layer_number(part: Part) -> Value:
    """How many layers with weights lead up to it, itself with them; None where it has none."""
    if part.is_whole:
        return str(zoo.totals(part.network).depth)
    return str(depth_of(part.table[: part.places[-1] + 1])) if part.weighted else None


def weighted_layers(part: Part) -> Value:
    """Layers with weights on the longest way through it."""
    depths: dict[int, int] = {}
    for place in part.places:
        row = part.table[place]
        before = max((depths.get(source, 0) for source in row.sources), default=0)
        depths[place] = before + (row.kind in WEIGHTED)
    return str(max(depths.values(), default=0))


def repeats(part: Part) -> Value:
    """How many of the same stand one after the other: numbered blocks of a stage."""
    blocks = {row.name.split(".")[1] for row in part.rows if "." in row.name}
    return str(max(1, sum(block.isdecimal() for block in blocks)))


def times(part: Part) -> Value:
    """ "5×": how many modules its names stand for, None for one."""
    return f"{len(part.heads)}×" if len(part.heads) > 1 else None


def expansion(part: Part) -> Value:
    """How many times as many maps a filter for each map has as the block is fed with."""
    row = next((row for row in part.rows if _is_depthwise(part, row)), None)
    return str(row.output_shape[0] // part.fed[0]) if row else None


def operator(part: Part) -> Value:
    """EfficientNet's names: "Conv3x3", "MBConv6, k3x3", "Conv1x1 & Pooling & FC"."""
    inner = next((row for row in part.rows if _is_depthwise(part, row)), None)
    if inner:
        return f"MBConv{expansion(part)}, k{inner.kernel_size[0]}x{inner.kernel_size[1]}"
    names = {"conv": "Conv{0}x{0}", "pool": "Pooling", "fc": "FC"}
    found = (names[row.kind].format(*row.kernel_size[:1]) for row in part.rows if row.kind in names)
    return " & ".join(found) or None


def block(part: Part) -> Value:
    """ "[1×1, 64; 3×3, 64; 1×1, 256] ×3": a stage's block and how often it stands there."""
    own = f"{part.names}.0."
    rows = [row for row in part.rows if row.name.startswith(own) and row.kind == "conv" and ".shortcut" not in row.name]
    inside = "; ".join(f"{_window(row)}, {row.output_shape[0]}" + (f", C={row.groups}" * (row.groups > 1)) for row in rows)
    return f"[{inside}] ×{repeats(part)}"


def layer(part: Part) -> Value:
    """ "7×7, 64, stride 2", "3×3 max pool, stride 2", "global average pool", "1000-d fc"; of a stage, its block."""
    found = [_told(row) for row in part.rows if row.kind in ("conv", "pool", "fc")]
    return (", ".join(found) or None) if len(found) <= 2 else block(part)


def _told(row: Row) -> str:
    if row.kind == "fc":
        return f"{row.output_shape[0]}-d fc"
    if _once(row):
        return "global average pool"
    kind = f"{_window(row)} max pool" if row.kind == "pool" else f"{_window(row)}, {row.output_shape[0]}"
    return f"{kind}, stride {row.stride[0]}"


def params(part: Part) -> Value:
    """Parameters, biases and norms with them."""
    return zoo.totals(part.network).params if part.is_whole else sum(row.params for row in part.rows)


def weights(part: Part) -> Value:
    """Weights of its convolutions and fully connected layers, without biases."""
    return sum(_weights(part, row) for row in part.weighted)


def _weights(part: Part, row: Row) -> int:
    before = part.table[row.sources[0]].output_shape
    sides = (prod(before),) if row.kind == "fc" else (*row.kernel_size, before[0] // row.groups)
    return prod(sides) * row.output_shape[0]


def macs(part: Part) -> Value:
    """Multiply-adds for one example."""
    return zoo.totals(part.network).macs if part.is_whole else sum(row.macs for row in part.rows)


def gain(without: str, with_it: str) -> Measure:
    """By how much one column's printed percentage is lower than another's."""

    def lower(part: Part) -> Value:
        return str(Decimal(part.printed[without].rstrip("†")) - Decimal(part.printed[with_it].rstrip("†")))

    lower.__name__ = f"gain of {with_it}"
    return lower
