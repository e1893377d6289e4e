"""Dropout mask by mask: what a fresh net makes of a batch under many masks, and what it makes of it in a test; in float64.

A snapshot's step is the number of masks so far. Columns of every snapshot, for the mask that was drawn last, the batch's first
example and hidden layer 1 where nothing else is said:

net_units (rows of units, widest): the place of each unit across its row, from the inputs to the outputs, NaN where it is dropped.
net_weights (weights, 2): places of the lower and the upper end of each weight, NaN where it or one of its ends is dropped.
net_kept: the share of all weights that are left with both their ends.
unit_terms (3, width): a(h); D, with the factor that kept units get in training; and their product.
followed_mean: mean over the masks so far of the unit with the largest output in a test, followed_tested; followed_low and _high:
that output less and plus two standard errors.
output_gap, sum_gap (layers,): how far the mean over the masks so far is from what a test gives, of a layer's outputs and of its
sums z, root mean square over units and examples, over the root mean square in the test; NaN for what no mask changes.
output_error, sum_error: what sampling alone makes of that, from the spread over all masks.

With inverted dropout also, from `twins`: twin_ratio (layers,), twin_loss (2,), step_terms (7,).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Generator, Tensor, nn, optim

from cnnviz.engine import compatible, nets
from cnnviz.engine.examples import batches, examples
from cnnviz.engine.experiment import Experiment, ExperimentError, replace
from cnnviz.engine.nets.drops.masks import Drop
from cnnviz.engine.nets.layers import Layer
from cnnviz.engine.nets.mlp import Mlp
from cnnviz.engine.records import Snapshot
from cnnviz.engine.timetable import spread

TWINS = ("plain", "inverted")
TERMS = ("w", "v", "gradient", "plain step", "plain formula", "inverted step", "inverted formula")
PLACES = {"twin_loss": TWINS, "step_terms": TERMS}  # what a column's numbers are about
ROUNDING = 1e-9  # float64's, of numbers near 1
Columns = dict[str, NDArray[np.float64]]


def layers(experiment: Experiment) -> tuple[str, ...]:
    """fc1 …, the output layer last."""
    return tuple(f"fc{number}" for number in range(1, experiment.net.depth + 1))


@dataclass(frozen=True)
class Passed:
    """One pass through a net, an entry a layer: sums z, outputs before and after what is dropped of them, (N, units) each."""

    sums: list[Tensor]
    values: list[Tensor]
    outputs: list[Tensor]


def drawn(experiment: Experiment) -> Iterator[Snapshot]:
    """A snapshot for some of the masks 1 … `steps`, all of them early. Raises ExperimentError for a net that is no mlp."""
    compatible.check(experiment)
    if experiment.net.net != "mlp":
        raise ExperimentError(f"net (={experiment.net.net}) must be mlp for calculation (=dropout), which draws its units.")
    if experiment.net.activation == "maxout":
        raise ExperimentError(
            "activation (=maxout) must be another for calculation (=dropout), which draws one sum for each unit."
        )
    net = fresh(experiment)
    inputs, labels = first_batch(experiment)
    tested = passed(net.eval(), inputs)
    net.train()
    pictures, seen = {}, []
    wanted = {step + 1 for step in spread(max(experiment.steps, 1) - 1, experiment.measure.snapshots)}
    for number in range(1, max(experiment.steps, 1) + 1):
        now = passed(net, inputs)
        seen.append(now)
        if number in wanted:
            pictures[number] = picture(net, now)
    sampled = {"output": Sampled.of([p.outputs for p in seen], tested.outputs)}
    sampled["sum"] = Sampled.of([p.sums for p in seen], tested.sums)
    step = twins(experiment, inputs, labels) if experiment.dropout.dropout == "inverted" else {}
    for number, columns in pictures.items():
        columns |= sampled["output"].followed(number)
        for name, each in sampled.items():
            columns |= {f"{name}_gap": each.gap(number), f"{name}_error": each.error(number)}
        yield Snapshot(number, {name: np.asarray(value, np.float32) for name, value in (columns | step).items()})


def fresh(experiment: Experiment) -> Mlp:
    """The net as it is drawn, in float64."""
    found = examples(experiment, torch.device("cpu"))
    generator = Generator().manual_seed(experiment.seed)
    net = nets.build(experiment.net, found.input_shape, found.classes, generator, experiment.dropout)
    assert isinstance(net, Mlp)
    return net.double()


def first_batch(experiment: Experiment) -> tuple[Tensor, Tensor]:
    """The batch that training would begin with, in float64."""
    inputs, labels = next(batches(examples(experiment, torch.device("cpu")), experiment.batch_size, experiment.seed))
    return inputs.double(), labels


def hidden_and_output(net: Mlp) -> list[Layer]:
    """The net's layers, input side first."""
    return [layer for layer in net.layers.values() if isinstance(layer, Layer)]


def passed(net: Mlp, inputs: Tensor) -> Passed:
    """One pass; in train mode with a new mask."""
    found = Passed([], [], [])

    def notice(layer: nn.Module, x: Tensor, z: Tensor, value: Tensor, a: Tensor) -> None:
        for column, tensor in zip((found.sums, found.values, found.outputs), (z, value, a), strict=True):
            column.append(tensor.detach())

    for layer in hidden_and_output(net):
        layer.notice = notice
    net(inputs)
    for layer in hidden_and_output(net):
        layer.notice = None
    return found


