"""What goes on inside the units: where their inputs fall on the activation's curve, and which are dead on the whole test set."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from cnnviz.engine.evaluation import AT_ONCE
from cnnviz.engine.nets.layers import Layer
from cnnviz.engine.nets.learned import Maxout, Prelu
from cnnviz.engine.probes import UNIT, apart, counted, histogram, once, probe
from cnnviz.engine.watch import Seen

POINTS = 121  # of the recorded curve: odd, so that 0 is one of them
NARROWEST = 4.0  # |z| that the curve is drawn to at least
TOP = 0.98  # the share of a layer's activations that are below its top
UNMOVED = 1e-6  # a slope below it passes nothing on


@probe(UNIT)
def preactivation_low(seen: Seen) -> Tensor | None:
    """Lower end of `preactivation_hist`."""
    return None if seen.activation_inputs is None else _range(seen)[0]


@probe(UNIT)
def preactivation_high(seen: Seen) -> Tensor | None:
    """Upper end of `preactivation_hist`."""
    return None if seen.activation_inputs is None else _range(seen)[1]


@probe(UNIT)
def preactivation_hist(seen: Seen) -> Tensor | None:
    """Fractions of the activation's inputs z in 40 equal bins from the lowest to the highest."""
    return None if seen.activation_inputs is None else histogram(counted(seen.activation_inputs), *_range(seen))


@once
def _range(seen: Seen) -> tuple[Tensor, Tensor]:
    low, high = zip(*(passed.z.ends for passed in seen.passes if passed.z is not None), strict=True)
    return apart(torch.stack(low), torch.stack(high))


@probe(UNIT)
def activation_top(seen: Seen) -> Tensor:
    """98th percentile of a layer's activations, as Glorot & Bengio's figure 3 marks it."""
    return seen.activations.each(_top)


def _top(matrix: Tensor) -> Tensor:
    """TOP of each row, as torch.quantile interpolates it, which would sort all of the row."""
    place = TOP * (matrix.shape[1] - 1)
    above = matrix.topk(matrix.shape[1] - math.floor(place), dim=1).values
    return torch.lerp(above[:, -1], above[:, -2], place % 1) if above.shape[1] > 1 else above[:, 0]


@probe(UNIT)
def prelu_slope(seen: Seen) -> Tensor | None:
    """The slope below 0 that each layer has learned, NaN for layers without one; None where no layer has one."""
    learned = [layer.function for layer in seen.layers if isinstance(layer, Layer)]
    if not any(isinstance(function, Prelu) for function in learned):
        return None
    none = torch.full((1,), math.nan, device=seen.loss.device)
    return torch.cat([function.leak if isinstance(function, Prelu) else none for function in learned])


@probe(UNIT)
def curve_z(seen: Seen) -> Tensor | None:
    """Points (1, 121) over the inputs that were seen, 0 in their middle: out to a power of 2, so that it seldom changes."""
    return _curve(seen)[0] if _curve(seen) else None


@probe(UNIT)
def curve_value(seen: Seen) -> Tensor | None:
    """The first layer's activation function f at `curve_z`: (1, 121), in the state of this moment."""
    return _curve(seen)[1] if _curve(seen) else None


@probe(UNIT)
def curve_slope(seen: Seen) -> Tensor | None:
    """Its slope f' at `curve_z`: (1, 121)."""
    return _curve(seen)[2] if _curve(seen) else None


@once
def _curve(seen: Seen) -> tuple[Tensor, ...]:
    """z, f(z) and f'(z); nothing where f is not a function of one number."""
    first = seen.layers[0]
    if not isinstance(first, Layer) or isinstance(first.function, Maxout):
        return ()
    furthest = float(torch.stack(_range(seen)).abs().amax().nan_to_num(NARROWEST, NARROWEST, NARROWEST))
    end = 2.0 ** math.ceil(math.log2(max(furthest, NARROWEST)))
    z = torch.linspace(-end, end, POINTS, device=seen.loss.device)
    return z[None], first.function.value(z)[None], first.function.slope(z)[None]


@torch.no_grad()
def dead_units(net: nn.Module, inputs: Tensor) -> dict[str, Tensor]:
    """Which units nothing can move, over all the examples (N, …). The net is left in training mode.

    dead_map (layers, units of the widest): 1 where |f'(z)| is below 10⁻⁶ on every example, at every position of a map, else
    0; NaN where the layer has no such unit. dead_fraction, off_fraction (layers,): of a layer's units, those dead, and
    those whose input is never above 0, which a leaky function still lets move.
    """
    layers: dict[str, Layer] = dict(net.layers.items())  # type: ignore[union-attr, operator]
    dead = {name: torch.tensor(True, device=inputs.device) for name in layers}
    off = dict(dead)

    def notice(layer: nn.Module, x: Tensor, z: Tensor, value: Tensor, a: Tensor) -> None:
        name = names[layer]
        dead[name] = dead[name] & _throughout(_silent(layers[name], z, value))
        off[name] = off[name] & _throughout(value <= 0 if isinstance(layers[name].function, Maxout) else z <= 0)

    names: dict[nn.Module, str] = {layer: name for name, layer in layers.items()}
    net.eval()
    for layer in layers.values():
        layer.notice = notice
    for part in inputs.split(AT_ONCE):
        net(part)
    for layer in layers.values():
        layer.notice = None
    net.train()
    return {
        "dead_map": nn.utils.rnn.pad_sequence([units.float() for units in dead.values()], True, math.nan),
        "dead_fraction": torch.stack([units.float().mean() for units in dead.values()]),
        "off_fraction": torch.stack([units.float().mean() for units in off.values()]),
    }


def _silent(layer: Layer, z: Tensor, value: Tensor) -> Tensor:
    """(N, units, …): whether each unit passes nothing on. Of a maxout's sums one always does."""
    if isinstance(layer.function, Maxout):
        return torch.zeros_like(value, dtype=torch.bool)
    return layer.function.slope(z).abs() < UNMOVED


def _throughout(units: Tensor) -> Tensor:
    """(N, units, …) to (units,): whether it is so everywhere."""
    return units.transpose(0, 1).flatten(1).all(1)
