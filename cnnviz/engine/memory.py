"""How much memory a run needs, estimated from its settings alone: before it starts, and without torch.

What is counted follows from the engine: `nets` build the layers, `watch` keeps what passed through them, and `train` holds one
variant's pass at a time. The factors stand for what can't be counted, the allocator's gaps and the convolutions' scratch space;
a test compares the whole with the peaks of real runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import prod

from cnnviz.engine import plan
from cnnviz.engine.experiment import Experiment, Net
from cnnviz.engine.words import COMMITTEES, WEIGHT_DROPS, WEIGHT_NORMS

FLOAT = 4  # bytes
SHAPES: Mapping[str, tuple[int, ...]] = {"fashion_mnist": (1, 28, 28), "digits": (1, 8, 8), "shapes": (3, 32, 32), "curve": (1,)}
POINT = (2,)  # of every other data set
CLASSES = 10  # at most
STATES = {"momentum": 1, "nesterov": 1, "rmsprop": 1, "adam": 2, "adamw": 2}  # numbers an optimiser keeps for each parameter
KEEP_THEIR_INPUT = ("leaky_relu", "elu", "gelu", "silu", "prelu", "relu6", "maxout")  # activations, for the backward pass
SNAPSHOT_COPIES = 2  # of the weights, before and after an update
SCRATCH_VALUES, SCRATCH_SUMS = 4, 2  # times the largest layer: gradients on their way, and a convolution's own space
LOADING = 1.4  # times what is loaded: a set is read, drawn or chosen from as a whole before it is let go
GAPS = 1.7  # an allocator's, among tensors of many sizes that come and go
TESTED_AT_ONCE = 128  # examples: `evaluation.AT_ONCE`


@dataclass(frozen=True)
class Need:
    """Bytes. weights: parameters, gradients, what the optimiser and the measuring keep of them; examples: the data sets;
    passes: what one pass forward and back holds, of a batch or of the test set."""

    weights: float
    examples: float
    passes: float

    @property
    def total(self) -> float:
        return self.weights + self.examples + self.passes

    @property
    def largest(self) -> str:
        """The part that needs most."""
        return max(("weights", "examples", "passes"), key=lambda part: float(getattr(self, part)))


@dataclass(frozen=True)
class Sizes:
    """Of one net. parameters; and for one example, over all hidden layers: sums before the activation, values after it, what
    pools keep; largest: the largest layer's sums."""

    parameters: float
    sums: float
    values: float
    pooled: float
    largest: float


def estimate(variants: Iterable[Experiment]) -> Need:
    """What variants need that train in lockstep: each its own weights, one pass at a time."""
    needs = [_largest(replace(it, sweep=replace(it.sweep, sweep_seeds=1)).cells()) for it in variants]
    return Need(sum(n.weights for n in needs), sum(n.examples for n in needs), max((n.passes for n in needs), default=0.0))


def _largest(cells: Iterable[Experiment]) -> Need:
    """The runs of a sweep follow each other."""
    return max((_of_one(cell) for cell in cells), key=lambda need: need.total)


def _of_one(experiment: Experiment) -> Need:
    if experiment.calculation.calculation != "none":
        return Need(0, 0, 0)
    shape = SHAPES.get(experiment.data.dataset, POINT)
    sizes = sizes_of(experiment.net, shape)
    weights = FLOAT * (sizes.parameters * _copies(experiment) + _teacher(experiment, shape))
    return Need(weights, _examples(experiment, prod(shape)), _passes(experiment, sizes, prod(shape)))


