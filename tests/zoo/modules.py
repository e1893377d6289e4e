"""What a printed table's columns say of a network, worked out from its modules and the maps that go through them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn
from weightless import weightless

from cnnviz import zoo

Shape = tuple[int, ...]
Value = str | float | None
POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)


@dataclass(frozen=True)
class Ran:
    """A module that ran once: its name, itself, and the shapes of what went in and came out, for one example."""

    name: str
    module: nn.Module
    before: Shape
    after: Shape


@cache
def run(network: str) -> tuple[Ran, ...]:
    """Every module of a network in the order in which they end, seen by hooks on the meta device."""
    found: list[Ran] = []
    model = weightless(network)

    def seen(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        return lambda module, before, after: found.append(Ran(name, module, tuple(before[0].shape[1:]), tuple(after.shape[1:])))

    hooks = [module.register_forward_hook(seen(name)) for name, module in model.named_modules() if name]
    with torch.no_grad():
        model(torch.empty(1, *zoo.card(network).input_shape, device="meta"))
    for hook in hooks:
        hook.remove()
    return tuple(found)


@dataclass(frozen=True)
class Seen:
    """The modules of a line: those named in it, and the leaves inside of them."""

    network: str
    names: str
    named: tuple[Ran, ...]
    leaves: tuple[Ran, ...]
    fed: Shape

    @property
    def after(self) -> Shape:
        return self.named[-1].after if self.named else self.fed

    def of(self, *kinds: type[nn.Module]) -> list[Ran]:
        return [ran for ran in self.leaves if isinstance(ran.module, kinds)]

    @property
    def weighted(self) -> list[Ran]:
        return self.of(nn.Conv2d, nn.Linear)

    @property
    def depthwise(self) -> list[Ran]:
        return [ran for ran in self.of(nn.Conv2d) if ran.module.groups == ran.module.in_channels > 1]

    @property
    def main(self) -> Ran | None:
        return (self.weighted or self.of(*POOLS) or [None])[-1]


def look(network: str, names: str, before: Seen | None) -> Seen:
    """A line's modules. names: as the table has them, * for all whose names begin so."""
    if names == "input":
        shape = zoo.card(network).input_shape
        return Seen(network, names, (), (), shape)
    wanted = names.split()
    heads = {
        name
        for name, _module in weightless(network).named_modules()
        for each in wanted
        if name == each or (each[-1] == "*" and name.startswith(each[:-1]) and "." not in name)
    }
    named = tuple(ran for ran in run(network) if ran.name in heads)
    inside = tuple(
        ran
        for ran in run(network)
        if not any(ran.module.children()) and any(ran.name == name or ran.name.startswith(f"{name}.") for name in heads)
    )
    fed = named[0].before if named else before.after if before else ()
    return Seen(network, names, named, inside, fed)


def size_of(network: str) -> int:
    """Parameters of a whole network."""
    return sum(weight.numel() for weight in weightless(network).parameters())


def products_of(network: str) -> int:
    """Multiply-adds of a whole network's convolutions and matrices."""
    layers = [ran for ran in run(network) if isinstance(ran.module, (nn.Conv2d, nn.Linear))]
    return sum(ran.module.weight.numel() * torch.Size(ran.after[1:]).numel() for ran in layers)


def square(shape: Shape) -> str:
    side = shape[-1] if len(shape) == 3 else 1
    return f"{side}×{side}"


def kernel(module: nn.Module, before: Shape) -> int:
    """One side of a window; of global pooling, the map's."""
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return before[-1]
    return module.kernel_size if isinstance(module.kernel_size, int) else module.kernel_size[0]