def picture(net: Mlp, now: Passed) -> Columns:
    """The mask of this moment on the net's units and weights, and hidden layer 1 unit by unit."""
    *hidden, _last = every = hidden_and_output(net)
    widths = [every[0].weight.shape[1], *(layer.weight.shape[0] for layer in every)]
    places = [np.arange(width) - (width - 1) / 2 for width in widths]
    masks = [mask_of(layer, value)[0].numpy() for layer, value in zip(hidden, now.values, strict=False)]
    shown = [np.ones(widths[0]), *masks, np.ones(widths[-1])]
    alive = [np.where(mask != 0, place, np.nan) for mask, place in zip(shown, places, strict=True)]
    units = np.full((len(widths), max(widths)), np.nan)
    for row, across in enumerate(alive):
        units[row, : len(across)] = across
    weights = []
    for layer, below, above in zip(every, alive, alive[1:], strict=False):
        kept = layer.applied_weight.detach().numpy() != 0  # (units above, units below)
        joined = np.stack(np.broadcast_arrays(below[None, :], above[:, None]), axis=-1)
        gone = ~kept | np.isnan(joined).any(-1)
        weights.append(np.where(gone[..., None], np.nan, joined).reshape(-1, 2))
    terms = np.stack([now.values[0][0].numpy(), masks[0], now.outputs[0][0].numpy()])
    ends = np.concatenate(weights)
    return {"net_units": units, "net_weights": ends, "net_kept": np.mean(~np.isnan(ends[:, 0])), "unit_terms": terms}


def mask_of(layer: Layer, value: Tensor) -> Tensor:
    """What the layer's outputs (N, units) are multiplied by at this moment."""
    return layer.drop.mask(value) if isinstance(layer.drop, Drop) else torch.ones_like(value)


@dataclass(frozen=True)
class Sampled:
    """Sums or outputs of each layer under all masks, and in a test. means: after 1, 2, … masks, (masks, N, units) a layer."""

    means: list[Tensor]
    spreads: list[Tensor]
    tested: list[Tensor]

    @classmethod
    def of(cls, seen: list[list[Tensor]], tested: list[Tensor]) -> Sampled:
        """seen: for each mask, each layer's (N, units)."""
        stacked = [torch.stack(column) for column in zip(*seen, strict=True)]
        counts = torch.arange(1, len(seen) + 1).reshape(-1, 1, 1)
        means = [values.cumsum(0) / counts for values in stacked]
        return cls(means, [values.std(0, correction=0) for values in stacked], tested)

    def gap(self, masks: int) -> NDArray[np.float64]:
        """(layers,): the mean over the first `masks` masks against the test."""
        return self._relative([means[masks - 1] - tested for means, tested in zip(self.means, self.tested, strict=True)])

    def error(self, masks: int) -> NDArray[np.float64]:
        """(layers,): the standard error of that mean."""
        return self._relative([spread / masks**0.5 for spread in self.spreads])

    def _relative(self, found: list[Tensor]) -> NDArray[np.float64]:
        ratios = np.array([float(each.norm() / tested.norm()) for each, tested in zip(found, self.tested, strict=True)])
        return np.where([float(spread.max()) > ROUNDING for spread in self.spreads], ratios, np.nan)

    def followed(self, masks: int) -> Columns:
        """One unit of layer 1: its mean so far, its output in a test, and two standard errors to either side."""
        unit = int(self.tested[0][0].argmax())
        tested, spread = float(self.tested[0][0, unit]), 2 * float(self.spreads[0][0, unit]) / masks**0.5
        mean = float(self.means[0][masks - 1, 0, unit])
        found = {"mean": mean, "tested": tested, "low": tested - spread, "high": tested + spread}
        return {f"followed_{name}": np.array(value) for name, value in found.items()}


def twins(experiment: Experiment, inputs: Tensor, labels: Tensor) -> Columns:
    """One step of SGD of two nets that compute the same under the same mask: one with plain dropout, W, and one with inverted
    dropout, whose layers above the first have V = q W.

    twin_loss (2,): their losses. twin_ratio (layers,): the inverted net's gradient over the plain one's, norms. step_terms (7,):
    of the weight of layer 2 with the largest gradient, w, v, ∂F/∂w of the plain net, the plain net's step, the same by formula,
    −η (∂F/∂w + λ w), the inverted net's, and the same by formula, −η (∂F/∂w / q + λ v).
    """
    keep, rate, decay = experiment.dropout.keep, experiment.optimiser.lr, experiment.optimiser.weight_decay
    plain, inverted = (fresh(replace(experiment, dropout=kind)) for kind in TWINS)
    with torch.no_grad():
        for layer in hidden_and_output(inverted)[1:]:
            layer.weight.mul_(keep)
    before, after, gradients, losses = [], [], [], []
    for net in (plain, inverted):
        weights = [layer.weight for layer in hidden_and_output(net)]
        before.append([weight.detach().clone() for weight in weights])
        loss = F.cross_entropy(net(inputs), labels)
        optimiser = optim.SGD(weights, lr=rate, weight_decay=decay)
        loss.backward()
        gradients.append([weight.grad.clone() for weight in weights if weight.grad is not None])
        optimiser.step()
        after.append([weight.detach() for weight in weights])
        losses.append(loss.item())
    place = int(gradients[0][1].abs().argmax())
    w, v = (float(weights[1].flatten()[place]) for weights in before)
    steps = [float((now[1] - then[1]).flatten()[place]) for then, now in zip(before, after, strict=True)]
    slope = float(gradients[0][1].flatten()[place])
    by_formula = [-rate * (slope + decay * w), -rate * (slope / keep + decay * v)]
    return {
        "twin_loss": np.array(losses),
        "twin_ratio": np.array([float(i.norm() / p.norm()) for p, i in zip(*gradients, strict=True)]),
        "step_terms": np.array([w, v, slope, steps[0], by_formula[0], steps[1], by_formula[1]]),
    }