def _copies(experiment: Experiment) -> int:
    """How many numbers there are for each parameter."""
    reweighted = experiment.net.norm in WEIGHT_NORMS or experiment.dropout.dropout in WEIGHT_DROPS
    measured = experiment.measure
    return (
        2  # itself and its gradient
        + STATES.get(experiment.optimiser.optimiser, 0)
        + SNAPSHOT_COPIES
        + (3 if reweighted else 0)  # the weight that is applied, what it is made with, and its gradient
        + (6 if measured.landscape or experiment.surface.surface else 0)  # directions, gradients anew, and a way back
        + (2 if measured.modes else 0)
        + (1 if experiment.stopping.patience else 0)
        + (8 if experiment.pretraining.pretraining != "none" else 0)  # a decoder or another end, both with Adam
    )


def _teacher(experiment: Experiment, shape: tuple[int, ...]) -> float:
    """Numbers of a teacher and of its Adam."""
    given = experiment.distillation
    if not given.teacher:
        return 0
    return sizes_of(replace(experiment.net, width=given.teacher_width), shape).parameters * (2 + STATES["adam"])


def _examples(experiment: Experiment, numbers: int) -> float:
    """As bytes, then standardised; of an ensemble, a sample for each member beside them."""
    count = experiment.data.train_examples
    sampled = experiment.net.members * FLOAT if experiment.net.net == "ensemble" else 0
    return LOADING * numbers * ((count + experiment.data.test_examples) * (1 + FLOAT) + count * sampled)


def _passes(experiment: Experiment, sizes: Sizes, numbers: int) -> float:
    net, dropped = experiment.net, experiment.dropout.dropout not in ("none", *WEIGHT_DROPS)
    values = 2 + (2 if dropped else 0) + (1 if net.skip else 0)  # with its gradient; a mask and what is left; the sum
    sums = (net.norm not in ("none", *WEIGHT_NORMS)) + (net.activation in KEEP_THEIR_INPUT)
    kept = sizes.values * values + sizes.sums * sums + sizes.pooled + 2 * numbers
    scratch = SCRATCH_SUMS * sizes.largest + SCRATCH_VALUES * sizes.largest / pieces_of(net)
    learned = experiment.batch_size * (kept + scratch)
    tested = min(TESTED_AT_ONCE, experiment.data.test_examples) * 3 * sizes.largest
    return GAPS * FLOAT * max(learned, tested)


def pieces_of(net: Net) -> int:
    """Sums of which a unit's value is made."""
    return net.pieces if net.activation == "maxout" else 1


def sizes_of(net: Net, shape: tuple[int, ...]) -> Sizes:
    """The sizes of a net on examples of a shape."""
    pieces = pieces_of(net)
    if net.net == "cnn" and len(shape) == 3:
        return _cnn(net, shape)
    if net.net == "rnn" and len(shape) == 3:
        channels, rows, columns = shape
        read = channels * columns + net.width
        parameters = (read + 1) * net.width * pieces + (net.width + 1) * CLASSES
        return Sizes(parameters, rows * net.width * pieces, rows * (net.width + read), 0, net.width * pieces)
    hidden = net.depth - 1
    inputs = prod(shape) + (hidden - 1) * net.width + hidden
    one = Sizes(
        inputs * net.width * pieces + (net.width + 1) * CLASSES,
        hidden * net.width * pieces,
        hidden * net.width,
        0,
        net.width * pieces,
    )
    members = net.members if net.net in COMMITTEES else 1
    return Sizes(members * one.parameters, members * one.sums, members * one.values, 0, one.largest)


def _cnn(net: Net, shape: tuple[int, ...]) -> Sizes:
    stages = list(plan.stages(net, shape))
    sums = [stage.computes * prod(stage.size) for stage in stages]
    halved = [stage for stage in stages if stage.name in plan.pooled(net.depth - 1) and net.pooling not in ("none", "strided")]
    return Sizes(
        plan.parameters(net, shape, CLASSES),
        sum(sums),
        sum(net.width * prod(stage.size) for stage in stages),
        sum(
            net.width * (3 * prod(stage.passes_on) + (0 if net.pooling in ("max", "average") else 3 * prod(stage.size)))
            for stage in halved
        ),
        max(sums),
    )