def strides(seen: Seen) -> list[int]:
    found = seen.of(nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
    return [ran.module.stride if isinstance(ran.module.stride, int) else ran.module.stride[0] for ran in found]


def has_branches(seen: Seen) -> bool:
    return any(".branches." in ran.name for ran in seen.leaves)


def patch(seen: Seen) -> Value:
    windows = seen.of(nn.Conv2d, *POOLS)
    if has_branches(seen) or not windows:
        return None
    widest = sorted(windows, key=lambda ran: kernel(ran.module, ran.before))[-1]
    side = kernel(widest.module, widest.before)
    return f"{side}×{side}" + ("" if isinstance(widest.module, nn.AdaptiveAvgPool2d) else f"/{max(strides(seen))}")


def patch_or_stride(seen: Seen) -> Value:
    if not has_branches(seen):
        return patch(seen)
    halves = seen.named[0].before[-1] // seen.named[0].after[-1]
    return f"stride {halves}" if halves > 1 else None


def pool_and_projection(seen: Seen) -> Value:
    """A branch that is a pool and nothing else passes on what comes in."""
    if not has_branches(seen):
        return None
    branch = seen.named[0].module.branches["pool"]
    pool = next(module for module in branch.modules() if isinstance(module, POOLS))
    after = [module.out_channels for module in branch.modules() if isinstance(module, nn.Conv2d)]
    return f"{'avg' if isinstance(pool, nn.AvgPool2d) else 'max'} + {after[0] if after else 'pass through'}"


def filter_shape(seen: Seen) -> Value:
    if seen.main is None:
        return None
    module = seen.main.module
    if isinstance(module, nn.Linear):
        return f"{module.in_features}×{module.out_features}"
    window = f"{kernel(module, seen.main.before)}×{kernel(module, seen.main.before)}"
    if not isinstance(module, nn.Conv2d):
        return f"Pool {window}"
    outputs, inputs, *_ = module.weight.shape
    return f"{window}×{outputs} dw" if seen.depthwise else f"{window}×{inputs}×{outputs}"


def operator(seen: Seen) -> Value:
    if seen.depthwise:
        module = seen.depthwise[0].module
        side = module.kernel_size[0]
        return f"MBConv{module.out_channels // seen.fed[0]}, k{side}x{side}"
    words = {nn.Conv2d: "Conv{0}x{0}", nn.AdaptiveAvgPool2d: "Pooling", nn.Linear: "FC"}
    found = [(ran, word) for ran in seen.leaves for kind, word in words.items() if isinstance(ran.module, kind)]
    return " & ".join(word.format(kernel(ran.module, ran.before) if "{" in word else "") for ran, word in found)


def layer(seen: Seen) -> Value:
    blocks = [module for module in seen.named[0].module.children() if hasattr(module, "conv3")] if seen.named else []
    if blocks:
        told = {tuple(filters(module.get_submodule(f"conv{number}.conv")) for number in (1, 2, 3)) for module in blocks}
        assert len(told) == 1, "a stage's blocks are alike"
        return f"[{'; '.join(told.pop())}] ×{len(blocks)}"
    for ran in seen.of(nn.Linear):
        return f"{ran.module.out_features}-d fc"
    for ran in seen.of(nn.AdaptiveAvgPool2d):
        assert ran.after[1:] == (1, 1)
        return "global average pool"
    for ran in seen.of(nn.MaxPool2d):
        return f"{ran.module.kernel_size}×{ran.module.kernel_size} max pool, stride {ran.module.stride}"
    for ran in seen.of(nn.Conv2d):
        return f"{filters(ran.module)}, stride {ran.module.stride[0]}"
    return None


def filters(module: nn.Module) -> str:
    """ "3×3, 128, C=32" """
    assert isinstance(module, nn.Conv2d)
    grouped = f", C={module.groups}" if module.groups > 1 else ""
    return f"{module.kernel_size[0]}×{module.kernel_size[1]}, {module.out_channels}{grouped}"


def weights(seen: Seen) -> int:
    return sum(ran.module.weight.numel() for ran in seen.weighted)


def products(seen: Seen) -> int:
    """Each weight of a convolution once at each place of its output, each weight of a matrix once."""
    return sum(ran.module.weight.numel() * torch.Size(ran.after[1:]).numel() for ran in seen.weighted)


def params(seen: Seen) -> int:
    return sum(weight.numel() for ran in seen.leaves for weight in ran.module.parameters())


def padded(seen: Seen) -> Value:
    """A window that slides over a map and leaves it as large as it was needs padding."""
    rows = seen.of(nn.Conv2d)
    kept = len(rows) == 1 and rows[0].module.kernel_size[0] > 1 and rows[0].before[1:] == rows[0].after[1:]
    return "padded" if kept else None


def activation(seen: Seen) -> Value:
    return "relu" if seen.of(nn.ReLU) else None


def layer_number(seen: Seen) -> Value:
    """AlexNet has one path: the weighted layers that have ended when this one has."""
    ended = run(seen.network)
    order = [ran.name for ran in ended if isinstance(ran.module, (nn.Conv2d, nn.Linear))]
    return str(order.index(seen.weighted[-1].name) + 1) if seen.weighted else None


def weighted_layers(seen: Seen) -> Value:
    """The longest of a module's branches, or all of a chain."""
    branches: dict[str, int] = {}
    for ran in seen.weighted:
        branch = ran.name.split(".branches.")[1].split(".")[0] if ".branches." in ran.name else ""
        branches[branch] = branches.get(branch, 0) + 1
    return str(max(branches.values(), default=0))


def repeats(seen: Seen) -> Value:
    children = seen.named[0].module.named_children() if seen.named else ()
    return str(max(1, sum(name.isdecimal() for name, _module in children)))


def times(seen: Seen) -> Value:
    return f"{len(seen.named)}×" if len(seen.named) > 1 else None


def last(kinds: type[nn.Module] | tuple[type[nn.Module], ...]) -> Callable[[Seen], Value]:
    def channels(seen: Seen) -> Value:
        found = seen.of(*(kinds if isinstance(kinds, tuple) else (kinds,)))
        return str(found[-1].after[0]) if found else None

    return channels


def branch(*ends: str) -> Callable[[Seen], Value]:
    def channels(seen: Seen) -> Value:
        found = [ran for ran in seen.of(nn.Conv2d) if ran.name.endswith(ends)]
        return str(found[0].module.out_channels) if found else "0" if has_branches(seen) else None

    return channels


SECOND_WAY: dict[str, Callable[[Seen], Value]] = {
    "input_size": lambda seen: f"{square(seen.fed)}×{seen.fed[0]}",
    "output_size": lambda seen: f"{square(seen.after)}×{seen.after[0]}",
    "size_or_length": lambda seen: f"{square(seen.after)}×{seen.after[0]}" if len(seen.after) == 3 else str(seen.after[0]),
    "squared_input": lambda seen: f"{seen.fed[-1]}²×{seen.fed[0]}" if seen.fed[1:] and seen.fed[1] > 1 else f"1×1×{seen.fed[0]}",
    "input_side": lambda seen: square(seen.fed),
    "output_side": lambda seen: square(seen.after),
    "maps": lambda seen: str(seen.after[0]) if len(seen.after) == 3 else None,
    "filters": last((nn.Conv2d, nn.Linear, nn.AdaptiveAvgPool2d)),
    "filters_of_convolution": last(nn.Conv2d),
    "filters of branches.1x1": branch("branches.1x1.conv"),
    "filters of 3x3.reduce": branch("3x3.reduce.conv", "conv2_reduce.conv"),
    "filters of 3x3.window": branch("3x3.window.conv", "conv2.conv"),
    "filters of 5x5.reduce": branch("5x5.reduce.conv"),
    "filters of 5x5.window": branch("5x5.window.conv"),
    "filters of pool.project": branch("pool.project.conv"),
    "filters of twice.reduce": branch("twice.reduce.conv"),
    "filters of twice.window2": branch("twice.window2.conv"),
    "pool_and_projection": pool_and_projection,
    "patch_or_stride": patch_or_stride,
    "kernel": lambda seen: next((f"{w}×{w}" for r in seen.of(nn.Conv2d, *POOLS) for w in [kernel(r.module, r.before)]), None),
    "stride": lambda seen: str(max(strides(seen))) if strides(seen) else None,
    "stride_with_s": lambda seen: f"s{max(strides(seen))}" if strides(seen) else None,
    "patch": patch,
    "padded": padded,
    "filter_shape": filter_shape,
    "activation": activation,
    "layer_number": layer_number,
    "weighted_layers": weighted_layers,
    "repeats": repeats,
    "times": times,
    "expansion": lambda seen: str(seen.depthwise[0].module.out_channels // seen.fed[0]) if seen.depthwise else None,
    "operator": operator,
    "layer": layer,
    "params": params,
    "weights": weights,
    "macs": products,
}
